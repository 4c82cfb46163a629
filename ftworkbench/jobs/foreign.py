"""Others on a card: processes that are no jobs of its queue, and wait for nobody."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.heartbeat import beat
from ftworkbench.jobs.queue import LeftQueueError
from ftworkbench.machine import Card
from ftworkbench.printable import one_line

GIB = 2**30
LOOK = 5.0  # seconds between two questions to nvidia-smi
MUCH = GIB  # bytes that others, and the driver, may have of a card without being waited for
_MIB = 2**20
_SECONDS = 10.0
_NAMED = 3
_MEMORY = ("--query-gpu=memory.total,memory.used,memory.free", "--format=csv,noheader,nounits")
_PROCESSES = ("--query-compute-apps=pid,used_memory,process_name", "--format=csv,noheader,nounits")


@dataclass(frozen=True)
class Occupant:
    """A process on a card. `used` in bytes, None where the driver does not say."""

    pid: int
    name: str
    used: int | None

    def __str__(self) -> str:
        """`python (pid 4242 of ada, 37.3 GiB)`."""
        owner = _owner(self.pid)
        whose = f" of {owner}" if owner else ""
        used = "" if self.used is None else f", {self.used / GIB:.1f} GiB"
        return f"{one_line(self.name, 40)} (pid {self.pid}{whose}{used})"


@dataclass(frozen=True)
class Occupied:
    """The memory of a card in bytes, and whose it is; a container sees no process outside of it."""

    total: int
    used: int
    free: int
    occupants: tuple[Occupant, ...] = ()

    def keeps_out(self, needed: int | None) -> bool:
        """Whether others have so much that a job which needs so many bytes has no room, and would have it alone."""
        return self.used > MUCH and (needed is None or self.free < needed <= self.total)


def occupied(card: Card) -> Occupied | None:
    """Who has how much of the card besides this process; None where nvidia-smi cannot be asked."""
    memory, processes = (_ask(f"--id={card.visible}", *query) for query in (_MEMORY, _PROCESSES))
    return read_occupied(memory, processes or "") if memory else None


def read_occupied(memory: str, processes: str) -> Occupied | None:
    """What nvidia-smi says to _MEMORY and _PROCESSES. The largest process first, and never this one."""
    try:
        total, used, free = (int(each) * _MIB for each in memory.splitlines()[0].split(","))
    except (ValueError, IndexError):
        return None
    occupants = []
    for line in processes.splitlines():
        pid, taken, name = (part.strip() for part in (*line.split(",", 2), "", "")[:3])
        if pid.isdigit() and int(pid) != os.getpid():
            size = int(taken) * _MIB if taken.isdigit() else None
            occupants.append(Occupant(int(pid), name.rpartition("/")[2] or "a process", size))
    occupants.sort(key=lambda each: -(each.used or 0))
    return Occupied(total, used, free, tuple(occupants))


def wait_for_card(
    card: Card,
    job: Job,
    needed_gib: float | None,
    tell: Callable[[str], None],
    stopped: Callable[[], bool],
    *,
    look: float = LOOK,
) -> None:
    """Waits until others on the card leave room for the job, which has its turn; `needed_gib` None: 1 GiB is much.

    `tell` hears in words who has the card, whenever that changes. Raises LeftQueueError where `stopped()` says so.
    """
    needed = None if needed_gib is None else int(needed_gib * GIB)
    told = ""
    while (found := occupied(card)) is not None and found.keeps_out(needed):
        words = waits_for_others(found, needed)
        if words != told:
            told = words
            tell(words)
        deadline = time.monotonic() + look
        while time.monotonic() < deadline:
            if stopped():
                raise LeftQueueError(f"{job.short}: was asked to stop while it waited for the card")
            beat(job)
            time.sleep(min(0.25, look))


def waits_for_others(found: Occupied, needed: int | None) -> str:
    """Whom a job waits for that needs so many bytes."""
    want = "" if needed is None else f"; it needs {needed / GIB:.1f} GiB"
    room = f"{found.free / GIB:.1f} of {found.total / GIB:.1f} GiB are free{want}"
    return f"waits for the card, which others have: {_named(found.occupants)}; {room}"


def _named(occupants: Sequence[Occupant]) -> str:
    if not occupants:
        return "processes that cannot be seen from here"
    more = len(occupants) - _NAMED
    return ", ".join(map(str, occupants[:_NAMED])) + (f" and {more} more" if more > 0 else "")


def _owner(pid: int) -> str | None:
    try:
        return pwd.getpwuid(Path(f"/proc/{pid}").stat().st_uid).pw_name
    except (OSError, KeyError):
        return None


def _ask(*query: str) -> str | None:
    if shutil.which("nvidia-smi") is None:
        return None
    try:
        return subprocess.run(
            ("nvidia-smi", *query),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
