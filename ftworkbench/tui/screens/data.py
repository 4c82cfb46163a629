"""The Data screen."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from ftworkbench.tui.actions import bindings
from ftworkbench.tui.screens.screen import WorkbenchScreen


class DataScreen(WorkbenchScreen):
    SCOPE = "data"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("data")]

    def compose_content(self) -> ComposeResult:
        yield Static("data", classes="pane")
