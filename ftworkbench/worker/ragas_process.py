"""The process that works out RAGAS's metrics, in the environment that has the library."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from ftworkbench.errors import JobError
from ftworkbench.printable import one_line
from ftworkbench.worker.work import Work

_SCRIPT = Path(__file__).with_name("ragas_script.py")
_LOOK = 0.2
_ENDS_WITHIN = 2.0  # seconds, once its output is closed
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE")


class MissingError(Exception):
    """The environment has no ragas that can be used."""


class RagasProcess:
    """Says what the process says, line by line. Its log is the job's."""

    def __init__(self, work: Work, process: subprocess.Popen[str]) -> None:
        self._work = work
        self._process = process
        self._lines: Queue[str] = Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def send(self, **fields: Any) -> None:
        """Raises JobError where nobody listens any more."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(fields) + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._ended() from error

    def _ended(self) -> JobError:
        """How it ended, in words."""
        try:
            status = self._process.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            status = None  # it says nothing more, and is there all the same
        how = f"was killed by {_signal_name(-status)}" if status is not None and status < 0 else "ended"
        return JobError(f"ragas {how} in mid-work; worker.log has its last words. Resume the job")

    def hear(self) -> Mapping[str, Any]:
        """The next thing that it says. Raises MissingError, StoppedError, JobError where it ended before its end."""
        while True:
            self._work.leave_if_stopped()
            try:
                line = self._lines.get(timeout=_LOOK)
            except Empty:
                continue
            if not line:
                raise self._ended()
            try:
                said = json.loads(line)
            except ValueError:
                raise JobError(f"ragas said what cannot be read: {one_line(line, 80)}") from None
            if isinstance(said, dict):
                if "missing" in said:
                    raise MissingError(one_line(str(said["missing"]), 200))
                return said


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


@contextlib.contextmanager
def ragas_process(work: Work, python: Path, items: Sequence[Mapping[str, Any]]) -> Iterator[RagasProcess]:
    """The process at work on the items; ended with the block. Raises MissingError where it cannot be started.

    It speaks to no server, so it is told no key and nothing of one; whatever its libraries would send is turned off.
    """
    private = work.job.path / ".ragas"
    private.mkdir(exist_ok=True)
    own = {name: os.environ[name] for name in _KEPT if name in os.environ}
    own |= {
        "RAGAS_DO_NOT_TRACK": "true",
        "LANGSMITH_TRACING": "false",
        "LANGCHAIN_TRACING_V2": "false",
        "DO_NOT_TRACK": "1",
        "ANONYMIZED_TELEMETRY": "false",
        "HF_HUB_OFFLINE": "1",
        "XDG_DATA_HOME": str(private),  # the library writes an id of its user there, were it to track
        "XDG_CACHE_HOME": str(private),
        "PYTHONUTF8": "1",
    }
    try:
        process = subprocess.Popen(
            # -I: neither the environment nor a file of the folder that it runs in may stand for a library.
            [str(python), "-I", str(_SCRIPT), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=private,
            env=own,
        )
    except OSError as error:
        raise MissingError(f"{one_line(str(python), 120)} cannot be run: {error.strerror}") from error
    try:
        library = RagasProcess(work, process)
        with contextlib.suppress(JobError):  # why it is gone already is heard from it
            library.send(items=list(items))
        yield library
    finally:
        process.kill()
        process.wait()
        with contextlib.suppress(OSError):
            assert process.stdin is not None
            process.stdin.close()
        shutil.rmtree(private, ignore_errors=True)
