"""A list of rows of any length: only the lines that are seen are worked out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from textual.cache import LRUCache
from textual.strip import Strip

from ftworkbench.tui.rows import RowLine
from ftworkbench.tui.widgets.ahead import Ahead
from ftworkbench.tui.widgets.cursor_list import CursorList
from ftworkbench.tui.widgets.row_pen import RowPen

_KEPT = 512


class RowList(CursorList):
    """Rows by their index, one a line: mark, number, first words, answer, tags."""

    COMPONENT_CLASSES: ClassVar[set[str]] = RowPen.STYLES
    DEFAULT_CSS = """
    RowList .row-list--cursor { background: $row-cursor; }
    RowList .row-list--blurred { background: $row-cursor-blurred; }
    RowList .row-list--range { background: $row-range; }
    RowList .row-list--accepted { color: $success; }
    RowList .row-list--rejected { color: $error; }
    RowList .row-list--muted { color: $text-muted; }
    RowList .row-list--problem { color: $warning; }
    RowList .row-list--tag { color: $secondary; }
    """

    def __init__(
        self,
        describe: Callable[[int], RowLine],
        moved: Callable[[], object],
        *,
        id: str | None = None,  # noqa: A002
    ) -> None:
        """`moved` is called when another row is under the cursor, before either is painted: both in one go."""
        super().__init__(id=id, classes="pane")
        self._describe = describe
        self._moved = moved
        self._rows: Sequence[int] = range(0)
        self._anchor: int | None = None
        self._follows = False
        self._went_up = False
        self._strips: LRUCache[tuple[int, str, bool, int], Strip] = LRUCache(_KEPT)
        self._pen = RowPen(self)
        self._ahead = Ahead(self, self._near, self._strip)
        self._digits = 1

    # What is shown

    @property
    def rows(self) -> Sequence[int]:
        return self._rows

    @property
    def index(self) -> int | None:
        """The row under the cursor."""
        return self._rows[self.cursor] if 0 <= self.cursor < len(self._rows) else None

    def show(self, rows: Sequence[int], *, keep: bool = True) -> None:
        """Shows these rows. With `keep` the cursor stays on its row where that is still there."""
        here = self.index
        self._rows = rows
        self._anchor = None
        highest = (rows[-1] if isinstance(rows, range) else max(rows)) if rows else 0
        self._digits = max(len(str(highest + 1)), self._digits if keep else 1)
        self._strips.clear()
        place = self._place_of(here) if keep and here is not None else 0
        self.resize()
        self.set_reactive(CursorList.cursor, max(0, min(place, len(rows) - 1)))
        self.scroll_to_cursor()
        self.refresh()
        self.tell_moved()
        self.call_after_refresh(self._ahead.plan)

    def grow(self, rows: Sequence[int]) -> None:
        """Shows more rows of the same kind: those before stay where they were."""
        first = not self._rows
        digits = len(str(rows[-1] + 1)) if rows else 1
        if digits != self._digits:
            self._digits = digits
            self._strips.clear()
            self.refresh()
        self._rows = rows
        self.resize()
        if first and rows:
            self.refresh()
            self.tell_moved()
        elif self._follows:
            self.move_to(len(rows) - 1)

    def forget(self, changed: Callable[[int], bool] | None = None) -> None:
        """Works lines out anew, as what is said of their rows may have changed; paints those that look different.

        `changed` tells which rows of those that are seen; all of them where it is not given.
        """
        top = round(self.scroll_y)
        before = [self.render_line(y) for y in range(self._page)]
        lines = [y for y in range(self._page) if top + y < len(self._rows)]
        stale = {y for y in lines if changed is None or changed(self._rows[top + y])}
        self._strips.clear()
        for y in lines:
            if y not in stale:
                self._strips.set(self._key(top + y), before[y])
            elif self.render_line(y) != before[y]:
                self.refresh_lines(top + y)

    def go_to(self, index: int) -> bool:
        """Puts the cursor on that row; False where it is not shown."""
        place = self._place_of(index)
        if place < 0:
            return False
        self.move_to(place)
        return True

    def _place_of(self, index: int) -> int:
        try:
            return self._rows.index(index)
        except ValueError:
            return -1

    # Ranges

    @property
    def chosen(self) -> list[int]:
        """The rows of the range, or the one under the cursor."""
        if self._anchor is None:
            return [] if self.index is None else [self.index]
        first, last = sorted((self._anchor, self.cursor))
        return list(self._rows[first : last + 1])

    @property
    def in_range(self) -> bool:
        return self._anchor is not None

    def toggle_range(self) -> None:
        self._anchor = self.cursor if self._anchor is None and self._rows else None
        self.refresh()

    def select_all(self) -> None:
        """Begins a range that holds every row that is shown."""
        if self._rows:
            self._anchor = 0
            self.move_to(len(self._rows) - 1)
            self.refresh()

    # Moving

    @property
    def count(self) -> int:
        return len(self._rows)

    def action_last(self) -> None:
        """Goes to the last row, and on to those that become known while the cursor stays there."""
        super().action_last()
        self._follows = True

    def tell_moved(self) -> None:
        self._moved()

    def watch_cursor(self, before: int, now: int) -> None:
        super().watch_cursor(before, now)
        self._follows = self._follows and now == len(self._rows) - 1
        self._went_up = now < before
        self._ahead.plan()
        if self._anchor is not None:
            self.refresh()

    # Drawing

    def on_resize(self) -> None:
        self._strips.clear()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._pen.forget_styles()
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        place = y + round(self.scroll_y)
        if not 0 <= place < len(self._rows):
            return Strip.blank(self.scrollable_content_region.width, self.rich_style)
        return self._strip(place)

    def _strip(self, place: int) -> Strip:
        key = self._key(place)
        strip = self._strips.get(key)
        if strip is None:
            index, look, ranged, width = key
            strip = self._pen.draw(self._describe(index), look, width, self._digits, ranged=ranged)
            self._strips.set(key, strip)
        return strip

    def _near(self) -> Iterator[int]:
        """The lines that are not drawn yet and that a key can bring: the next page and the one before, then the ends.

        Of a page a third more, as the cursor comes to stand within that third when it turns the page.
        """
        page, top, count = self._page, round(self.scroll_y), len(self._rows)
        reach = min(page + page // 3, (_KEPT - 3 * page) // 2)
        below = range(top + page, min(top + page + reach, count))
        above = range(top - 1, max(top - reach, 0) - 1, -1)
        near = (*above, *below) if self._went_up else (*below, *above)
        ends = (*range(min(page, count)), *range(max(count - page, 0), count)) if 3 * page < _KEPT else ()
        for place in (*near, *ends):
            if self._key(place) not in self._strips:
                yield place

    def _key(self, place: int) -> tuple[int, str, bool, int]:
        """What the look of a line depends on, beside what is said of its row: that row, and how it is shown."""
        ranged = self._anchor is not None and min(self._anchor, self.cursor) <= place <= max(self._anchor, self.cursor)
        look = ("cursor" if self.has_focus else "blurred") if place == self.cursor else "range" if ranged else ""
        return self._rows[place], look, ranged, self.scrollable_content_region.width
