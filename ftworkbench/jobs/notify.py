"""The command of the user's that is run when a job ends, by the worker itself: so with the workbench closed, too."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from ftworkbench.printable import one_line

LIMIT = 20.0  # seconds that it may take
_LONGEST = 1000
_PLACE = re.compile(r"\{(job|kind|phase|why)\}")


def filled_in(command: Sequence[str], words: Mapping[str, str]) -> list[str]:
    """The command with {job}, {kind}, {phase} and {why} replaced, in all of its words but the first.

    What they stand for is a part of a word, whatever is in it: there is no shell.
    """
    first, *rest = command
    return [first, *(_PLACE.sub(lambda match: words[match[1]], each) for each in rest)]


def notify(command: Sequence[str], words: Mapping[str, str], folder: Path, limit: float = LIMIT) -> str | None:
    """Runs the command in `folder`; gives what went wrong in one line, None where nothing did. Never raises.

    `words` are those of job, kind, phase and why, which it also has in its environment, as FTWORKBENCH_JOB and so on.
    Its output goes where this process's does. It is killed, with all that it started, after `limit` seconds.
    """
    shown = {name: one_line(text, _LONGEST) for name, text in words.items()}
    named = {f"FTWORKBENCH_{name.upper()}": text for name, text in shown.items()}
    program = one_line(command[0], 60)
    try:
        process = subprocess.Popen(
            filled_in(command, shown),
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env={**os.environ, **named},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return f"launch.notify: {program} could not be started: {error}"
    try:
        code = process.wait(limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return f"launch.notify: {program} was ended: it took longer than {limit:g} s"
    return f"launch.notify: {program} ended with {code}; see worker.log" if code else None
