"""Lines drawn by plotext with the dots of braille: two dots wide and four dots high in each cell of the terminal."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from functools import lru_cache

from textual.content import Content

from ftworkbench.jobs.curve import decimate

DOTS_WIDE, DOTS_HIGH = 2, 4
Dot = tuple[int, int]
Line = tuple[tuple[tuple[float, float], ...], str]
_BLANKS = frozenset({" ", "\u2800"})
# plotext writes each curve in a colour of its own, which here is only the curve's number.
_COLOUR = re.compile(r"\x1b\[(?:38;2;(\d+);\d+;\d+|[0-9;]*)m")
# It has one figure for the whole process.
_figure_lock = threading.Lock()


class Canvas:
    """`columns` × `lines` cells. Dots count from the left and from the top; what lies beside is left out.

    Of two lines that meet in a cell both are seen, in the colour of the later one.
    """

    def __init__(self, columns: int, lines: int) -> None:
        self.columns, self.lines = columns, lines
        self._curves: list[Line] = []
        self._signs: dict[tuple[int, int], tuple[str, str]] = {}
        self._rules: dict[int, str] = {}

    def line(self, dots: Iterable[Dot], style: str) -> None:
        """Joins the dots, which come from left to right."""
        wide = self.columns * DOTS_WIDE
        self._curves.append((tuple(decimate(list(dots), wide, (0, wide))), style))

    def put(self, dot: Dot, sign: str, style: str) -> None:
        """A sign in the cell of that dot, above all lines."""
        cell = (dot[1] // DOTS_HIGH, dot[0] // DOTS_WIDE)
        if 0 <= cell[0] < self.lines and 0 <= cell[1] < self.columns:
            self._signs[cell] = (sign, style)

    def rule(self, x: int, style: str) -> None:
        """An upright line through the cells at that dot, behind what is drawn."""
        self._rules[x // DOTS_WIDE] = style

    def text(self) -> list[Content]:
        """The lines of cells."""
        cells = _drawn(self.columns, self.lines, tuple(self._curves))
        return [self._text(line, cells[line]) for line in range(self.lines)]

    def _text(self, line: int, cells: tuple[tuple[str, str], ...]) -> Content:
        pieces: list[tuple[str, str]] = []
        for column, (drawn, drawn_in) in enumerate(cells):
            sign, style = self._signs.get((line, column), (drawn, drawn_in))
            if sign in _BLANKS:
                sign, style = ("│", self._rules[column]) if column in self._rules else (" ", "")
            if pieces and pieces[-1][1] == style:
                pieces[-1] = (pieces[-1][0] + sign, style)
            else:
                pieces.append((sign, style))
        return Content.assemble(*(text if not style else (text, style) for text, style in pieces))


@lru_cache(maxsize=32)
def _drawn(columns: int, lines: int, curves: tuple[Line, ...]) -> tuple[tuple[tuple[str, str], ...], ...]:
    """The cells, each with its style. Kept: a cursor that moves over curves has them drawn once."""
    blank = ((" ", ""),) * columns
    with _figure_lock:
        text = _built(columns, lines, curves)
    found = [_cells(line, [style for _, style in curves]) for line in text.split("\n")[:lines]]
    found += [()] * (lines - len(found))
    return tuple((*cells, *blank)[:columns] for cells in found)


def _built(columns: int, lines: int, curves: tuple[Line, ...]) -> str:
    import plotext

    plotext.terminal.limit(False, False)
    figure = plotext.figure
    figure.clear()
    figure.plot_size(columns, lines)
    figure.canvas("default")
    figure.legend(False)
    figure.axes(False)
    # Its limits are the middles of the first and the last cell.
    figure.ruler(0, 0).lim(*_middles(columns, DOTS_WIDE)).ticks([], [])
    figure.ruler(1, 0).lim(*_middles(lines, DOTS_HIGH)).ticks([], [])
    top = lines * DOTS_HIGH - 1
    for number, (dots, _) in enumerate(curves):
        if dots:
            marker = plotext.marker("braille", plotext.pixel(foreground=(number, 0, 0)))
            signal = figure.signal([x for x, _ in dots], [top - y for _, y in dots], marker=marker)
            figure.draw(signal.lines() if len(dots) > 1 else signal)
    return str(figure.build().string())


def _middles(cells: int, dots: int) -> tuple[float, float]:
    """The middle of the first of so many cells and that of the last, in dots."""
    return (dots - 1) / 2, (cells - 1) * dots + (dots - 1) / 2


def _cells(line: str, styles: list[str]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    style, place = "", 0
    for match in _COLOUR.finditer(line):
        found += [(sign, style) for sign in line[place : match.start()]]
        style = styles[int(match[1])] if match[1] is not None else ""
        place = match.end()
    return (*found, *((sign, style) for sign in line[place:]))
