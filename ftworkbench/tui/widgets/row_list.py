"""A list of rows of any length: only the lines that are seen are worked out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.strip import Strip

from ftworkbench.printable import one_line
from ftworkbench.tui.rows import MARKS, RowLine
from ftworkbench.tui.widgets.cursor_list import CursorList

_ANSWER_FROM = 44
_LOOKS = ("cursor", "blurred", "range")


class RowList(CursorList):
    """Rows by their index, one a line: mark, number, first words, answer, tags."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "row-list--cursor", "row-list--blurred", "row-list--range", "row-list--accepted", "row-list--rejected",
        "row-list--muted", "row-list--problem", "row-list--tag",
    }  # fmt: skip
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
        self._strips: LRUCache[tuple[int, str, bool, int], Strip] = LRUCache(512)
        self._styles: dict[str, Style] = {}
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
        self._digits = max(len(str(max(rows[-1], rows[0]) + 1)) if rows else 1, self._digits if keep else 1)
        self._strips.clear()
        place = self._place_of(here) if keep and here is not None else 0
        self.resize()
        self.set_reactive(CursorList.cursor, max(0, min(place, len(rows) - 1)))
        self.scroll_to_cursor()
        self.refresh()
        self.tell_moved()

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
        if self._anchor is not None:
            self.refresh()

    # Drawing

    def on_resize(self) -> None:
        self._strips.clear()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        place = y + round(self.scroll_y)
        width = self.scrollable_content_region.width
        if not 0 <= place < len(self._rows):
            return Strip.blank(width, self.rich_style)
        key = self._key(place)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._draw(self._describe(self._rows[place]), *key[1:])
            self._strips.set(key, strip)
        return strip

    def _key(self, place: int) -> tuple[int, str, bool, int]:
        """What the look of a line depends on, beside what is said of its row: that row, and how it is shown."""
        ranged = self._anchor is not None and min(self._anchor, self.cursor) <= place <= max(self._anchor, self.cursor)
        look = ("cursor" if self.has_focus else "blurred") if place == self.cursor else "range" if ranged else ""
        return self._rows[place], look, ranged, self.scrollable_content_region.width

    def _draw(self, line: RowLine, look: str, ranged: bool, width: int) -> Strip:
        base = self._style(look)
        colour = {name: self._style(name) for name in ("accepted", "rejected", "muted", "problem", "tag")}
        status = colour.get(line.status, colour["muted"])
        pointer = "▸" if look in ("cursor", "blurred") else "┃" if ranged else " "
        faint = base + colour["muted"] if line.status == "rejected" else base
        muted = base + colour["muted"]
        segments = [
            Segment(pointer, base + colour["accepted"] if ranged else base),
            Segment(f"{MARKS.get(line.status, '?')}", base + status),
            Segment("e" if line.edited else " ", base + colour["tag"] if line.edited else muted),
            Segment(f"{line.number:>{self._digits}} ", muted),
            Segment("! " if line.problems else "  ", base + colour["problem"] if line.problems else muted),
        ]
        room = width - sum(cell_len(segment.text) for segment in segments)
        answer_room = min(24, room // 3) if room >= _ANSWER_FROM else 0
        tags = one_line(" ".join(line.tags), 18) if line.tags and room > 24 else ""
        text_room = room - answer_room - (cell_len(tags) + 1 if tags else 0)
        segments.append(Segment(fit(one_line(line.text.strip(), room * 2), text_room), faint))
        if tags:
            segments.append(Segment(f" {tags}", base + colour["tag"]))
        if answer_room:
            answer = one_line(line.answer.strip(), answer_room * 2) or (line.problems[0] if line.problems else "")
            segments.append(Segment(" " + fit(answer, answer_room - 1), base + colour["muted"]))
        # Fewer segments are fewer bytes over the line
        return Strip(segments).simplify().adjust_cell_length(width, base)

    def _style(self, name: str) -> Style:
        """The style of a look, which is a ground, or the colour of a part; of nothing, that of the list itself.

        Kept until the theme is another: asking for it costs as much as drawing a line.
        """
        style = self._styles.get(name)
        if style is None:
            if not name:
                style = self.rich_style
            elif name in _LOOKS:
                style = self.get_component_rich_style(f"row-list--{name}")
            else:
                style = Style(color=self.get_component_rich_style(f"row-list--{name}", partial=True).color)
            self._styles[name] = style
        return style


def fit(text: str, width: int) -> str:
    """`text` in exactly `width` cells, cut with an ellipsis or filled with spaces."""
    if width <= 0:
        return ""
    if cell_len(text) > width:
        return set_cell_size(text, width - 1) + "…"
    return set_cell_size(text, width)
