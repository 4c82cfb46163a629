"""Where a prompt of one's own is written."""

from __future__ import annotations

from textual import events
from textual.widgets import TextArea

from ftworkbench.printable import printable


class PromptArea(TextArea):
    """A text area into which nothing is pasted that could reach the terminal as more than text."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__("", soft_wrap=True, show_line_numbers=False, tab_behavior="focus", id=id)

    async def _on_paste(self, event: events.Paste) -> None:
        if printable(event.text) == event.text:
            await super()._on_paste(event)
            return
        event.prevent_default()
        event.stop()
        self.insert(printable(event.text))
