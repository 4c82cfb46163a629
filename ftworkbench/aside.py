"""Work by a process beside this one, so that this one stays quick, and can be left.

`python -m ftworkbench.aside` is that process: it is told on its stdin what to do, says on its stdout how far it is and
what came of it, and ends when its stdin does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import IO, Any, TypeVar

from ftworkbench.errors import WorkbenchError

Progress = Callable[[str, int, int], None]
"""Takes what is being done, how much of it is done, and of how much."""

T = TypeVar("T")

_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class _Done:
    result: Any


class Aside:
    """A process that does one thing after the other. What it is given, and what it gives, is pickled."""

    def __init__(self, *, nice: int = 0, environment: Mapping[str, str] | None = None) -> None:
        # -P: what lies in the folder where somebody works is none of our modules.
        command = [sys.executable, "-P", "-m", "ftworkbench.aside", str(nice)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
        )
        self._asked = Connection(_own(self._process.stdin), readable=False)
        self._answers = Connection(_own(self._process.stdout), writable=False)

    def do(
        self,
        work: Callable[[Any, Progress], T],
        given: Any,
        progress: Progress = lambda *_: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> T | None:
        """What `work(given, progress)`, a function of a module, gives there; None where it was cancelled.

        Raises the WorkbenchError that it does, or one that says that the process has ended.
        """
        try:
            self._asked.send((work, given))
            while not cancelled():
                if not self._answers.poll(_LOOK_SECONDS):
                    continue
                told = self._answers.recv()
                if isinstance(told, _Done):
                    return told.result  # type: ignore[no-any-return]
                if isinstance(told, Exception):
                    raise told
                progress(*told)
            return None
        except (OSError, EOFError):
            ended = self._process.wait()
            raise WorkbenchError(f"a process of the workbench ended with {ended}; is there memory enough?") from None

    def __enter__(self) -> Aside:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._asked.close()
        self._answers.close()


def _own(pipe: IO[bytes] | None) -> int:
    """The descriptor of a pipe, which is then ours to close."""
    assert pipe is not None
    descriptor = os.dup(pipe.fileno())
    pipe.close()
    return descriptor


def aside(
    work: Callable[[Any, Progress], T], given: Any, progress: Progress, cancelled: Callable[[], bool]
) -> T | None:
    """What `work(given, progress)` gives, by a process of its own that makes way; None where it was cancelled.

    Raises as `Aside.do`.
    """
    with Aside(nice=5) as process:
        return process.do(work, given, progress, cancelled)


def _serve(asked: Connection, answers: Connection) -> None:
    def progress(what: str, done: int, total: int) -> None:
        answers.send((what, done, total))

    while True:
        try:
            work, given = asked.recv()
        except EOFError:
            return
        try:
            answers.send(_Done(work(given, progress)))
        except WorkbenchError as error:
            answers.send(error)


if __name__ == "__main__":
    # Pickles name the classes of the module, not those of __main__.
    from ftworkbench.aside import _serve as serve

    os.nice(int(sys.argv[1]))
    serve(Connection(0, writable=False), Connection(1, readable=False))
