"""Where a chart is read: which of its steps are seen, and at which of them the cursor stands."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

Point = tuple[float, float]
Span = tuple[float, float]
_FEWEST = 8.0  # steps that are seen at the least
_AROUND = 25  # points on either side that a spike stands out from
# Noise of a loss is about normal: six of its deviations are one in a billion. The other bound is for curves that hardly
# vary, on which six deviations are nothing that one would see.
_DEVIATIONS, _SHARE = 6.0, 0.1


@dataclass(frozen=True)
class Reading:
    """`span` is what is seen, None for all; `cursor` is a step, None for the last one, whichever that is.

    The points that it is asked about come by rising step.
    """

    span: Span | None = None
    cursor: float | None = None

    def place(self, points: Sequence[Point]) -> int:
        """The place of the point at the cursor, or of the one next to it; -1 where there is none."""
        if not points or self.cursor is None:
            return len(points) - 1
        after = min(bisect_left(points, self.cursor, key=_step), len(points) - 1)
        before = max(after - 1, 0)
        nearer = abs(points[before][0] - self.cursor) < abs(points[after][0] - self.cursor)
        return before if nearer else after

    def at(self, points: Sequence[Point], place: int, whole: Span) -> Reading:
        """The cursor at that place, or at the end that is nearest; what is seen goes along."""
        if not points:
            return self
        place = max(0, min(place, len(points) - 1))
        return replace(self, cursor=points[place][0])._with_cursor_seen(whole)

    def zoomed(self, factor: float, points: Sequence[Point], whole: Span) -> Reading:
        """`factor` times as many steps seen, with the cursor where it is on the screen; all where that is all."""
        left, right = self.span or whole
        if not points or right <= left:
            return self
        step = points[self.place(points)][0]
        width = max((right - left) * factor, _FEWEST)
        if width >= whole[1] - whole[0]:
            return replace(self, span=None)
        start = step - (min(max(step, left), right) - left) / (right - left) * width
        return replace(self, span=_within(start, width, whole))

    def _with_cursor_seen(self, whole: Span) -> Reading:
        if self.span is None or self.cursor is None or self.span[0] <= self.cursor <= self.span[1]:
            return self
        width = self.span[1] - self.span[0]
        near = 0.2 if self.cursor < self.span[0] else 0.8
        return replace(self, span=_within(self.cursor - near * width, width, whole))


def _step(point: Point) -> float:
    return point[0]


def _within(start: float, width: float, whole: Span) -> Span:
    start = max(min(start, whole[1] - width), whole[0])
    return start, start + width


def next_spike(points: Sequence[Point], peaks: Sequence[Point], step: float, forward: bool) -> float | None:
    """The step of the next spike after `step`, or of the one before it; None where there is none.

    `peaks` are those of the points that may be one. A spike stands out from the points around it, upwards: by six times
    their deviation (from the median of the distances to their median, so that the spike itself does not count) and by
    a tenth.
    """
    for peak in peaks if forward else reversed(peaks):
        if (peak[0] > step if forward else peak[0] < step) and _is_spike(points, peak):
            return peak[0]
    return None


def _is_spike(points: Sequence[Point], peak: Point) -> bool:
    place = bisect_left(points, peak[0], key=_step)
    around = [y for _, y in points[max(place - _AROUND, 0) : place + _AROUND + 1]]
    if len(around) < _AROUND // 2:
        return False
    middle = median(around)
    deviation = 1.4826 * median(abs(y - middle) for y in around)
    return peak[1] - middle > max(_DEVIATIONS * deviation, _SHARE * abs(middle))
