"""What one of the two answers, as it comes, and who it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from ftworkbench.printable import one_line
from ftworkbench.tui.text import entitle, shown
from ftworkbench.tui.widgets.diff import marked
from ftworkbench.tui.widgets.lines_view import LinesView, wrapped

if TYPE_CHECKING:
    from ftworkbench.jobs.story import Answer

_LONGEST = 50_000


def proof_of(answer: Answer | None) -> str:
    """Who answered, as the worker says it: the adapter's hash, or that there was none."""
    if answer is None or not answer.done or answer.error:
        return ""
    sha256 = answer.totals.get("adapter_sha256")
    return f"adapter {str(sha256)[:8]}" if sha256 else "no adapter"


def totals_of(answer: Answer | None) -> str:
    """Length, time and speed of an answer, and whether it ended by itself."""
    if answer is None or not answer.done or answer.error:
        return ""
    tokens, seconds = int(answer.totals.get("tokens") or 0), float(answer.totals.get("seconds") or 0)
    parts = [f"{tokens} tokens", f"{seconds:.2f} s"]
    if seconds:
        parts.append(f"{tokens / seconds:,.0f} tokens/s")
    parts.append({"stop": "stopped by itself", "length": "cut off"}.get(str(answer.totals.get("finish")), ""))
    return " · ".join(part for part in parts if part)


class AnswerPane(LinesView):
    """One of the two panes."""

    def show_answer(
        self,
        name: str,
        style: str,
        answer: Answer | None,
        *,
        against: str | None,
        waiting: str,
        earlier: bool = False,
    ) -> None:
        """Shows what has come of the answer; `against` is what it is compared with, once it is whole.

        With `earlier` it is said to belong to an earlier prompt, and is not compared with anything.
        """
        said, style_of_said = ("to the prompt before", "$warning") if earlier else (proof_of(answer), "$text-muted")
        name_part = (one_line(name, 40), f"bold {style}")
        title = Content.assemble(name_part, (f"  {one_line(said)}" if said else "", style_of_said))
        entitle(self, title)
        at_end = round(self.scroll_y) >= self.max_scroll_y
        self.show(lambda width: _lines(answer, None if earlier else against, waiting, width, earlier), top=False)
        if at_end and answer is not None and not answer.done:
            self.action_scroll_end()


def _lines(answer: Answer | None, against: str | None, waiting: str, width: int, earlier: bool) -> list[Content]:
    if answer is None:
        return wrapped(shown(waiting, "$text-muted"), width)
    if answer.error:
        return wrapped(shown(answer.error, "$error"), width)
    text = answer.text[:_LONGEST]
    if earlier:
        return wrapped(shown(text, "$text-muted"), width)
    if not answer.done:
        return wrapped(Content.assemble(shown(text), ("▌", "$accent")), width)
    said = Content.styled("(an empty answer)", "$text-muted") if not text else _marked(text, against)
    totals = Content.styled(totals_of(answer), "$text-muted")
    return [*wrapped(said, width), Content(""), *_judged(text, against), *wrapped(totals, width)]


def _marked(text: str, against: str | None) -> Content:
    return shown(text) if against is None else marked(text, against)


def _judged(text: str, reference: str | None) -> list[Content]:
    if reference is None:
        return []
    if text.strip() == reference.strip():
        return [Content.styled("✔ word for word", "$success")]
    return [Content.styled("✘ differs where underlined", "$warning")]
