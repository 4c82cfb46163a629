"""A watch over the worker's main thread, which may hang while its heartbeat goes on."""

from __future__ import annotations

import faulthandler
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import ftworkbench
from ftworkbench.jobs.events import EventLog

HANGS = 600.0  # seconds that the main thread may stand in one place
_SILENT = 6  # so many times as long it may say nothing while it moves: an evaluation, a large file
_LOOKS = 60  # in that time
_KEPT = 64
_OWN = str(Path(ftworkbench.__file__).parent)


class WatchedLog(EventLog):
    """The events of an attempt, and when the last of them came; `rate` says how long a unit of its progress takes."""

    def __init__(self, path: Path, attempt: int, wait: Callable[[], None] | None = None) -> None:
        super().__init__(path, attempt, wait)
        self.last = time.monotonic()
        self.unit = ""
        self._what = ""
        self._progress: deque[tuple[float, float]] = deque(maxlen=_KEPT)

    def emit(self, kind: str, **fields: Any) -> None:
        super().emit(kind, **fields)
        if fields.get("code") != "stalled":
            self.last = time.monotonic()
        if kind == "progress":
            if fields.get("what") != self._what:
                self._progress.clear()
            self._what, self.unit = str(fields.get("what")), str(fields.get("unit") or "")
            self._progress.append((self.last, float(fields.get("done") or 0)))

    def rate(self) -> float | None:
        """Seconds that a unit takes, by the latest progress; None where nothing is known."""
        if len(self._progress) < 2:
            return None
        (began, first), (ended, last) = self._progress[0], self._progress[-1]
        return (ended - began) / (last - first) if last > first else None


@contextmanager
def watched(log: WatchedLog, hangs: float = HANGS) -> Iterator[None]:
    """Watches this thread while the block runs, and says in a notice where it hangs, once, and that it goes on."""
    ended = threading.Event()
    main = threading.get_ident()
    thread = threading.Thread(target=_watch, args=(log, main, hangs, ended), name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _watch(log: WatchedLog, main: int, hangs: float, ended: threading.Event) -> None:
    place: object = None
    since = time.monotonic()
    told = 0.0
    while not ended.wait(hangs / _LOOKS):
        now = time.monotonic()
        frame = sys._current_frames().get(main)
        here = None if frame is None or _waits(frame) else (id(frame), frame.f_lasti)
        if told and log.last > told:
            _tell(log, f"goes on, after {_ago(now - since)}", "info")
            told, since = 0.0, now
        if here is None or here != place:
            place, since = here, now
        silent = now - log.last
        stands = here is not None and min(now - since, silent) > hangs
        if not told and here is not None and (stands or silent > _SILENT * hangs):
            told = now
            _tell(log, _words(log, silent, frame), "warning")
            faulthandler.dump_traceback(all_threads=True)


def _waits(frame: FrameType) -> bool:
    """Whether the thread sleeps because our own code has it do so: it waits for its turn, or for room on the disk."""
    code = frame.f_code
    return code.co_filename.startswith(_OWN) and "sleep" in code.co_names


def _words(log: WatchedLog, silent: float, frame: FrameType | None) -> str:
    unit = log.unit.removesuffix("s") or "word"
    rate = log.rate()
    usual = f"; a {unit} took {rate:.2g} s" if rate is not None else ""
    code = frame.f_code if frame else None
    where = f". It stands in {code.co_name} ({Path(code.co_filename).name}); worker.log has the trace" if code else ""
    return f"no {unit} for {_ago(silent)}{usual}{where}. Stopped now and resumed, it goes on from its checkpoint"


def _ago(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"


def _tell(log: WatchedLog, text: str, level: str) -> None:
    try:
        log.emit("notice", level=level, text=text, code="stalled")
    except OSError:
        return  # nowhere to say it
