"""Curves as an SVG picture that needs nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from ftworkbench.figures import measure
from ftworkbench.printable import one_line
from ftworkbench.report.blocks import Chart

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 720, 260, 56, 28, 12
_COLOURS = ("#2563eb", "#d97706", "#059669", "#9333ea")
_GRID = 4  # lines across


def as_svg(chart: Chart) -> str:
    """The chart; empty where it has no finite point."""
    curves = [(each.name, [(x, y) for x, y in each.points if math.isfinite(y)]) for each in chart.curves]
    xs = [x for _, points in curves for x, _ in points]
    ys = [y for _, points in curves for _, y in points]
    if not xs:
        return ""
    left, right, low, high = min(xs), max(xs), min(ys), max(ys)
    across, up = (right - left) or 1.0, (high - low) or 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        shown = _LEFT + (x - left) / across * (_WIDTH - _LEFT - 8)
        return shown, _HEIGHT - _BOTTOM - (y - low) / up * (_HEIGHT - _BOTTOM - _TOP)

    def parts() -> Iterator[str]:
        for line in range(_GRID + 1):
            value = low + up * line / _GRID
            _, y = place(left, value)
            yield f'<line x1="{_LEFT}" x2="{_WIDTH - 8}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
            yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(measure(value))}</text>'
        for x, anchor in ((left, "start"), (right, "end")):
            yield f'<text x="{place(x, low)[0]:.1f}" y="{_HEIGHT - 8}" text-anchor="{anchor}">step {x:g}</text>'
        for number, (name, points) in enumerate(curves):
            colour = _COLOURS[number % len(_COLOURS)]
            drawn = " ".join(f"{a:.1f},{b:.1f}" for a, b in (place(x, y) for x, y in points))
            if len(points) == 1:  # a line of one point is nothing
                x, y = place(*points[0])
                yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
            yield f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="1.8"/>'
            at = _LEFT + 12 + 150 * number
            yield f'<text x="{at}" y="{_TOP + 10}" fill="{colour}" class="name">{escape(one_line(name, 24))}</text>'

    title = escape(one_line(chart.title))
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{title}">{"".join(parts())}</svg>'
