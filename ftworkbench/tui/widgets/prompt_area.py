"""Where a prompt of one's own is written."""

from __future__ import annotations

from textual.widgets import TextArea


class PromptArea(TextArea):
    """A text area with wrapped lines, which gives the focus on at tab."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__("", soft_wrap=True, show_line_numbers=False, tab_behavior="focus", id=id)
