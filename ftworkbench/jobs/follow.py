"""Following a job: its events as they come."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from ftworkbench.jobs.events import Event, read_events
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.heartbeat import EVERY
from ftworkbench.jobs.state import ALIVE, ENDED, hangs, phase

_LAST_WORDS = 1.0  # seconds that the event of an end may come after the state that says so
_WAKES = 2 * EVERY  # seconds in which a worker beats again, where this machine was asleep and not the worker


class Tail:
    """The events of a file that have not been given yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def poll(self, most: int | None = None) -> list[Event]:
        """The events since the last call; all of them at the first. One `stat` where nothing was added.

        With `most` those in about so many bytes: the next call goes on.
        """
        try:
            if self._path.stat().st_size <= self._offset:
                return []
        except FileNotFoundError:
            return []
        events, self._offset = read_events(self._path, self._offset, most)
        return events


def follow(job: Job, poll: float = 0.25) -> Iterator[Event]:
    """The job's events, from the first, until it has ended or is lost. Looks every `poll` seconds."""
    tail = Tail(job.events)
    told = ""
    deadline: float | None = None
    while True:
        now = phase(job)  # asked before the events, so that none that came before the end is missed
        for event in tail.poll():
            if event.kind == "phase":
                told = str(event.fields.get("phase"))
            yield event
        if now in ALIVE:
            deadline = None
        elif told == now or (now not in ENDED and not hangs(job)):
            return
        else:
            deadline = deadline or time.monotonic() + (_LAST_WORDS if now in ENDED else _WAKES)
            if time.monotonic() > deadline:
                return
        time.sleep(poll if deadline is None else min(poll, 0.05))
