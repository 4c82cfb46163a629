"""Workers by fork: one process imports the libraries, and each line of its stdin, a folder, gets a child for its job.

A worker takes seconds to import; so a hundred of them can be killed in minutes. Writes the pid of each child.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from ftworkbench.jobs.folder import Job
from ftworkbench.worker import train  # noqa: F401
from ftworkbench.worker.__main__ import EXIT_AGAIN, asked_to_stop, do_job


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        job = Job(Path(line.strip()))
        child = os.fork()
        if child == 0:
            _be_a_worker(job)
        print(child, flush=True)


def _be_a_worker(job: Job) -> None:
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(job.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    code = EXIT_AGAIN
    while code == EXIT_AGAIN:
        code = do_job(job, asked_to_stop())
    os._exit(code)


if __name__ == "__main__":
    main()
