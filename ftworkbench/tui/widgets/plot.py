"""One frame of a chart: curves in, lines of braille with axes out. plotext draws, at its first use imported."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual.color import Color
from textual.content import Content
from textual.style import Style

from ftworkbench.figures import measure
from ftworkbench.jobs.curve import decimate, finite

Point = tuple[float, float]
_LABEL = 7
_COLOUR = re.compile(r"\x1b\[([0-9;]*)m")
# plotext has one figure for the whole process.
_figure_lock = threading.Lock()


@dataclass(frozen=True)
class Curve:
    """Points by rising x. `colour` is a theme's variable, such as `chart-1`; `dots` draws points, not a line."""

    points: Sequence[Point]
    colour: str
    dots: bool = False


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
    curves: Sequence[Curve], width: int, height: int, last_x: float, colours: Mapping[str, Color]
) -> list[Content]:
    """The lines of a frame of `width` × `height` cells; none where there is nothing to draw or no room.

    x runs from 0 to `last_x` or the last point, whichever is more. `colours` has each curve's, and `chart-axis`.
    """
    if width < 2 * _LABEL or height < 4:
        return []
    last_x = max([last_x, 1.0, *(curve.points[-1][0] for curve in curves if curve.points)])
    columns = width - _LABEL - 1
    kept = [(curve, decimate(curve.points, columns, (0.0, last_x))) for curve in curves if curve.points]
    heights = [y for _, points in kept for _, y in points]
    if not heights:
        return []
    ticks_y = nice_ticks(min(heights), max(heights), max(height // 4, 2) + 1)
    ticks_x = [tick for tick in nice_ticks(0, last_x, max(columns // 14, 2)) if tick <= last_x]
    with _figure_lock:
        text = _build(kept, (width, height), last_x, (ticks_x, ticks_y), colours)
    return _parse(text, width, height)


def _build(
    kept: Sequence[tuple[Curve, Sequence[Point]]],
    size: tuple[int, int],
    last_x: float,
    ticks: tuple[Sequence[float], Sequence[float]],
    colours: Mapping[str, Color],
) -> str:
    import plotext

    plotext.terminal.limit(False, False)
    figure = plotext.figure
    figure.clear()
    figure.plot_size(*size)
    figure.canvas("default")
    figure.legend(False)
    axis = plotext.pixel(foreground=colours["chart-axis"].rgb)
    figure.axes(True, pixel=axis)
    figure.axes(False, axis=[0, 1], side=[1])
    ticks_x, ticks_y = ticks
    figure.ruler(0, 0).pixel(axis).lim(0, last_x).ticks(list(ticks_x), [f"{tick:,.0f}" for tick in ticks_x])
    labels = [f"{label:>{_LABEL - 1}}" for label in _labels(ticks_y)]
    figure.ruler(1, 0).pixel(axis).lim(ticks_y[0], ticks_y[-1]).ticks(list(ticks_y), labels)
    for curve, points in kept:
        pixel = plotext.pixel(foreground=colours[curve.colour].rgb)
        marker = plotext.marker("●" if curve.dots else "braille", pixel)
        signal = figure.signal([x for x, _ in points], [y for _, y in points], marker=marker)
        figure.draw(signal if curve.dots else signal.lines())
    return str(figure.build().string())


def _parse(text: str, width: int, height: int) -> list[Content]:
    """plotext's colours as styles. Of its escapes only the foreground counts: the ground is the theme's."""
    lines = []
    for line in text.split("\n")[:height]:
        parts: list[Content] = []
        style = Style()
        place = 0
        for match in _COLOUR.finditer(line):
            if match.start() > place:
                parts.append(Content.styled(line[place : match.start()], style))
            codes = match.group(1).split(";")
            if codes[:2] == ["38", "2"] and len(codes) == 5:
                red, green, blue = map(int, codes[2:])
                style = Style(foreground=Color(red, green, blue))
            elif codes[0] in ("", "0"):
                style = Style()
            place = match.end()
        parts.append(Content.styled(line[place:], style))
        lines.append(Content("").join(parts).truncate(width))
    return lines


_BARS = "▁▂▃▄▅▆▇█"


def sparkline(points: Sequence[Point], width: int, last_x: float) -> str:
    """The curve in one line of `width` cells, scaled by its own lowest and highest point; blank where it has none."""
    kept = finite(points)
    if not kept or width < 1:
        return " " * max(width, 0)
    low, high = min(y for _, y in kept), max(y for _, y in kept)
    last_x = max(last_x, kept[-1][0], 1.0)
    heights: dict[int, float] = {}
    for x, y in kept:
        heights[min(int(x / last_x * width), width - 1)] = y
    scale = (len(_BARS) - 1) / (high - low) if high > low else 0.0
    cells = []
    for column in range(max(heights) + 1):
        value = heights.get(column)
        if value is not None:
            bar = _BARS[round((value - low) * scale)] if scale else _BARS[3]
        cells.append(bar if value is not None or column > min(heights) else " ")
    return "".join(cells).ljust(width)
