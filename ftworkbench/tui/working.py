"""What the workbench does off the event loop, and what it says of it."""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from textual.app import App
from textual.message import Message
from textual.notifications import Notify

from ftworkbench import paths
from ftworkbench.errors import WorkbenchError
from ftworkbench.printable import attention, one_line

T = TypeVar("T")
# More lines than these would cover what they are about.
_MOST_LINES = 2
_READ_SECONDS = 1.5


class Launched(Message, bubble=False):
    """What `launch` ran in a group has ended; `then` is what comes next, on the event loop."""

    def __init__(self, group: str, then: Callable[[], object]) -> None:
        super().__init__()
        self.group = group
        self.then = then


class WorkingApp(App[None], inherit_bindings=False):
    """An app that works in threads, one piece of work at a time in a group, and says in a line what went wrong."""

    def __init__(self) -> None:
        super().__init__()
        self._busy: set[str] = set()

    def tell(self, text: str, severity: str = "information") -> None:
        """One line at the edge of the screen; `severity` is information, warning or error.

        Information gives way to the next line; of warnings and errors the oldest to a third. One that is there already
        begins its time anew.
        """
        levels = {"warning": "warning", "error": "error"}
        self.notify(one_line(text, 400), severity=levels.get(severity, "information"), markup=False)  # type: ignore[arg-type]

    def call_back(self, text: str) -> None:
        """Has the terminal call somebody who looks elsewhere. Nothing where there is no terminal."""
        if self._driver is not None and not self.is_headless:
            self._driver.write(attention(text, os.environ))

    def on_notify(self, event: Notify) -> None:
        """Makes room for a line, before it is shown."""
        self.forget_passing(at_once=True)
        others = [each for each in self._notifications if each.message != event.notification.message]
        same = [each for each in self._notifications if each.message == event.notification.message]
        for each in same + others[: 1 - _MOST_LINES]:
            self._unnotify(each, refresh=False)

    def forget_passing(self, *, at_once: bool = False) -> None:
        """Takes away what was only said in passing, and was read by now: it is in the way of the next key."""
        read = time.time() - (0.0 if at_once else _READ_SECONDS)
        passing = [each for each in self._notifications if each.severity == "information" and each.raised_at <= read]
        for each in passing:
            self._unnotify(each, refresh=each is passing[-1])

    def tell_error(self, doing: str, error: BaseException) -> None:
        """Says an error in one line; the trace of one that we did not foresee goes to a file of its own."""
        if isinstance(error, WorkbenchError):
            self.tell(str(error), "error")
            return
        log = paths.state_dir() / "workbench.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            traceback.print_exception(error, file=file)
        self.tell(f"{doing} failed: {type(error).__name__}: {error} (more in {log})", "error")

    def launch(
        self,
        work: Callable[[], T],
        then: Callable[[T], object] | None = None,
        *,
        doing: str = "this",
        group: str = "launch",
        failed: Callable[[BaseException], object] | None = None,
        quiet: bool = False,
    ) -> bool:
        """Runs `work` in a thread, then `then` with its result on the event loop. One at a time in a group.

        An error becomes a line on the screen, and is given to `failed`; with `quiet` only that, unless it is one
        that nobody foresaw. False where the group is at work already.
        """
        if group in self._busy:
            self.tell(f"still {doing}")
            return False

        def report(error: Exception) -> None:
            if not (quiet and isinstance(error, WorkbenchError)):
                self.tell_error(doing, error)
            if failed is not None:
                failed(error)

        def run() -> None:
            try:
                result = work()
            except Exception as error:
                self.post_message(Launched(group, partial(report, error)))
            else:
                self.post_message(Launched(group, (lambda: None) if then is None else partial(then, result)))

        self._busy.add(group)
        self.run_worker(run, thread=True, group=group, name=doing, exit_on_error=False)
        return True

    def is_busy(self, group: str) -> bool:
        """Whether `launch` is at work in this group."""
        return group in self._busy

    def on_launched(self, message: Launched) -> None:
        self._busy.discard(message.group)
        message.then()
