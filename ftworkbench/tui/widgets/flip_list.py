"""The test rows by what became of them: flips first."""

from __future__ import annotations

from collections import Counter

from textual.content import Content

from ftworkbench.printable import one_line
from ftworkbench.steps.evaluation import ALONE, FATES, GAINED, LOST, RIGHT, WRONG, Pair
from ftworkbench.tui.rows import short_answer
from ftworkbench.tui.widgets.item_list import ItemList
from ftworkbench.tui.widgets.job_words import fit

SIGNS = {
    LOST: ("✔→✘", "$error"),
    GAINED: ("✘→✔", "$success"),
    WRONG: ("✘ ✘", "$text-muted"),
    RIGHT: ("✔ ✔", "$text-muted"),
    ALONE: (" · ", "$text-muted"),
}


def fate_counts(counts: Counter[str], chosen: str | None) -> Content:
    """`✔→✘ 2  ✘→✔ 71 …`; the one that is chosen stands out."""
    parts = []
    for fate in FATES:
        if counts[fate] or fate in (LOST, GAINED):
            sign, style = SIGNS[fate]
            parts.append(
                Content.styled(f" {sign.strip()} {counts[fate]} ", f"bold reverse {style}" if fate == chosen else style)
            )
    return Content(" ").join(parts)


def _sign(pair: Pair) -> tuple[str, str]:
    if pair.fate != ALONE:
        return SIGNS[pair.fate]
    score = pair.after if pair.before is None else pair.before
    return ("  ✔", "$success") if score == 1.0 else ("  ✘", "$error")


def _line(pair: Pair, width: int) -> Content:
    sign, style = _sign(pair)
    answer_room = min(24, width // 3) if width >= 50 else 0
    prompt_room = width - 10 - answer_room
    reference = fit(one_line(short_answer(pair.reference, None)), answer_room - 1) if answer_room else ""
    return Content.assemble(
        (sign, style),
        (f"{pair.number:>5} ", "$text-muted"),
        fit(pair.prompt, prompt_room),
        (f" {reference}", "$text-muted"),
    )


class FlipList(ItemList[Pair]):
    """Test rows with the answers of both; one a line."""

    def __init__(self, *, empty: str, id: str | None = None) -> None:  # noqa: A002
        super().__init__(_line, lambda pair: pair.number, empty=empty, id=id)
