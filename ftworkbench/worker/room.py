"""A full disk is waited for: what could not be written is written again once there is room."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ftworkbench.figures import size
from ftworkbench.files import DISK_FULL
from ftworkbench.worker.reasons import chain
from ftworkbench.worker.work import StoppedError, Work

T = TypeVar("T")
_LOOK = 2.0  # seconds between two looks at the disk
# What Rust and C++ make of it: safetensors, and torch's archives.
_TEXTS = ("no space left on device", "disk quota exceeded", "os error 28")
_MAYBE = ("pytorchstreamwriter", "inline_container", "unexpected pos")


def is_full(error: BaseException, where: Path, needed: int) -> bool:
    """Whether the disk being full is what went wrong; `needed` bytes are what was to be written to `where`."""
    for each in chain(error):
        text = str(each).lower()
        if (isinstance(each, OSError) and each.errno in DISK_FULL) or any(part in text for part in _TEXTS):
            return True
        if any(part in text for part in _MAYBE) and shutil.disk_usage(where).free < needed:
            return True
    return False


def with_room(
    work: Work, what: str, needed: int, write: Callable[[], T], clear: Callable[[], object] = lambda: None
) -> T:
    """Does `write`, and again whenever the disk was full, once `needed` bytes are free there.

    `what` names it to people; `clear` takes away what was written of it. Raises StoppedError where the job was asked to
    stop while it waited.
    """
    paused = False
    while True:
        try:
            found = write()
        except Exception as error:
            folder = work.job.path
            if not is_full(error, folder, needed):
                raise
            clear()
            if not paused:
                why = f"paused: the disk is full ({size(shutil.disk_usage(folder).free)} free, {size(needed)} needed)"
                work.notice(f"{why}; {what} is saved when there is room, and the run goes on", "disk-full")
                work.phase("running", why)
            paused = True
            _wait(work, folder, needed)
        else:
            if paused:
                work.notice(f"there is room again: {what} is saved, and the run goes on", "disk-room", level="info")
                work.phase("running")
            return found


def _wait(work: Work, folder: Path, needed: int) -> None:
    time.sleep(_LOOK / 10)
    while shutil.disk_usage(folder).free < needed:
        if work.stopped():
            raise StoppedError("stopped while it waited for room on the disk; it goes on from its last checkpoint")
        time.sleep(_LOOK)
