"""What one of the two answers, as it comes, and who it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.content import Content

from ftworkbench.printable import one_line
from ftworkbench.tui.text import entitle, shown
from ftworkbench.tui.widgets.answer_words import answer_text, proof_of, totals_of, who_answered
from ftworkbench.tui.widgets.draws import Draw, draw_lines, drawn_words
from ftworkbench.tui.widgets.lines_view import LinesView, wrapped
from ftworkbench.tui.widgets.row_view import content_of

if TYPE_CHECKING:
    from ftworkbench.jobs.story import Answer


@dataclass(frozen=True)
class Shown:
    """How an answer is shown: `against` is what it is compared with, once it is whole: the reference, or what `whose`
    answer says.

    With `earlier` it is said to belong to an earlier prompt, and is not compared with anything; `hidden` stands where
    else it is said who answered; `talk` are the turns before it. `scored` says how good its answers were so far, beside
    which the foot says who it is.
    """

    against: str | None = None
    whose: str = ""
    waiting: str = ""
    earlier: bool = False
    hidden: str | None = None
    talk: Sequence[Mapping[str, Any]] = ()
    scored: str = ""


class AnswerPane(LinesView):
    """One of the panes."""

    def show_answer(self, name: str, style: str, answer: Answer | None, how: Shown) -> None:
        """Shows what has come of the answer, and who it is."""
        said = how.scored or who_answered(answer)
        if how.hidden is not None:
            said = how.hidden if answer is not None and answer.done else ""
        self._entitle(name, style, said, earlier=how.earlier)
        at_end = round(self.scroll_y) >= self.max_scroll_y
        self.show(lambda width: [*_talk(how.talk, width), *_lines(answer, how, width)], top=False)
        if how.talk or (at_end and answer is not None and not answer.done):
            self.action_scroll_end()

    def show_draws(self, name: str, style: str, draws: Sequence[Draw], how: Shown) -> None:
        """Shows what one of them has drawn by several seeds."""
        said = " · ".join(part for part in (how.scored, drawn_words(draws, how.whose)) if part)
        self._entitle(name, style, said, earlier=how.earlier)
        self.show(lambda width: draw_lines(draws, how.waiting, width, plain=how.earlier), top=False)

    def _entitle(self, name: str, style: str, said: str, *, earlier: bool) -> None:
        words, style_of_words = ("to the prompt before", "$warning") if earlier else (one_line(said), "$text-muted")
        name_part = (one_line(name, 40), f"bold {style}")
        entitle(self, Content.assemble(name_part, (f"  {words}" if words else "", style_of_words)))


def _talk(messages: Sequence[Mapping[str, Any]], width: int) -> list[Content]:
    """The turns before, each under its role."""
    lines: list[Content] = []
    for message in messages:
        role = str(message.get("role", "?"))
        if role != "system":
            label = Content.styled("» " if role == "user" else "  ", "$text-muted")
            lines += wrapped(shown(content_of(message), "$text-muted"), width, label, 2)
    return [*lines, Content("")] if lines else []


def _lines(answer: Answer | None, how: Shown, width: int) -> list[Content]:
    if answer is None:
        return wrapped(shown(how.waiting, "$text-muted"), width)
    text = answer_text(answer, None if how.hidden is not None else how.against, plain=how.earlier)
    if answer.error or how.earlier or not answer.done:
        return wrapped(text, width)
    if how.hidden is not None:
        alike = answer.text == how.against
        same = wrapped(Content.styled("both say the same", "$text-muted"), width) if alike else []
        return [*wrapped(text, width), Content(""), *same]
    foot = [
        wrapped(Content.styled(one_line(words), "$text-muted"), width)
        for words in (totals_of(answer), proof_of(answer))
    ]
    return [*wrapped(text, width), Content(""), *_judged(answer.text, how, width), *foot[0], *foot[1]]


def _judged(text: str, how: Shown, width: int) -> list[Content]:
    if how.against is None:
        return []
    whose = one_line(how.whose, 40)
    if text.strip() == how.against.strip():
        said = Content.styled(f"✔ word for word as {whose}" if whose else "✔ word for word", "$success")
    else:
        said = Content.styled(
            f"✘ unlike {whose} where underlined" if whose else "✘ differs where underlined", "$warning"
        )
    return wrapped(said, width)
