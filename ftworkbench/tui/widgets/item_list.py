"""A list of things of any kind, one a line, each drawn by whoever gave it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Generic, TypeVar

from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.visual import Visual

from ftworkbench.tui.widgets.changed import changed_cells
from ftworkbench.tui.widgets.cursor_list import CursorList
from ftworkbench.tui.widgets.framed import FramePainted
from ftworkbench.tui.widgets.lines_view import wrapped

T = TypeVar("T")


class ItemList(CursorList, FramePainted, Generic[T]):
    """Things in their order; the cursor stays on the thing it is on, by `key`, when the list changes.

    `draw` gives a thing's line in so many cells. Only lines that changed are painted again. `Moved` is said where
    the cursor is on another thing, not where the same one has another place.
    """

    MARGIN = 0
    COMPONENT_CLASSES: ClassVar[set[str]] = {"item-list--cursor", "item-list--blurred"}
    DEFAULT_CSS = """
    ItemList .item-list--cursor { background: $row-cursor; }
    ItemList .item-list--blurred { background: $row-cursor-blurred; }
    """

    def __init__(
        self,
        draw: Callable[[T, int], Content],
        key: Callable[[T], object],
        *,
        empty: str = "",
        id: str | None = None,  # noqa: A002
        classes: str = "pane",
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._draw_item, self._key = draw, key
        self._empty = empty
        self._items: Sequence[T] = ()
        self._lines: list[Content] = []
        self._on: object = None
        self._blank: Strip | None = None

    # What is shown

    @property
    def count(self) -> int:
        return len(self._items)

    @property
    def items(self) -> Sequence[T]:
        return self._items

    @property
    def item(self) -> T | None:
        """The thing under the cursor."""
        return self._items[self.cursor] if 0 <= self.cursor < len(self._items) else None

    def show(self, items: Sequence[T], *, empty: str | None = None) -> None:
        """Shows these things instead; says `Moved` where the cursor is then on another one."""
        if empty is not None and empty != self._empty:
            self._empty = empty
            self.paint_all()
        self._items = items
        place = next((place for place, each in enumerate(items) if self._key(each) == self._on), 0)
        self.set_reactive(ItemList.cursor, place)
        self._redraw()
        self.scroll_to_cursor()
        self.tell_moved()

    def go_to(self, key: object) -> bool:
        """Puts the cursor on the thing of that key; False where there is none."""
        for place, each in enumerate(self._items):
            if self._key(each) == key:
                self.cursor = place
                return True
        return False

    def tell_moved(self) -> None:
        item = self.item
        now = None if item is None else self._key(item)
        if now != self._on:
            self._on = now
            super().tell_moved()

    def _redraw(self) -> None:
        width = self.scrollable_content_region.width
        if width <= 0:
            return
        before = self._lines
        self._lines = [self._draw_item(item, width - 1) for item in self._items]
        if len(before) != len(self._lines):
            self.resize()
            self.paint_all()
            return
        for place, (old, new) in enumerate(zip(before, self._lines, strict=True)):
            if not old.is_same(new):
                self._refresh_changed(place, old, new)

    def _refresh_changed(self, place: int, old: Content, new: Content) -> None:
        top = place - round(self.scroll_y)
        if 0 <= top < self.scrollable_content_region.height:
            changed = changed_cells(self._strip(place, old), self._strip(place, new))
            if changed is not None:
                self.refresh(Region(changed[0], top, changed[1] - changed[0], 1))

    # Drawing

    def on_resize(self) -> None:
        self._lines = []
        self._redraw()

    def paint_all(self) -> None:
        self._blank = None
        super().paint_all()

    def _strip(self, place: int, line: Content) -> Strip:
        look = ("cursor" if self.has_focus else "blurred") if place == self.cursor else ""
        style = self.get_visual_style(f"item-list--{look}") if look else self.visual_style
        width = self.scrollable_content_region.width
        line = Content.assemble("▸" if look else " ", line)
        return Visual.to_strips(self, line, width, 1, style, apply_selection=False, pad=True)[0]

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        place = y + round(self.scroll_y)
        if place < len(self._lines):
            return self._strip(place, self._lines[place])
        words = [] if self._items else wrapped(Content.styled(self._empty, "$text-muted"), width - 1, gutter=1)
        if y >= len(words):
            if self._blank is None or self._blank.cell_length != width:
                self._blank = Strip.blank(width, self.rich_style)
            return self._blank
        return Visual.to_strips(self, words[y], width, 1, self.visual_style, apply_selection=False, pad=True)[0]
