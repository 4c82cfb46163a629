"""The queues of this machine's devices, as people see them: who has a device, and who waits for it, in order."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftworkbench.errors import InputError, JobError
from ftworkbench.jobs import queue
from ftworkbench.jobs.find import named_jobs, names_of, only_job
from ftworkbench.jobs.folder import Job, read_manifest
from ftworkbench.jobs.state import phase, read_state

FIRST = -1_000_000  # places: as far forward as there are


@dataclass(frozen=True)
class Place:
    """A job at a device. `place` is 0 for the one that has it, 1 for the next that waits; `job` None where unknown.

    `since` is when a waiting job was launched, and when the phase of one that works began; seconds since the epoch.
    `why` says what it waits for: the one that has the device may itself wait for somebody else's process to leave it.
    """

    device: str
    place: int
    job: Job | None
    kind: str
    phase: str
    since: float | None
    why: str = ""

    @property
    def waits(self) -> bool:
        return self.place > 0

    def as_json(self) -> dict[str, Any]:
        return {
            "device": self.device,
            "place": self.place,
            "job": self.job.name if self.job else None,
            "kind": self.kind,
            "phase": self.phase,
            "workspace": str(self.job.workspace.root) if self.job else None,
            "since": self.since,
            "why": self.why,
        }


def places() -> list[Place]:
    """Everybody who has a device or waits for one: by device, the one who has it first. Empty devices are left out."""
    found = []
    for device in queue.devices():
        tickets = [ticket.job for ticket in queue.waiting(device)]
        holder = queue.holder(device)  # asked last, so that nobody is missed who is just getting it
        if holder is not None:
            found.append(_place(device, 0, holder))
        waiting = [path for path in tickets if path is None or path != holder]
        found += [_place(device, number, path) for number, path in enumerate(waiting, 1)]
    return found


def waiting_job(text: str) -> Place:
    """The waiting job that `text` names, of whatever workspace. Raises InputError where none or several do."""
    waiting = [each for each in places() if each.waits and each.job is not None]
    jobs = [each.job for each in waiting if each.job is not None]
    path = Path(text).expanduser()
    found = [job for job in jobs if job.path == path.resolve()] or named_jobs(jobs, text)
    if not found:
        there = f"; those that wait are {names_of(jobs)}" if jobs else "; nothing waits"
        raise InputError(f"{text}: does not wait in a queue{there}")
    job = only_job(found, text)
    return next(each for each in waiting if each.job == job)


def move(place: Place, by: int) -> None:
    """Moves a waiting job by so many places, forward if negative. Raises JobError where it waits no more."""
    queue.move(place.device, _job_of(place), by)


def drop(place: Place) -> None:
    """Takes a waiting job out of its queue: it stops, and can be resumed. Raises JobError where it waits no more."""
    queue.drop(place.device, _job_of(place))


ACTS: dict[str, Callable[[Place], None]] = {
    "up": lambda place: move(place, -1),
    "down": lambda place: move(place, 1),
    "first": lambda place: move(place, FIRST),
    "drop": drop,
}
"""What can be done with a waiting job, by name."""


def waited(place: Place, now: float | None = None) -> float | None:
    """Seconds since `since`; None where that is not known."""
    return None if place.since is None else max((time.time() if now is None else now) - place.since, 0.0)


def _job_of(place: Place) -> Job:
    if place.job is None or not place.waits:
        raise JobError(f"{place.device}: that job does not wait in the queue")
    return place.job


def _place(device: str, number: int, path: Path | None) -> Place:
    if path is None:
        return Place(device, number, None, "", "", None)
    job = Job(path)
    state = read_state(job)
    try:
        manifest = read_manifest(job)
    except JobError:  # it was removed meanwhile
        manifest = {}
    since = state.t if state else None
    if number and state and state.attempt == 1:
        since = manifest.get("created", since)  # its state is written anew whenever it waits for another
    now = phase(job)
    why = state.why if state and now == "queued" else ""
    return Place(device, number, job, str(manifest.get("kind", "")), now, since, why)
