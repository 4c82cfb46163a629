"""What one of the two answers, as it comes, and who it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.content import Content

from ftworkbench.printable import one_line
from ftworkbench.tui.drawing import Drawing
from ftworkbench.tui.text import entitle, shown
from ftworkbench.tui.widgets.diff import marked
from ftworkbench.tui.widgets.lines_view import LinesView, wrapped
from ftworkbench.tui.widgets.row_view import content_of

if TYPE_CHECKING:
    from ftworkbench.jobs.story import Answer

_LONGEST = 50_000


def who_answered(answer: Answer | None) -> str:
    """Who answered, as the worker says it: the adapter's hash, that there was none, or another model."""
    if answer is None or not answer.done or answer.error:
        return ""
    if model := answer.totals.get("model"):
        return f"{model} at {answer.totals.get('endpoint')}"
    sha256 = answer.adapter_sha256
    return f"adapter {sha256[:8]}" if sha256 else "no adapter"


def proof_of(answer: Answer | None) -> str:
    """Who answered, by which chat template, and how the answer was drawn: by which seed, where it was."""
    who = who_answered(answer)
    if answer is None or not who:
        return ""
    found = answer.totals
    template = f"template {str(found['template_sha256'])[:8]}" if found.get("template_sha256") else ""
    drawn = Drawing(int(found.get("seed") or 0), float(found.get("temperature") or 0), float(found.get("top_p") or 1))
    return " · ".join(part for part in (who, template, drawn.words if "temperature" in found else "") if part)


def totals_of(answer: Answer | None) -> str:
    """Length, time, speed and cost of an answer, and whether it ended by itself."""
    if answer is None or not answer.done or answer.error:
        return ""
    tokens, seconds = int(answer.totals.get("tokens") or 0), float(answer.totals.get("seconds") or 0)
    parts = [f"{tokens} tokens", f"{seconds:.2f} s"]
    if (first := answer.totals.get("first_token_seconds")) is not None:
        parts.append(f"first after {float(first):.2f}")
    if seconds:
        parts.append(f"{tokens / seconds:,.0f} tokens/s")
    parts.append({"stop": "stopped by itself", "length": "cut off"}.get(str(answer.totals.get("finish")), ""))
    if (cost := answer.totals.get("cost")) is not None:
        parts.append(f"{1000 * float(cost):.3g} for 1,000 such")
    return " · ".join(part for part in parts if part)


@dataclass(frozen=True)
class Shown:
    """How an answer is shown: `against` is what it is compared with, once it is whole: the reference, or what `whose`
    answer says.

    With `earlier` it is said to belong to an earlier prompt, and is not compared with anything; `hidden` stands where
    else it is said who answered; `talk` are the turns before it.
    """

    against: str | None = None
    whose: str = ""
    waiting: str = ""
    earlier: bool = False
    hidden: str | None = None
    talk: Sequence[Mapping[str, Any]] = ()


class AnswerPane(LinesView):
    """One of the panes."""

    def show_answer(self, name: str, style: str, answer: Answer | None, how: Shown) -> None:
        """Shows what has come of the answer, and who it is."""
        said, style_of_said = who_answered(answer), "$text-muted"
        if how.earlier:
            said, style_of_said = "to the prompt before", "$warning"
        if how.hidden is not None and not how.earlier:
            said = how.hidden if answer is not None and answer.done else ""
        name_part = (one_line(name, 40), f"bold {style}")
        title = Content.assemble(name_part, (f"  {one_line(said)}" if said else "", style_of_said))
        entitle(self, title)
        at_end = round(self.scroll_y) >= self.max_scroll_y
        self.show(lambda width: [*_talk(how.talk, width), *_lines(answer, how, width)], top=False)
        if how.talk or (at_end and answer is not None and not answer.done):
            self.action_scroll_end()


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
    if answer.error:
        return wrapped(shown(answer.error, "$error"), width)
    text = answer.text[:_LONGEST]
    if how.earlier:
        return wrapped(shown(text, "$text-muted"), width)
    if not answer.done:
        return wrapped(Content.assemble(shown(text), ("▌", "$accent")), width)
    said = Content.styled("(an empty answer)", "$text-muted") if not text else _marked(text, how.against)
    if how.hidden is not None:
        same = wrapped(Content.styled("both say the same", "$text-muted"), width) if text == how.against else []
        return [*wrapped(shown(text) if text else said, width), Content(""), *same]
    foot = [
        wrapped(Content.styled(one_line(words), "$text-muted"), width)
        for words in (totals_of(answer), proof_of(answer))
    ]
    return [*wrapped(said, width), Content(""), *_judged(text, how, width), *foot[0], *foot[1]]


def _marked(text: str, against: str | None) -> Content:
    return shown(text) if against is None else marked(text, against)


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
