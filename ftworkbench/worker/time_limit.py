"""A limit to the time that code which is not ours may take, such as a chat template's."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TookTooLongError(Exception):
    """The block was broken off."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raises TookTooLongError in the block once this thread has computed in it for so many seconds.

    Time in which the machine does something else, or sleeps, doesn't count. Python's loops and the multiplication of
    large numbers are broken off; other work of C, such as making a large text, is not. Has no effect outside of the
    main thread, where no signal comes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    end = time.thread_time() + seconds
    armed = True

    def look(number: int, frame: FrameType | None) -> None:
        left = end - time.thread_time()
        if armed and left <= 0:
            raise TookTooLongError
        if armed:
            signal.setitimer(signal.ITIMER_REAL, max(left, 0.001))

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        armed = False  # a signal that comes from here on is too late to matter
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
