"""A list with a cursor, of any length: only the lines that are seen are worked out."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar

from ftworkbench.tui.actions import bindings
from ftworkbench.tui.widgets.framed import FramedLines


class CursorList(ScrollView, can_focus=True, inherit_bindings=False):
    """Moves a cursor through `count` lines, and keeps `MARGIN` lines around it in sight.

    Whoever extends it draws the lines (`render_line`).
    """

    MARGIN: ClassVar[int] = 2
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("list")]
    DEFAULT_CSS = "CursorList { overflow-x: hidden; }"

    cursor: reactive[int] = reactive(0, repaint=False)

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._styles_cache = FramedLines()

    class Moved(Message):
        """The cursor is on another line now, or on none."""

        def __init__(self, cursor_list: CursorList) -> None:
            super().__init__()
            self.cursor_list = cursor_list

        @property
        def control(self) -> CursorList:
            return self.cursor_list

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, CursorList.Moved) and message.cursor_list is self.cursor_list

    @property
    def count(self) -> int:
        """How many lines there are."""
        return 0

    def can_stand_on(self, place: int) -> bool:
        """Whether the cursor may be on that line; headings say no."""
        return True

    def resize(self) -> None:
        """Call it when `count` is another."""
        self.virtual_size = Size(self.scrollable_content_region.width, self.count)

    def move_to(self, place: int) -> None:
        """Puts the cursor on the line at `place`, or as near as there is one."""
        if not self.count:
            return
        place = max(0, min(place, self.count - 1))
        step = 1 if place >= self.cursor else -1
        for direction in (step, -step):
            here = place
            while 0 <= here < self.count:
                if self.can_stand_on(here):
                    self.cursor = here
                    return
                here += direction

    def watch_cursor(self, before: int, now: int) -> None:
        self.refresh_lines(before)
        self.refresh_lines(now)
        self.scroll_to_cursor()
        self.tell_moved()

    def tell_moved(self) -> None:
        """Says that the cursor is elsewhere."""
        self.post_message(self.Moved(self))

    def scroll_to_cursor(self) -> None:
        """Scrolls so that the cursor and the lines around it are seen, by a third of the page at least.

        So most steps paint two lines, and not all of them: that is seconds over a slow line.
        """
        height = self.scrollable_content_region.height
        if height <= 0:
            return
        top = round(self.scroll_y)
        margin = min(self.MARGIN, (height - 1) // 2)
        if self.cursor < top + margin:
            top = self.cursor - max(height // 3, margin)
        elif self.cursor > top + height - 1 - margin:
            top = self.cursor - height + 1 + max(height // 3, margin)
        top = max(0, min(top, self.count - height))
        if top != round(self.scroll_y):
            # By force: where the lines only just became so many, the scroll bar that would allow it is not there yet.
            self.scroll_to(y=top, animate=False, immediate=True, force=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Paints the lines, and the scroll bar only where it looks different: in a long list a page is nothing."""
        if self.show_vertical_scrollbar:
            bar = self.vertical_scrollbar
            before = bar.position
            bar.set_reactive(ScrollBar.position, bar.validate_position(new_value))
            if _thumb(bar, before) != _thumb(bar, bar.position):
                bar.refresh()
        if round(old_value) != round(new_value):
            self.refresh(self.scrollable_content_region.size.region)

    @property
    def _page(self) -> int:
        return max(self.scrollable_content_region.height, 1)

    def action_down(self) -> None:
        self.move_to(self.cursor + 1)

    def action_up(self) -> None:
        self.move_to(self.cursor - 1)

    def action_half_down(self) -> None:
        self.move_to(self.cursor + self._page // 2)

    def action_half_up(self) -> None:
        self.move_to(self.cursor - self._page // 2)

    def action_page_down(self) -> None:
        self.move_to(self.cursor + self._page)

    def action_page_up(self) -> None:
        self.move_to(self.cursor - self._page)

    def action_first(self) -> None:
        self.move_to(0)

    def action_last(self) -> None:
        self.move_to(self.count - 1)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None:
            self.move_to(offset.y + round(self.scroll_y))

    def refresh_lines(self, y_start: int, line_count: int = 1) -> None:
        top = y_start - round(self.scroll_y)
        if 0 <= top < self.scrollable_content_region.height:
            self.refresh(Region(0, top, self.scrollable_content_region.width, line_count))

    def on_resize(self) -> None:
        self.resize()
        self.scroll_to_cursor()

    def on_focus(self) -> None:
        self.refresh_lines(self.cursor)

    def on_blur(self) -> None:
        self.refresh_lines(self.cursor)


def _thumb(bar: ScrollBar, position: float) -> list[Segment]:
    """The look of a scroll bar at that position, in any colours."""
    drawn = bar.renderer.render_bar(bar.size.height, bar.window_virtual_size, bar.window_size, position)
    return list(drawn.segments)
