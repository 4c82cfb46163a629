"""Curves, made ready to be drawn: as many points as there are columns for, smoothed as one is used to."""

from __future__ import annotations

import math
from collections.abc import Sequence

Points = list[tuple[float, float]]


def finite(points: Sequence[tuple[float, float]]) -> Points:
    """The points without those that are not numbers: a plot would end the process at a NaN."""
    return [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]


def decimate(points: Sequence[tuple[float, float]], columns: int, span: tuple[float, float] | None = None) -> Points:
    """At most two points a column, its lowest and its highest, in their order; finite ones only.

    `points` come by rising x, and the columns divide their range evenly, or `span`, which holds it: no spike
    is lost, whatever the width. With a `span` a curve that grows keeps what is drawn of it already.
    """
    if columns < 1:
        raise ValueError(f"a curve needs a column at least, not {columns}")
    kept = finite(points)
    if len(kept) <= 2 * columns:
        return kept
    left, right = span or (kept[0][0], kept[-1][0])
    width = right - left
    scale = columns / width if width > 0 else 0.0
    chosen: Points = []
    column = 0
    low = high = 0  # places of the column's first lowest and first highest point
    for place, (x, y) in enumerate(kept):
        here = min(int((x - left) * scale), columns - 1)
        if here != column:
            chosen += [kept[each] for each in sorted({low, high})]
            column, low, high = here, place, place
        elif y < kept[low][1]:
            low = place
        elif y > kept[high][1]:
            high = place
    return chosen + [kept[each] for each in sorted({low, high})]


def smooth(points: Sequence[tuple[float, float]], weight: float) -> Points:
    """The exponential moving average without its start-up bias, as TensorBoard draws it; finite points only.

    `weight` is that of the past: 0 gives the points as they are, it stays below 1.
    """
    if not 0 <= weight < 1:
        raise ValueError(f"the weight of the past lies from 0 to below 1, not at {weight}")
    average, share = 0.0, 1.0
    smoothed: Points = []
    for x, y in finite(points):
        average = average * weight + (1 - weight) * y
        share *= weight
        smoothed.append((x, average / (1 - share)))
    return smoothed
