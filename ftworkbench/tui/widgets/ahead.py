"""What will likely be asked for next, worked out while nobody waits for anything."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import cached_property

from textual.timer import Timer
from textual.widget import Widget

# A key that comes meanwhile waits no longer than this, and what it asks for is painted before the work goes on.
_SECONDS = 0.003
_REST_SECONDS = 0.01


class Ahead:
    """Works for `widget` a few milliseconds at a time, `_REST_SECONDS` after it was last planned.

    `wanted` says at each turn what is still to be done, the likeliest first; `work` does one of them.
    """

    def __init__(self, widget: Widget, wanted: Callable[[], Iterable[int]], work: Callable[[int], object]) -> None:
        self._widget = widget
        self._wanted = wanted
        self._work = work

    @cached_property
    def _timer(self) -> Timer:
        return self._widget.set_interval(_REST_SECONDS, self._go_on, pause=True)

    def plan(self) -> None:
        """There may be something to do; not before what is being painted now is seen."""
        self._timer.reset()

    def _go_on(self) -> None:
        until = time.perf_counter() + _SECONDS
        for place in self._wanted():
            self._work(place)
            if time.perf_counter() > until:
                return
        self._timer.pause()
