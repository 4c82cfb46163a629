"""The queue of a device, without a daemon: a queued job is a worker that waits its turn.

A folder for each device, in the user's state directory:

    queue.lock                  held for a moment by whoever looks at the tickets or changes them
    00001795459200123-NAME      a ticket: its worker holds a lock on it for as long as it waits
    device.lock                 held by the worker that has the device

All are POSIX locks (`lockf`), which a forked child does not inherit: with `flock`, a child that outlives its
killed parent would keep the device. They have a trap of their own: closing any descriptor of a file lets go
of the process's lock on it. So nobody here opens a file that the process itself has locked.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ftworkbench import paths
from ftworkbench.errors import JobError
from ftworkbench.jobs.folder import Job, read_manifest
from ftworkbench.jobs.heartbeat import beat
from ftworkbench.jobs.state import read_state
from ftworkbench.jobs.waiting import waits_for

LOOK = 0.5  # seconds between two looks at the tickets
_NAME = re.compile(r"(\d{1,20})-(.+)")
_STEP = 1000
_leased: dict[str, Path] = {}  # what this process holds: device → job
_threads = threading.Lock()  # POSIX locks do not keep the threads of one process apart


class LeftQueueError(JobError):
    """The job left the queue before its turn: it was asked to stop, or dropped."""


@dataclass(frozen=True)
class Ticket:
    """A job that waits. `number` orders the queue, the lowest first."""

    path: Path
    number: int
    name: str

    @property
    def job(self) -> Path | None:
        """The folder of the job that waits; None where the ticket does not say."""
        return _written_job(self.path)


def folder(device: str) -> Path:
    """The folder of a device's queue. `device` is a name such as "cpu" or "cuda-0"."""
    return paths.state_dir() / "queue" / re.sub(r"[^A-Za-z0-9._-]+", "-", device).lstrip(".")


def devices() -> list[str]:
    """The names of the devices that have ever had a queue here."""
    try:
        return sorted(entry.name for entry in os.scandir(paths.state_dir() / "queue") if entry.is_dir())
    except OSError:
        return []


def waiting(device: str) -> list[Ticket]:
    """The jobs that wait for the device, the next one first. Those whose workers died are not among them."""
    with _queue_lock(device) as where:
        return [ticket for ticket in _tickets(where) if not _is_free(ticket.path)]


def holder(device: str) -> Path | None:
    """The folder of the job that has the device; None where it is free."""
    if device in _leased:
        return _leased[device]  # asking the file would let go of it
    with _queue_lock(device) as where:
        lock = where / "device.lock"
        return None if _is_free(lock) else _written_job(lock)


def length(device: str) -> int:
    """How many jobs have the device or wait for it."""
    return len(waiting(device)) + (holder(device) is not None)


def move(device: str, job: Job, places: int) -> None:
    """Moves a waiting job by so many places, forward if negative. Raises JobError where it does not wait."""
    with _queue_lock(device) as where:
        tickets = [ticket for ticket in _tickets(where) if not _is_free(ticket.path)]
        at = _position(tickets, job)
        order = [*tickets[:at], *tickets[at + 1 :]]
        order.insert(min(max(at + places, 0), len(order)), tickets[at])
        # Every number is given anew, from the back, so that none is ever there twice.
        numbers = [ticket.number for ticket in tickets]
        for index in range(1, len(numbers)):
            numbers[index] = max(numbers[index], numbers[index - 1] + 1)
        spare = max(numbers) + _STEP
        for index, ticket in enumerate(order):
            ticket.path.rename(where / _ticket_name(spare + index, ticket.name))
        for index, ticket in enumerate(order):
            (where / _ticket_name(spare + index, ticket.name)).rename(where / _ticket_name(numbers[index], ticket.name))


def drop(device: str, job: Job) -> None:
    """Takes a waiting job out of the queue; its worker ends. Raises JobError where it does not wait."""
    with _queue_lock(device) as where:
        tickets = _tickets(where)
        tickets[_position(tickets, job)].path.unlink()


def _position(tickets: list[Ticket], job: Job) -> int:
    for index, ticket in enumerate(tickets):
        if ticket.job == job.path:
            return index
    raise JobError(f"{job.short}: does not wait in the queue")


