"""A check by a process of its own, for a screen that stays quick meanwhile and can be left.

`python -m ftworkbench.steps.check_apart` is that process: it reads what to check on its stdin, and writes how far it is
and at last the report to its stdout.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO

from ftworkbench.data.check import Report
from ftworkbench.errors import WorkbenchError
from ftworkbench.steps.check import Progress, check_paths, check_recipe
from ftworkbench.steps.recipe import Opened
from ftworkbench.steps.token_check import with_tokens

_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Wanted:
    """What is to be checked: the files of a recipe, or one file; with `tokens`, by the recipe's tokenizer too."""

    opened: Opened | None
    path: Path
    tokens: bool = False


def check_apart(wanted: Wanted, progress: Progress, cancelled: Callable[[], bool]) -> Report | None:
    """The report; None where it was cancelled. Raises WorkbenchError where the check does, or its process ends."""
    command = [sys.executable, "-P", "-m", "ftworkbench.steps.check_apart"]
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as process,
        Connection(os.dup(_descriptor(process.stdin)), readable=False) as asked,
        Connection(os.dup(_descriptor(process.stdout)), writable=False) as answers,
    ):
        try:
            asked.send(wanted)
            while not cancelled():
                if not answers.poll(_LOOK_SECONDS):
                    continue
                told = answers.recv()
                if isinstance(told, Report):
                    return told
                if isinstance(told, Exception):
                    raise told
                progress(*told)
            return None
        except (OSError, EOFError):
            raise WorkbenchError("the process that checked has ended; is there memory enough?") from None
        finally:
            process.kill()


def _descriptor(pipe: IO[bytes] | None) -> int:
    assert pipe is not None
    return pipe.fileno()


def _serve(asked: Connection, answers: Connection) -> None:
    wanted: Wanted = asked.recv()

    def progress(what: str, done: int, total: int) -> None:
        answers.send((what, done, total))

    try:
        answers.send(_checked(wanted, progress))
    except WorkbenchError as error:
        answers.send(error)


def _checked(wanted: Wanted, progress: Progress) -> Report:
    if wanted.opened is None:
        return check_paths([wanted.path], None, progress)
    report = check_recipe(wanted.opened, progress)
    return with_tokens(wanted.opened, report, progress).report if wanted.tokens else report


if __name__ == "__main__":
    # Pickles name the classes of the module, not those of __main__.
    from ftworkbench.steps.check_apart import _serve as serve

    os.nice(5)
    serve(Connection(0, writable=False), Connection(1, readable=False))
