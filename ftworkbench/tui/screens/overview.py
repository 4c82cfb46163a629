"""The overview of a file, over the Data screen."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from ftworkbench.tui.overview import Overview
from ftworkbench.tui.text import shown
from ftworkbench.tui.widgets.lines_view import LinesView
from ftworkbench.tui.widgets.overview_page import overview_lines


class OverviewScreen(ModalScreen[None]):
    """Shows what the rows of a file are as a whole; any of its own keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,i", "close", "close", id="overview.close")]
    DEFAULT_CSS = "OverviewScreen LinesView { height: 1fr; border: none; }"

    def __init__(self, title: str, found: Overview) -> None:
        super().__init__(classes="dialog")
        self._title, self._found = title, found

    def compose(self) -> ComposeResult:
        with Vertical(classes="box tall wide") as box:
            box.border_title = shown(self._title)
            box.border_subtitle = Content("j k scroll · q close")
            yield LinesView(classes="")

    def on_mount(self) -> None:
        view = self.query_one(LinesView)
        view.show(partial(overview_lines, self._found))
        view.focus()

    def action_close(self) -> None:
        self.dismiss(None)
