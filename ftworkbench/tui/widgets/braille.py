"""Lines drawn with the dots of braille: two dots wide and four dots high in each cell of the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.content import Content

DOTS_WIDE, DOTS_HIGH = 2, 4
_BLANK = 0x2800
_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
# The bits of a cell's left or right dots from one row to another.
_MASKS = tuple(
    tuple(tuple(sum(side[first : last + 1]) for last in range(DOTS_HIGH)) for first in range(DOTS_HIGH))
    for side in _BITS
)
Dot = tuple[int, int]


class Canvas:
    """`columns` × `lines` cells. Dots count from the left and from the top; what lies beside is left out.

    Of two lines that meet in a cell both are seen, in the colour of the later one.
    """

    def __init__(self, columns: int, lines: int) -> None:
        self.columns, self.lines = columns, lines
        self._cells: dict[tuple[int, int], tuple[int, str]] = {}
        self._signs: dict[tuple[int, int], tuple[str, str]] = {}

    def line(self, dots: Iterable[Dot], style: str) -> None:
        """Joins the dots, which come from left to right."""
        for x, (high, low) in self._spans(dots).items():
            self._column(x, high, low, style)

    def put(self, dot: Dot, sign: str, style: str) -> None:
        """A sign in the cell of that dot, above all lines."""
        cell = (dot[1] // DOTS_HIGH, dot[0] // DOTS_WIDE)
        if 0 <= cell[0] < self.lines and 0 <= cell[1] < self.columns:
            self._signs[cell] = (sign, style)

    def rule(self, x: int, style: str) -> None:
        """An upright line through the cells at that dot, behind what is drawn already."""
        column = x // DOTS_WIDE
        for line in range(self.lines):
            if (line, column) not in self._cells:
                self._signs.setdefault((line, column), ("│", style))

    def text(self) -> list[Content]:
        """The lines of cells."""
        return [self._text(line) for line in range(self.lines)]

    def _spans(self, dots: Iterable[Dot]) -> dict[int, tuple[int, int]]:
        """The highest and the lowest dot of each column that the joined dots go through."""
        spans: dict[int, tuple[int, int]] = {}
        last = self.columns * DOTS_WIDE - 1
        x0: int | None = None
        y0 = 0
        for x1, y1 in dots:
            if x0 is not None and x1 > x0 + 1:
                self._slope(spans, (x0, y0), (x1, y1), last)
            elif x0 is not None and x1 > x0:
                _widen(spans, x1, y0 + (y1 > y0) - (y1 < y0))
            _widen(spans, x1, y1)
            x0, y0 = x1, y1
        return spans

    @staticmethod
    def _slope(spans: dict[int, tuple[int, int]], start: Dot, end: Dot, last: int) -> None:
        (x0, y0), (x1, y1) = start, end
        before = y0
        for x in range(x0 + 1, x1 + 1):
            here = y0 + round((y1 - y0) * (x - x0) / (x1 - x0))
            if 0 <= x <= last:
                _widen(spans, x, before + (here > before) - (here < before))
                _widen(spans, x, here)
            before = here

    def _column(self, x: int, high: int, low: int, style: str) -> None:
        if not 0 <= x < self.columns * DOTS_WIDE:
            return
        masks, column = _MASKS[x % DOTS_WIDE], x // DOTS_WIDE
        for line in range(max(high // DOTS_HIGH, 0), min(low // DOTS_HIGH, self.lines - 1) + 1):
            top = line * DOTS_HIGH
            bits = masks[max(high - top, 0)][min(low - top, DOTS_HIGH - 1)]
            before = self._cells.get((line, column))
            self._cells[line, column] = (bits | (before[0] if before else 0), style)

    def _text(self, line: int) -> Content:
        pieces: list[tuple[str, str]] = []
        for column in range(self.columns):
            sign, style = self._signs.get((line, column), ("", ""))
            if not sign:
                bits, style = self._cells.get((line, column), (0, ""))
                sign = chr(_BLANK + bits) if bits else " "
            if pieces and pieces[-1][1] == style:
                pieces[-1] = (pieces[-1][0] + sign, style)
            else:
                pieces.append((sign, style))
        return Content.assemble(*_plain(pieces))


def _plain(pieces: Sequence[tuple[str, str]]) -> list[str | tuple[str, str]]:
    return [text if not style else (text, style) for text, style in pieces]


def _widen(spans: dict[int, tuple[int, int]], x: int, y: int) -> None:
    known = spans.get(x)
    if known is None:
        spans[x] = (y, y)
    elif y < known[0]:
        spans[x] = (y, known[1])
    elif y > known[1]:
        spans[x] = (known[0], y)
