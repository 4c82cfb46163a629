"""A growing curve, kept small: what is drawn of it costs the same after a hundred steps and after a million."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

Point = tuple[float, float]
_BUCKETS = 512
_MOST_DRAWN = 4096  # points of a part of the curve that are drawn one by one


class _Buckets:
    """The lowest and the highest point of each stretch of x; the stretches double when there are too many."""

    def __init__(self) -> None:
        self._width = 1.0
        self._found: dict[int, tuple[Point, Point]] = {}

    def add(self, point: Point) -> None:
        place = int(point[0] // self._width)
        known = self._found.get(place)
        if known is not None:
            if point[1] < known[0][1]:
                self._found[place] = (point, known[1])
            elif point[1] > known[1][1]:
                self._found[place] = (known[0], point)
            return
        self._found[place] = (point, point)
        if len(self._found) > _BUCKETS:
            before, self._found = self._found, {}
            self._width *= 2
            for low, high in before.values():
                self._put(math.floor(low[0] / self._width), low, high)

    def _put(self, place: int, low: Point, high: Point) -> None:
        known = self._found.get(place)
        if known is None:
            self._found[place] = (low, high)
        else:
            self._found[place] = (
                low if low[1] < known[0][1] else known[0],
                high if high[1] > known[1][1] else known[1],
            )

    def points(self) -> list[Point]:
        return [point for low, high in self._found.values() for point in sorted({low, high})]


class Thinned:
    """Follows the points of a metric: `raw` and `smoothed` are at most two points for each of 512 stretches.

    The smoothing is an exponential moving average without its start-up bias; `weight` is that of the past.
    """

    def __init__(self, weight: float = 0.8) -> None:
        self._weight = weight
        self._restart()

    def _restart(self) -> None:
        self._buckets = _Buckets()
        self._points: Sequence[Point] = ()
        self._last: Point | None = None
        self._average, self._share = 0.0, 1.0
        self._averages = array("d")
        self._raw: list[Point] | None = None
        self._smoothed: list[Point] | None = None

    @property
    def raw(self) -> Sequence[Point]:
        if self._raw is None:
            self._raw = self._buckets.points()
        return self._raw

    @property
    def smoothed(self) -> Sequence[Point]:
        """The average after every so many points, and after the last: it has no spikes that could be lost."""
        if self._smoothed is None:
            count = len(self._averages)
            # A power of two, so that what was drawn of a growing curve stays as it is until there are twice as many.
            step = 1 << max((count // _BUCKETS).bit_length() - 1, 0)
            places = (*range(0, count - 1, step), count - 1)
            self._smoothed = [self._smoothed_point(place) for place in places if place >= 0]
        return self._smoothed

    @property
    def last_smoothed(self) -> float | None:
        return self._averages[-1] if self._averages else None

    def between(self, left: float, right: float) -> tuple[Sequence[Point], Sequence[Point]]:
        """Raw and smoothed from `left` to `right`, with a point on either side: every one where they are few."""
        count = len(self._averages)
        first = max(bisect_left(self._points, left, hi=count, key=_x) - 1, 0)
        last = min(bisect_right(self._points, right, hi=count, key=_x) + 1, count)
        if last - first > _MOST_DRAWN:
            return self.raw, self.smoothed
        return self._points[first:last], [self._smoothed_point(place) for place in range(first, last)]

    def smoothed_at(self, place: int) -> float | None:
        """The average after the point at that place; None where it was not followed yet."""
        return self._averages[place] if 0 <= place < len(self._averages) else None

    def _smoothed_point(self, place: int) -> Point:
        return self._points[place][0], self._averages[place]

    def follow(self, points: Sequence[Point]) -> bool:
        """Takes what is new in `points`; begins again where what it knows is no longer there. False: nothing was."""
        seen = len(self._averages)
        if seen > len(points) or (seen and points[seen - 1] != self._last):
            self._restart()
        new = points[len(self._averages) :]
        self._points = points
        for x, y in new:
            if math.isfinite(x) and math.isfinite(y):
                self._buckets.add((x, y))
                self._average = self._average * self._weight + (1 - self._weight) * y
                self._share *= self._weight
            self._averages.append(self._average / (1 - self._share) if self._share < 1 else math.nan)
        if new:
            self._last = new[-1]
            self._raw = self._smoothed = None
        return bool(new)


def _x(point: Point) -> float:
    return point[0]