class Lease:
    """A device that this process has: until the block ends, or until the process does, however it does."""

    def __init__(self, device: str, descriptor: int) -> None:
        self.device = device
        self._descriptor: int | None = descriptor

    def wanted(self) -> bool:
        """Whether another job waits for the device."""
        return bool(waiting(self.device))

    def release(self) -> None:
        """Gives the device back. Does nothing the second time."""
        if self._descriptor is not None:
            del _leased[self.device]
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def take_device(
    device: str,
    job: Job,
    tell: Callable[[str], None],
    stopped: Callable[[], bool],
    *,
    submitted: float | None = None,
    look: float = LOOK,
) -> Lease:
    """Waits until it is the job's turn, and gives it the device. Only the job's own worker may call it.

    `tell` hears in words which job it waits for, whenever that changes, and nothing where it need not wait. Jobs
    take turns by `submitted` (seconds since the epoch; when the attempt was launched, unless said). Raises
    LeftQueueError where `stopped()` says so, or the job was dropped; JobError where the process has it already.
    """
    if device in _leased:
        raise JobError(f"{job.short}: has {device} already")
    descriptor = _draw_ticket(device, job, _launched(job) if submitted is None else submitted)
    told = ""
    try:
        while True:
            before, lease = _look(device, job, descriptor)
            if lease is not None:
                return lease
            if (words := waits_for(job, before)) != told:
                told = words
                tell(words)
            if stopped():
                raise LeftQueueError(f"{job.short}: was asked to stop while it waited for {device}")
            beat(job)
            time.sleep(look)
    finally:
        _return_ticket(device, descriptor)


def _launched(job: Job) -> float:
    """When the attempt was launched: workers come to the queue in whatever order they happen to start up."""
    state = read_state(job)
    if state is None or state.phase != "queued":
        return time.time()  # a session that wants the device again
    created = read_manifest(job).get("created")
    return float(created) if state.attempt == 1 and isinstance(created, int | float) else state.t


def _ticket_name(number: int, name: str) -> str:
    return f"{number:017d}-{name}"


@contextmanager
def _queue_lock(device: str) -> Iterator[Path]:
    where = folder(device)
    where.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _threads:
        descriptor = os.open(where / "queue.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX)
            yield where
        finally:
            os.close(descriptor)


def _tickets(where: Path) -> list[Ticket]:
    found = []
    for entry in os.scandir(where):
        match = _NAME.fullmatch(entry.name)
        if match:
            found.append(Ticket(Path(entry.path), int(match.group(1)), match.group(2)))
    return sorted(found, key=lambda ticket: (ticket.number, ticket.name))


def _is_free(path: Path) -> bool:
    """Whether nobody holds the file. Never for a file that this very process has locked."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _written_job(path: Path) -> Path | None:
    try:
        return Path(json.loads(path.read_bytes())["job"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_job(descriptor: int, job: Job) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps({"job": str(job.path), "pid": os.getpid()}).encode(), 0)


def _draw_ticket(device: str, job: Job, submitted: float) -> int:
    """Makes the job's ticket and locks it; gives its descriptor."""
    with _queue_lock(device) as where:
        path = where / _ticket_name(int(submitted * 1000), job.name)
        path.unlink(missing_ok=True)  # of an earlier attempt, which is dead
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.lockf(descriptor, fcntl.LOCK_EX)
        _write_job(descriptor, job)
        return descriptor


def _is_own(path: Path, descriptor: int) -> bool:
    """By the file itself, since a ticket is renamed when the queue is reordered."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _look(device: str, job: Job, descriptor: int) -> tuple[list[Path | None], Lease | None]:
    """The living jobs before this one, the holder first, and the device, where there are none and it is free."""
    with _queue_lock(device) as where:
        before: list[Path | None] = []
        for ticket in _tickets(where):
            if _is_own(ticket.path, descriptor):
                break
            if _is_free(ticket.path):
                ticket.path.unlink(missing_ok=True)
            else:
                before.append(ticket.job)
        else:
            raise LeftQueueError(f"{job.short}: was dropped from the queue for {device}")
        if not before and (lease := _try_device(where, device, job)):
            return [], lease
        lock = where / "device.lock"
        return ([] if _is_free(lock) else [_written_job(lock)]) + before, None


def _try_device(where: Path, device: str, job: Job) -> Lease | None:
    descriptor = os.open(where / "device.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    _write_job(descriptor, job)
    _leased[device] = job.path
    return Lease(device, descriptor)


def _return_ticket(device: str, descriptor: int) -> None:
    with _queue_lock(device) as where:
        for ticket in _tickets(where):
            if _is_own(ticket.path, descriptor):
                ticket.path.unlink(missing_ok=True)
        os.close(descriptor)
