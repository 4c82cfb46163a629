"""What one system has drawn by several seeds: its answers below each other, and how far they agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content

from ftworkbench.printable import one_line
from ftworkbench.tui.text import shown
from ftworkbench.tui.widgets.answer_words import answer_text, length_of, proof_of
from ftworkbench.tui.widgets.lines_view import wrapped

if TYPE_CHECKING:
    from ftworkbench.jobs.story import Answer


@dataclass(frozen=True)
class Draw:
    """An answer by a seed, None where none has begun; `against` is what it is compared with once it is whole."""

    seed: int
    answer: Answer | None
    against: str | None


def drawn_words(draws: Sequence[Draw], whose: str) -> str:
    """How many are the reference, or as `whose`, and how many different ones there are, once all are whole."""
    answers = [each.answer for each in draws if each.answer is not None and each.answer.done and not each.answer.error]
    if len(answers) < len(draws):
        return ""
    texts = [answer.text.strip() for answer in answers]
    different = len(set(texts))
    words = "all alike" if different == 1 else f"{different} different"
    against = [each.against for each in draws if each.against is not None]
    if len(against) < len(draws):
        return words
    same = sum(text == other.strip() for text, other in zip(texts, against, strict=True))
    alike = f"{same} of {len(draws)} as {one_line(whose, 20)}" if whose else f"✔ {same} of {len(draws)}"
    return f"{alike} · {words}"


def draw_lines(draws: Sequence[Draw], waiting: str, width: int, *, plain: bool) -> list[Content]:
    """The answers below each other, each under its seed; `plain` without marks, as those to an earlier prompt are."""
    if all(each.answer is None for each in draws):
        return wrapped(shown(waiting, "$text-muted"), width)
    lines: list[Content] = []
    for each in draws:
        head = f"seed {each.seed}"
        if each.answer is not None and each.answer.done and not each.answer.error:
            head += f" · {length_of(each.answer)}"
        said = Content("…") if each.answer is None else answer_text(each.answer, each.against, plain=plain)
        lines += wrapped(Content.styled(one_line(head), "bold $text-muted"), width)
        lines += [*wrapped(said, width), Content("")]
    proof = one_line(proof_of(draws[0].answer, len(draws)))
    return [*lines, *wrapped(Content.styled(proof, "$text-muted"), width)]
