"""What in a curve is noise: its blocks, their deviations and errors."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

Point = tuple[int, float]
# Losses are compared by the medians of so many blocks: a median is not moved by a few bad batches.
BLOCKS = 20
# From so many values on the noise of a curve can be told from the curve.
ENOUGH = 6
_MOST = 4_000


def grouped(points: Sequence[Point]) -> Sequence[Point]:
    """The points, or of very many the means of so many neighbours that they are few enough to be looked at quickly."""
    size = len(points) // _MOST
    if size < 2:
        return points
    groups = (points[start : start + size] for start in range(len(points) % size, len(points), size))
    return [(group[-1][0], sum(y for _, y in group) / size) for group in groups]


def blocks(points: Sequence[Point]) -> list[Sequence[Point]]:
    """The points in blocks of like size, of five at least; what is over is left out at the beginning."""
    size = max(math.ceil(len(points) / BLOCKS), 5)
    starts = range(len(points) % size, len(points), size)  # the last block is whole
    return [points[start : start + size] for start in starts]


def deviation(values: Sequence[float]) -> float:
    """The standard deviation of normal noise around the median; outliers do not move it."""
    middle = median(values)
    return 1.4826 * median(abs(value - middle) for value in values)


def wobble(values: Sequence[float]) -> float:
    """The noise of a smooth curve, from its second differences (their variance is six times that of the noise)."""
    if len(values) < ENOUGH:
        return 0.0
    bends = [second - 2 * first + before for before, first, second in zip(values, values[1:], values[2:], strict=False)]
    return 1.4826 * median(map(abs, bends)) / math.sqrt(6)


def standard_error(losses: Sequence[Point], size: int) -> float:
    """That of the median of a block of `size` losses; the noise is taken from the differences of neighbours."""
    recent = [y for _, y in losses[-10 * size :]]
    changes = [abs(now - before) for before, now in pairwise(recent)]
    return 1.25 * 1.4826 * median(changes) / math.sqrt(2) / math.sqrt(size) if changes else 0.0


def rate_at(rates: Sequence[Point], step: int) -> float | None:
    """The learning rate at that step; None where none was logged."""
    place = bisect_right(rates, step, key=lambda point: point[0]) - 1
    return rates[max(place, 0)][1] if rates else None
