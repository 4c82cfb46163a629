"""The test rows by what became of them: flips first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from textual.content import Content

from ftworkbench.printable import one_line
from ftworkbench.steps.evaluation import ALONE, FATES, GAINED, LOST, RIGHT, WRONG, Pair
from ftworkbench.tui.rows import short_answer
from ftworkbench.tui.widgets.item_list import ItemList
from ftworkbench.tui.widgets.job_words import fit

_SIGNS = {
    LOST: ("✔→✘", "$error"),
    GAINED: ("✘→✔", "$success"),
    WRONG: ("✘ ✘", "$text-muted"),
    RIGHT: ("✔ ✔", "$text-muted"),
    ALONE: (" · ", "$text-muted"),
}
# By a graded metric no row is right or wrong: its score fell, rose, or stayed.
_GRADED = {**_SIGNS, LOST: (" ↓ ", "$error"), GAINED: (" ↑ ", "$success"), WRONG: (" = ", "$text-muted")}


def _signs(*, graded: bool) -> Mapping[str, tuple[str, str]]:
    return _GRADED if graded else _SIGNS


def fate_counts(counts: Counter[str], chosen: str | None, *, graded: bool) -> Content:
    """`✔→✘ 2  ✘→✔ 71 …`, or `↓ 2  ↑ 71 …`; the one that is chosen stands out."""
    parts = []
    for fate in FATES:
        if counts[fate] or fate in (LOST, GAINED):
            sign, style = _signs(graded=graded)[fate]
            parts.append(
                Content.styled(f" {sign.strip()} {counts[fate]} ", f"bold reverse {style}" if fate == chosen else style)
            )
    return Content(" ").join(parts)


def _sign(pair: Pair, *, graded: bool) -> tuple[str, str]:
    if graded or pair.fate != ALONE:
        return _signs(graded=graded)[pair.fate]
    score = pair.after if pair.before is None else pair.before
    return ("  ✔", "$success") if score == 1.0 else ("  ✘", "$error")


class FlipList(ItemList[Pair]):
    """Test rows with the answers of both, one a line; `graded` says that they have scores, not right and wrong."""

    def __init__(self, *, empty: str, id: str | None = None) -> None:  # noqa: A002
        super().__init__(self._line, lambda pair: pair.number, empty=empty, id=id)
        self.graded = False

    def _line(self, pair: Pair, width: int) -> Content:
        sign, style = _sign(pair, graded=self.graded)
        answer_room = min(24, width // 3) if width >= 50 else 0
        prompt_room = width - 10 - answer_room
        reference = fit(one_line(short_answer(pair.reference, None)), answer_room - 1) if answer_room else ""
        return Content.assemble(
            (sign, style),
            (f"{pair.number:>5} ", "$text-muted"),
            fit(pair.prompt, prompt_room),
            (f" {reference}", "$text-muted"),
        )
