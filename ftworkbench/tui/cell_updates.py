"""Partial updates of the screen that hold only the cells that changed, for terminals at the end of a slow line.

Textual 8.2 crops what it sends of a line at the right end of the change only, so that a figure that changes at the
end of a line brings the whole line along; it says the style of each piece of text anew; and where a border is drawn
with another line it sends all that is within. What was sent last is remembered here, only what differs is sent, and
each style is said once for all that has it: the focus that goes to another pane is 2 KB instead of 41.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter

from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style
from textual._compositor import Compositor, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from ftworkbench.tui.widgets.changed import Cell, cells, differing

# Cells that are sent again rather than passed over: to place the cursor takes nine bytes, and a cell up to three.
_GAP = 4


def _at(y: int, x: int) -> str:
    """Places the cursor."""
    return f"\x1b[{y + 1};{x + 1}H"


@lru_cache(4096)
def _around(style: Style, colours: ColorSystem | None) -> tuple[str, str]:
    """What is written before and after a text of that style."""
    before, _, after = style.render("\0", color_system=colours).partition("\0")
    return before, after


Run = tuple[int, int, str, Style | None]
"""First cell, width, text and style."""


class Sent:
    """What stands on the terminal, by line, as far as it is known: whole lines that were sent, and pieces since."""

    def __init__(self) -> None:
        self._strips: dict[int, list[Strip]] = {}
        self._cells: dict[int, list[Cell]] = {}

    def forget(self) -> None:
        """Somebody else has written to the terminal."""
        self._strips.clear()
        self._cells.clear()

    def whole(self, y: int, strips: list[Strip]) -> None:
        """A whole line was sent; its cells are worked out when they are asked for."""
        self._strips[y] = strips
        self._cells.pop(y, None)

    def take(self, y: int, x: int, strip: Strip) -> list[Run] | None:
        """Notes that this piece is sent, and gives the runs of it that are not there yet; None if that is unknown."""
        new = cells(strip)
        line = self._line(y)
        if line is None:
            return None
        if len(new) != strip.cell_length or len(line) < x + len(new):  # marks without a width: cells cannot be counted
            self._cells.pop(y, None)
            return None
        old = line[x : x + len(new)]
        if old == new:
            return []
        line[x : x + len(new)] = new
        runs = []
        for first, end in differing(old, new, _GAP):
            place = x + first
            for style, same in groupby(new[first:end], itemgetter(1)):
                texts = [text for text, _ in same]
                runs.append((place, len(texts), "".join(texts), style))
                place += len(texts)
        return runs

    def _line(self, y: int) -> list[Cell] | None:
        strips = self._strips.pop(y, None)
        if strips is not None:
            line = [cell for strip in strips for cell in cells(strip)]
            if len(line) == sum(strip.cell_length for strip in strips):
                self._cells[y] = line
        return self._cells.get(y)


class WholeUpdate(LayoutUpdate):
    """All lines, of which is noted that they were sent."""

    def __init__(self, strips: Sequence[Iterable[Strip]], region: Region, sent: Sent) -> None:
        self._lines = [list(line) for line in strips]
        super().__init__([*self._lines], region)
        self._sent = sent

    def render_segments(self, console: Console) -> str:
        self._sent.forget()
        for y, strips in enumerate(self._lines, self.region.y):
            self._sent.whole(y, strips)
        return super().render_segments(console)


class CellsUpdate(CompositorUpdate):
    """A partial update: pieces of lines. A style is said once for all that has it, wherever it stands."""

    def __init__(self, pieces: Iterable[tuple[int, int, Strip]], sent: Sent) -> None:
        """`pieces` as line, first cell and strip, in the order of the screen."""
        self.pieces = pieces
        self._sent = sent

    def render_segments(self, console: Console) -> str:
        colours = console._color_system
        whole: list[str] = []
        said: dict[tuple[str, str], list[str]] = {}
        ends: dict[tuple[str, str], tuple[int, int]] = {}  # where the cursor stands after what was said in a style
        for y, x, strip in self.pieces:
            runs = self._sent.take(y, x, strip)
            if runs is None:  # in one go: a mark without a width belongs to what stands before it
                whole.append(_at(y, x) + strip.render(console))
                continue
            for first, width, text, style in runs:
                around = ("", "") if style is None else _around(style, colours)
                texts = said.setdefault(around, [])
                if ends.get(around) != (y, first):
                    texts.append(_at(y, first))
                texts.append(text)
                ends[around] = y, first + width
        whole += (f"{before}{''.join(texts)}{after}" for (before, after), texts in said.items())
        return "".join(whole)


class CellCompositor(Compositor):
    """Composes as Textual does; its partial updates are `CellsUpdate`s.

    Textual asks every widget that is seen for all its lines, those too that lie under others or did not change, for
    each step of a cursor. Here a widget is asked for lines of which something is painted.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sent = Sent()

    def render_full_update(self, simplify: bool = False) -> LayoutUpdate:
        update = super().render_full_update(simplify=simplify)
        return WholeUpdate(update.strips, update.region, self.sent)

    def render_partial_update(self) -> CellsUpdate | None:  # type: ignore[override]
        regions = self._dirty_regions.copy()
        self._dirty_regions.clear()
        if not regions:
            return None
        open_spans: dict[int, list[tuple[int, int]]] = {}
        for y, first, end in self._regions_to_spans(regions):
            open_spans.setdefault(y, []).append((first, end))
        pieces: list[tuple[int, int, Strip]] = []
        for widget, (region, clip) in self.visible_widgets.items():  # from the front to the back
            seen = region.intersection(clip)
            left, right = seen.column_span
            lines = {}
            for y in seen.line_range:
                if spans := open_spans.get(y):
                    covered, open_spans[y] = split_spans(spans, left, right)
                    if covered:
                        lines[y] = covered
            if not lines:
                continue
            top, last = min(lines), max(lines)
            strips = widget.render_lines(Region(left, top, seen.width, last - top + 1).translate(-region.offset))
            for y, covered in lines.items():
                strip = strips[y - top]
                pieces += [(y, first, strip.crop(first - left, end - left)) for first, end in covered]
        return CellsUpdate(sorted(pieces, key=itemgetter(0, 1)), self.sent)


def split_spans(
    spans: Iterable[tuple[int, int]], left: int, right: int
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The parts of spans of cells that lie between `left` and `right`, and the parts beside them."""
    within, beside = [], []
    for first, end in spans:
        if first < right and end > left:
            within.append((max(first, left), min(end, right)))
            if first < left:
                beside.append((first, left))
            if end > right:
                beside.append((right, end))
        else:
            beside.append((first, end))
    return within, beside
