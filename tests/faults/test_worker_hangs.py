"""A worker whose main thread hangs while its heartbeat goes on says so itself."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.events import Event, read_events
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import phase
from ftworkbench.workspace import Workspace

# Steps of a twentieth of a second; the eleventh hangs in a C call until SIGUSR1 comes.
WORKER = """
import os, signal, sys, time
from pathlib import Path
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.heartbeat import heartbeat
from ftworkbench.jobs.state import own_state, write_state
from ftworkbench.worker.watchdog import WatchedLog, watched

job = Job(Path(sys.argv[1]))
log = WatchedLog(job.events, 1)
signal.signal(signal.SIGUSR1, lambda *_: None)

def all_reduce():
    signal.pause()

write_state(job, own_state("running", 1))
with heartbeat(job, every=0.05), watched(log, hangs=float(sys.argv[2])):
    for step in range(1, 15):
        time.sleep(0.05)
        log.emit("progress", what="training", done=step, total=14, unit="steps")
        if step == 10:
            all_reduce()
write_state(job, own_state("done", 1))
"""


def notices(job: Job) -> list[Event]:
    return [event for event in read_events(job.events)[0] if event.kind == "notice"]


def wait_for(what: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def test_a_step_that_hangs_is_told_with_what_a_step_took_and_where_it_stands(tmp_path: Path) -> None:
    job = create_job(Workspace(tmp_path), "train", "", {"recipe": "triage", "args": {}})
    command = [sys.executable, "-c", WORKER, str(job.path), "1.5"]
    with (tmp_path / "log").open("w") as log, subprocess.Popen(command, stderr=log) as worker:
        try:
            wait_for(lambda: notices(job))
            (told,) = notices(job)
            assert (told.fields["code"], told.fields["level"]) == ("stalled", "warning")
            before, _, after = told.fields["text"].partition("; ")
            assert before.startswith("no step for ")
            assert after.startswith("a step took 0.0")
            assert "It stands in all_reduce" in after
            assert "all_reduce" in (tmp_path / "log").read_text()
            assert phase(job) == "running"  # its heartbeat goes on
            time.sleep(0.5)
            assert len(notices(job)) == 1
            worker.send_signal(signal.SIGUSR1)
            assert worker.wait(timeout=20) == 0
        finally:
            worker.kill()


WAITS = """
import sys, threading, time
from pathlib import Path
from ftworkbench.jobs import queue
from ftworkbench.jobs.folder import Job
from ftworkbench.worker.watchdog import WatchedLog, watched

job = Job(Path(sys.argv[1]))
log = WatchedLog(job.events, 1)
began = time.monotonic()
queue._look = lambda *_: ([None], None)  # there is always another job before it
try:
    with watched(log, hangs=0.2):
        queue.take_device("cpu", job, lambda why: None, lambda: time.monotonic() - began > 1.0)
except queue.LeftQueueError:
    print("left")
"""


def test_a_job_that_waits_for_its_turn_does_not_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    job = create_job(Workspace(tmp_path), "train", "", {"recipe": "triage", "args": {}})
    done = subprocess.run([sys.executable, "-c", WAITS, str(job.path)], capture_output=True, text=True, check=True)
    assert done.stdout == "left\n"
    assert notices(job) == []
