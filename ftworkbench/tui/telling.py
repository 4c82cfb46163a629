"""A job's events, made into its story a little at a time, so that a long one never holds up the screen."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ftworkbench.jobs.story import Story
from ftworkbench.jobs.trends import Trend, Watched
from ftworkbench.tui.widgets.thinned import Thinned

if TYPE_CHECKING:
    from ftworkbench.jobs.events import Event
    from ftworkbench.jobs.folder import Job

# Half a frame: a key that comes meanwhile is still answered at once.
SECONDS = 0.008
_AT_ONCE = 100
_KEPT = 8


class Telling:
    """The story of `job` as far as it was told, with the curves of its metrics, thinned.

    Events that came before are not told twice. `limit` is how many tokens a second its card's arithmetic allows, once
    that is known.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.story = Story()
        self.curves: dict[str, Thinned] = {}
        self.limit: float | None = None
        self._watched = Watched()
        self._waiting: deque[Event] = deque()
        self._taken = 0

    def take(self, events: Iterable[Event]) -> bool:
        """Puts events in the queue; `go_on` tells them. False where none of them is new."""
        before = self._taken
        for event in events:
            if event.seq > self._taken:
                self._taken = event.seq
                self._waiting.append(event)
        return self._taken > before

    @property
    def complete(self) -> bool:
        return not self._waiting

    @property
    def trends(self) -> tuple[Trend, ...]:
        """What the curves say, once all that came was told."""
        return self._watched.of(self.story) if self.complete else ()

    @property
    def smoothed_loss(self) -> float | None:
        return self.curves["loss"].last_smoothed if "loss" in self.curves else None

    def go_on(self, seconds: float = SECONDS) -> bool:
        """Tells what waits, for so many seconds. True when nothing waits any more."""
        deadline = time.perf_counter() + seconds
        while self._waiting and time.perf_counter() < deadline:
            count = min(_AT_ONCE, len(self._waiting))
            self.story.add([self._waiting.popleft() for _ in range(count)])
            for name, points in self.story.metrics.items():
                self.curves.setdefault(name, Thinned()).follow(points)
        return not self._waiting


class Tellings:
    """The stories that were asked for last, so that going back to a job shows it at once."""

    def __init__(self) -> None:
        self._kept: dict[str, Telling] = {}

    def of(self, job: Job) -> Telling:
        """The job's story, as far as it was told before."""
        telling = self._kept.pop(job.name, None) or Telling(job)
        self._kept[job.name] = telling
        while len(self._kept) > _KEPT:
            self._kept.pop(next(iter(self._kept)))
        return telling
