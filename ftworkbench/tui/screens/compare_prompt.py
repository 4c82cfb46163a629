"""The upper part of the Compare screen: the prompt, a validation row's or one of the user's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import ContentSwitcher

from ftworkbench.data.example import Example
from ftworkbench.tui.text import entitle, shown, shown_line
from ftworkbench.tui.widgets.lines_view import Lines, LinesView, wrapped
from ftworkbench.tui.widgets.prompt_area import PromptArea
from ftworkbench.tui.widgets.row_view import content_of

_GUTTER = 11


class PromptView(Vertical):
    """One pane, in which a row stands, or a text is written."""

    def __init__(self) -> None:
        super().__init__(id="prompt", classes="pane")

    def compose(self) -> ComposeResult:
        with ContentSwitcher(initial="row"):
            yield LinesView(id="row", classes="")
            yield PromptArea(id="own")

    @property
    def writes(self) -> bool:
        """Whether it holds a prompt of the user's own."""
        return self.query_one(ContentSwitcher).current == "own"

    @property
    def being_written(self) -> bool:
        """Whether keys go into the user's own prompt now."""
        return self.writes and self.query_one(PromptArea).has_focus

    @property
    def own(self) -> tuple[Mapping[str, Any], ...]:
        """What the user wrote, as messages; none where that is nothing."""
        text = self.query_one(PromptArea).text
        return ({"role": "user", "content": text},) if text.strip() else ()

    def write(self, *, anew: bool = False) -> None:
        """Lets the user write a prompt: at the one that stands there, or anew."""
        self.query_one(ContentSwitcher).current = "own"
        if anew:
            self.query_one(PromptArea).text = ""
        self.query_one(PromptArea).focus()

    def leave_own(self) -> None:
        """Goes back to the row."""
        self.query_one(ContentSwitcher).current = "row"

    def show_own(self, by: str, turn: int = 1) -> None:
        """Says that the prompt is the user's own, or which turn of a talk; `by` says who answers, and how."""
        entitle(self, f"Prompt of your own{by}" if turn == 1 else f"Turn {turn} of your own{by}")

    def show_row(self, example: Example, place: str, by: str) -> None:
        """Shows a row's prompt and its reference; `place` says which row it is."""
        entitle(self, f"Prompt: {place}{by}")
        self._show(lambda width: prompt_lines(example.prompt, example.answer, width))

    def show_words(self, words: str, style: str, by: str) -> None:
        """Says why there is no row."""
        entitle(self, f"Prompt{by}")
        self._show(lambda width: wrapped(shown(words, style), width))

    def _show(self, lines: Lines) -> None:
        self.query_one("#row", LinesView).show(lines)


def prompt_lines(prompt: Sequence[Mapping[str, Any]], reference: str, width: int) -> list[Content]:
    """The messages of a prompt, each under its role, and the reference."""
    styles = {"user": "bold $primary", "system": "$text-muted"}
    lines: list[Content] = []
    for message in prompt:
        role = str(message.get("role", "?"))
        label = Content.styled(shown_line(role, _GUTTER - 2).plain, styles.get(role, "bold $secondary"))
        lines += wrapped(shown(content_of(message)), width, label, _GUTTER)
    label = Content.styled("reference", "bold")
    return [*lines, *wrapped(shown(reference, "$text-muted"), width, label, _GUTTER)]
