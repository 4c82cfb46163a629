"""A worker's sign of life: a process alone says too little, and nothing at all on another host."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import SILENCE

EVERY = SILENCE / 6


def beat(job: Job) -> None:
    """Says that the job's worker is alive now."""
    job.heartbeat.touch(mode=0o600)


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

    beat(job)
    thread = threading.Thread(target=go_on, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
