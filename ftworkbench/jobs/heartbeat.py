"""A worker's sign of life: a process alone says too little, and nothing at all on another host."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ftworkbench.files import write_json
from ftworkbench.jobs.cgroup import memory_kills, own_group
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import SILENCE

EVERY = SILENCE / 6


def beat(job: Job) -> None:
    """Says that the job's worker is alive now."""
    job.heartbeat.touch(mode=0o600)


def _begin(job: Job) -> None:
    """The first beat. The file says how many of its group were killed for memory before: see `lost`."""
    beat(job)
    group = own_group()
    kills = memory_kills(group)
    if kills is not None:
        with suppress(OSError):  # a full disk: it is a hint, and no more
            write_json(job.heartbeat, {"group": group, "memory_kills": kills})


@contextmanager
def heartbeat(job: Job, every: float = EVERY) -> Iterator[None]:
    """Says so every `every` seconds while the block runs, from a thread of its own."""
    ended = threading.Event()

    def go_on() -> None:
        while not ended.wait(every):
            try:
                beat(job)
            except OSError:  # a full disk, or the folder was removed: the next beat may get through
                continue

    _begin(job)
    thread = threading.Thread(target=go_on, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
