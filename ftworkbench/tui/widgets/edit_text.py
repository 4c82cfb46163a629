"""A dialog with a text to edit."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from ftworkbench.errors import InputError
from ftworkbench.tui.actions import bindings
from ftworkbench.tui.text import shown
from ftworkbench.tui.widgets.keybar import KeyBar


class EditText(ModalScreen[str | None]):
    """A text to edit. Gives it at ctrl+s, None for escape, asked for twice where something was written.

    `check` raises InputError for what cannot be kept. `doubt` says what speaks against a text that can, if anything
    does: ctrl+s then wants to be pressed again. The cursor begins at the place `at`, of the text's characters.

    Only for text that is printable as it is: a text area shows what it holds, and would show an escape too.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("dialog")]

    def __init__(
        self,
        title: str,
        text: str,
        *,
        hint: str = "",
        check: Callable[[str], object] | None = None,
        doubt: Callable[[str], str] = lambda _: "",
        at: int = 0,
    ) -> None:
        super().__init__(classes="dialog")
        self._title, self._text, self._hint, self._check = title, text, hint, check
        self._doubt, self._at = doubt, at
        self._given_up: str | None = None
        self._doubted: str | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="box tall") as box:
            box.border_title = shown(self._title)
            yield TextArea(self._text, soft_wrap=True, show_line_numbers=False, tab_behavior="focus")
            yield Static(shown(self._hint), classes="hint", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        before = self._text[: self._at].split("\n")
        self.query_one(TextArea).move_cursor((len(before) - 1, len(before[-1])))

    def action_confirm(self) -> None:
        text = self.query_one(TextArea).text
        try:
            if self._check is not None:
                self._check(text)
        except InputError as error:
            self.query_one(".hint", Static).update(shown(str(error), "$error"))
            return
        doubt = self._doubt(text) if text != self._doubted else ""
        if doubt:
            self._doubted = text
            self.query_one(".hint", Static).update(shown(f"{doubt}: ctrl+s again keeps it all the same", "$warning"))
        else:
            self.dismiss(text)

    def action_cancel(self) -> None:
        text = self.query_one(TextArea).text
        if text in (self._text, self._given_up):
            self.dismiss(None)
            return
        self._given_up = text
        words = "what you wrote is not kept yet: ctrl+s keeps it, escape once more drops it"
        self.query_one(".hint", Static).update(shown(words, "$warning"))
