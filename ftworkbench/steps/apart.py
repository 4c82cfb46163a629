"""Long work by a process of its own, for a screen that stays quick meanwhile and can be left.

`python -m ftworkbench.steps.apart` is that process: it is told on its stdin what to do, and says on its stdout how far
it is and at last what came of it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import IO, Any, TypeVar

from ftworkbench.errors import WorkbenchError

Progress = Callable[[str, int, int], None]
T = TypeVar("T")

_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class _Done:
    result: Any


def apart(
    work: Callable[[Any, Progress], T], wanted: Any, progress: Progress, cancelled: Callable[[], bool]
) -> T | None:
    """What `work(wanted, progress)` gives; None where it was cancelled. `work` is a function of a module.

    Raises the WorkbenchError that `work` does, or one that says that its process has ended.
    """
    command = [sys.executable, "-P", "-m", "ftworkbench.steps.apart"]
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as process,
        Connection(os.dup(_descriptor(process.stdin)), readable=False) as asked,
        Connection(os.dup(_descriptor(process.stdout)), writable=False) as answers,
    ):
        try:
            asked.send((work, wanted))
            while not cancelled():
                if not answers.poll(_LOOK_SECONDS):
                    continue
                told = answers.recv()
                if isinstance(told, _Done):
                    return told.result  # type: ignore[no-any-return]
                if isinstance(told, Exception):
                    raise told
                progress(*told)
            return None
        except (OSError, EOFError):
            raise WorkbenchError("the process that was at work has ended; is there memory enough?") from None
        finally:
            process.kill()


def _descriptor(pipe: IO[bytes] | None) -> int:
    assert pipe is not None
    return pipe.fileno()


def _serve(asked: Connection, answers: Connection) -> None:
    work, wanted = asked.recv()

    def progress(what: str, done: int, total: int) -> None:
        answers.send((what, done, total))

    try:
        answers.send(_Done(work(wanted, progress)))
    except WorkbenchError as error:
        answers.send(error)


if __name__ == "__main__":
    # Pickles name the classes of the module, not those of __main__.
    from ftworkbench.steps.apart import _serve as serve

    os.nice(5)
    serve(Connection(0, writable=False), Connection(1, readable=False))
