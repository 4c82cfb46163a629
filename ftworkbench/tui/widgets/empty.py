"""What stands in the place of a screen that has nothing to show: why, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static

from ftworkbench.tui.text import shown


class Empty(Static):
    """Hidden until `say`; the screen then has the class `-empty`, and hides what is empty."""

    def __init__(self) -> None:
        super().__init__(markup=False)

    def say(self, head: str, lines: Sequence[str]) -> None:
        """Says why there is nothing, and below it in some lines what to do."""
        self.screen.add_class("-empty")
        body = [shown(head, "bold"), Content(""), *(shown(line, "$text-muted") for line in lines)]
        self.update(Content("\n").join(body))
