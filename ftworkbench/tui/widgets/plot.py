"""One frame of a chart: curves in, lines of braille with axes out."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

from ftworkbench.figures import measure
from ftworkbench.jobs.curve import finite
from ftworkbench.tui.widgets.braille import DOTS_HIGH, DOTS_WIDE, Canvas, Dot

Point = tuple[float, float]
Span = tuple[float, float]
_LABEL = 7
_AXIS = "$chart-axis"
_TICK_ROOM = 14


@dataclass(frozen=True)
class Curve:
    """Points by rising x, joined. `colour` is a theme's variable, such as `chart-1`.

    `marker` stands on each point, or, with `apart`, on one point in so many cells.
    """

    points: Sequence[Point]
    colour: str
    marker: str = ""
    apart: int = 0


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers, evenly spaced, about `most` at the most, the first and last of which hold [low, high]."""
    if high <= low:
        half = abs(low) * 0.1 or 0.5
        low, high = low - half, high + half
    rough = (high - low) / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * times for times in (1, 2, 2.5, 5, 10) if power * times >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [place * step for place in range(first, last + 1)]


def _labels(ticks: Sequence[float]) -> list[str]:
    """The ticks with as many decimals as tell one from the next."""
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    biggest = max(map(abs, ticks))
    if biggest >= 1e6 or step < 1e-4:
        return [measure(tick) for tick in ticks]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    decimals += step * 10**decimals % 1 > 1e-6  # a step of 0.25 takes one more
    return [f"{tick:,.{decimals}f}" for tick in ticks]


def draw(
    curves: Sequence[Curve], width: int, height: int, span: Span, cursor: Point | tuple[float, None] | None = None
) -> list[Content]:
    """The lines of a frame of `width` × `height` cells; none where there is nothing to draw or no room.

    x runs over `span`. `cursor` is the point, or the x alone, through which an upright line goes.
    """
    if width < 2 * _LABEL or height < 4:
        return []
    left, right = span if span[1] > span[0] else (span[0], span[0] + 1)
    kept = [(curve, _around(_finite(curve.points), left, right)) for curve in curves]
    heights = [y for _, points in kept for x, y in points if left <= x <= right]
    if not heights:
        return []
    ticks = nice_ticks(min(heights), max(heights), max(height // 4, 2) + 1)
    scale = _Scale((left, right), (ticks[0], ticks[-1]), Canvas(width - _LABEL, height - 2))
    for curve, points in kept:
        scale.curve(curve, points)
    if cursor is not None:
        scale.cursor(*cursor)
    labels = dict(zip(map(scale.line, ticks), _labels(ticks), strict=True))
    lines = [
        Content.assemble((f"{labels.get(place, ''):>{_LABEL - 1}}{'┤' if place in labels else '│'}", _AXIS), cells)
        for place, cells in enumerate(scale.canvas.text())
    ]
    return [*lines, *_x_axis(scale, width)]


class _Scale:
    """From values to the dots of a canvas."""

    def __init__(self, span: Span, heights: Span, canvas: Canvas) -> None:
        self.span, self.canvas = span, canvas
        self._left, self._top = span[0], heights[1]
        self._wide = (canvas.columns * DOTS_WIDE - 1) / (span[1] - span[0])
        self._high = (canvas.lines * DOTS_HIGH - 1) / (heights[1] - heights[0])

    def dot(self, x: float, y: float) -> Dot:
        return round((x - self._left) * self._wide), round((self._top - y) * self._high)

    def line(self, y: float) -> int:
        return self.dot(self._left, y)[1] // DOTS_HIGH

    def column(self, x: float) -> int:
        return self.dot(x, self._top)[0] // DOTS_WIDE

    def curve(self, curve: Curve, points: Sequence[Point]) -> None:
        style = f"${curve.colour}"
        left, top, wide, high = self._left, self._top, self._wide, self._high
        dots = [(round((x - left) * wide), round((top - y) * high)) for x, y in points]
        self.canvas.line(dots, style)
        if not curve.marker:
            return
        free = curve.apart // 3 * DOTS_WIDE
        for x, y in dots:
            if not curve.apart or x >= free:
                self.canvas.put((x, y), curve.marker, style)
                free = x + curve.apart * DOTS_WIDE

    def cursor(self, x: float, y: float | None) -> None:
        if y is not None:
            self.canvas.put(self.dot(x, y), "◉", "bold $foreground")
        self.canvas.rule(self.dot(x, self._top)[0], _AXIS)


def _finite(points: Sequence[Point]) -> Sequence[Point]:
    """The points that are numbers: one glance where all of them are, as nearly always."""
    return points if math.isfinite(sum(x + y for x, y in points)) else finite(points)


def _around(points: Sequence[Point], left: float, right: float) -> Sequence[Point]:
    """The points from `left` to `right`, and the next one on either side, to which a line goes."""
    first = bisect_left(points, left, key=lambda point: point[0])
    last = bisect_right(points, right, key=lambda point: point[0])
    return points[max(first - 1, 0) : last + 1]


def _x_axis(scale: _Scale, width: int) -> list[Content]:
    left, right = scale.span
    columns = scale.canvas.columns
    ticks = [tick for tick in nice_ticks(left, right, max(columns // _TICK_ROOM, 2)) if left <= tick <= right]
    ruler = ["─"] * columns
    labels = [" "] * width
    free = 0
    for tick in ticks:
        column = scale.column(tick)
        ruler[column] = "┬"
        label = f"{tick:,.0f}" if tick == round(tick) else f"{tick:,.1f}"
        start = min(_LABEL + column - (len(label) - 1) // 2, width - len(label))
        if start >= free:
            labels[start : start + len(label)] = label
            free = start + len(label) + 1
    return [
        Content.styled(" " * (_LABEL - 1) + "└" + "".join(ruler), _AXIS),
        Content.styled("".join(labels), _AXIS),
    ]


_BARS = "▁▂▃▄▅▆▇█"


def sparkline(points: Sequence[Point], width: int, last_x: float) -> str:
    """The curve in one line of `width` cells, scaled by its own lowest and highest cell; blank where it has none.

    A cell is the mean of the points in it: where there are many the height of the curve is seen, not its noise.
    """
    kept = finite(points)
    if not kept or width < 1:
        return " " * max(width, 0)
    last_x = max(last_x, kept[-1][0], 1.0)
    sums: dict[int, tuple[float, int]] = {}
    for x, y in kept:
        place = min(int(x / last_x * width), width - 1)
        total, count = sums.get(place, (0.0, 0))
        sums[place] = (total + y, count + 1)
    heights = {place: total / count for place, (total, count) in sums.items()}
    low, high = min(heights.values()), max(heights.values())
    scale = (len(_BARS) - 1) / (high - low) if high - low > 1e-9 * abs(high) else 0.0
    cells = []
    for column in range(max(heights) + 1):
        value = heights.get(column)
        if value is not None:
            bar = _BARS[round((value - low) * scale)] if scale else _BARS[3]
        cells.append(bar if value is not None or column > min(heights) else " ")
    return "".join(cells).ljust(width)
