"""The Recipe screen."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from ftworkbench.tui.actions import bindings
from ftworkbench.tui.screens.screen import WorkbenchScreen


class RecipeScreen(WorkbenchScreen):
    SCOPE = "recipe"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("recipe")]

    def compose_content(self) -> ComposeResult:
        yield Static("recipe", classes="pane")
