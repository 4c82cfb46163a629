"""A dialog to choose who answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from ftworkbench.printable import one_line
from ftworkbench.tui.actions import bindings
from ftworkbench.tui.widgets.item_list import ItemList

Choice = tuple[str, str]
"""A name, and who that is in words."""
_FEWEST = 2


class ChooseContenders(ModalScreen[tuple[str, ...] | None]):
    """Gives the names that were marked, in the order in which they were; None for escape or `q`."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("several"), *bindings("choice")]
    CSS_PATH = "../styles/choose_job.tcss"

    def __init__(self, choices: Sequence[Choice], marked: Sequence[str], most: int) -> None:
        super().__init__(classes="dialog")
        self._choices, self._marked, self._most = choices, list(marked), most

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content("Who answers?")
            box.border_subtitle = "space mark · enter done · esc close"
            yield ItemList[Choice](self._line, lambda choice: choice[0], classes="")

    def on_mount(self) -> None:
        self.query_one(ItemList).show(self._choices)

    def _line(self, choice: Choice, width: int) -> Content:
        name, words = choice
        place = f"{self._marked.index(name) + 1}" if name in self._marked else " "
        title = one_line(name, 24)
        return Content.assemble(
            (f" {place} ", "bold $accent"),
            (f"{title:<25}", "bold"),
            (one_line(words, max(width - 29, 1)), "$text-muted"),
        )

    def action_mark(self) -> None:
        choices = self.query_one(ItemList)
        if choices.item is None:
            return
        name = choices.item[0]
        if name in self._marked:
            self._marked.remove(name)
        elif len(self._marked) < self._most:
            self._marked.append(name)
        else:
            self.app.bell()
        choices.show(self._choices)

    def action_choose(self) -> None:
        if len(self._marked) < _FEWEST:
            self.app.bell()
            self.query_one(".box").border_subtitle = f"at least {_FEWEST} answer: space marks · esc close"
            return
        self.dismiss(tuple(self._marked))

    def action_cancel(self) -> None:
        self.dismiss(None)
