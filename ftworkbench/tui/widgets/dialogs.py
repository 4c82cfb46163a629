"""Dialogs: a question with keys for its answers, a line to write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input, Static

from ftworkbench.errors import InputError
from ftworkbench.printable import one_line
from ftworkbench.tui.actions import bindings, key_label
from ftworkbench.tui.text import shown


@dataclass(frozen=True)
class Answer:
    """One way out of a question: the key, what is written beside it, and what the dialog then gives."""

    key: str
    title: str
    value: str


class Ask(ModalScreen[str | None]):
    """A question. Gives the value of the answer whose key was pressed; None for escape or `q`."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("dialog")[:1]]

    def __init__(self, title: str, text: str, answers: Sequence[Answer]) -> None:
        super().__init__(classes="dialog")
        self._title, self._text, self._answers = title, text, tuple(answers)

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = shown(self._title)
            if self._text:
                yield Static(shown(self._text), classes="question", markup=False)
            keys = [(key_label(answer.key), answer.title) for answer in self._answers] + [("esc", "close")]
            width = max(len(key) for key, _ in keys)
            lines = [
                Content.assemble((f"{key:>{width}}", "bold $primary"), f"  {one_line(title)}") for key, title in keys
            ]
            yield Static(Content("\n").join(lines), classes="choices", markup=False)

    def on_key(self, event: events.Key) -> None:
        for answer in self._answers:
            if event.key == answer.key:
                event.stop()
                self.dismiss(answer.value)
                return
        if event.key == "q":
            event.stop()
            self.dismiss(None)

    def action_cancel(self) -> None:
        self.dismiss(None)


class AskLine(ModalScreen[str | None]):
    """One line to write. Gives it at enter, None for escape. `check` raises InputError for what cannot be.

    A `value` that is not printable on one line is left out: an input shows what it holds.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("dialog")[:1]]

    def __init__(
        self,
        title: str,
        value: str = "",
        *,
        hint: str = "",
        check: Callable[[str], object] | None = None,
        suggester: Suggester | None = None,
    ) -> None:
        super().__init__(classes="dialog")
        self._title, self._hint, self._check = title, hint, check
        self._value = value if value == one_line(value) else ""
        self._suggester = suggester

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = shown(self._title)
            yield Input(self._value, suggester=self._suggester, select_on_focus=False)
            yield Static(shown(self._hint), classes="hint", markup=False)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        try:
            if self._check is not None:
                self._check(event.value)
        except InputError as error:
            self.query_one(".hint", Static).update(shown(str(error), "$error"))
        else:
            self.dismiss(event.value)

    def action_cancel(self) -> None:
        self.dismiss(None)
