"""A worker that is stopped, hangs or is gone is lost, in words; and two never write one folder."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ftworkbench
from ftworkbench.errors import JobError
from ftworkbench.files import write_json
from ftworkbench.jobs import follow as following
from ftworkbench.jobs import kernel, lost
from ftworkbench.jobs import state as states
from ftworkbench.jobs.bin import remove
from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.events import read_events
from ftworkbench.jobs.folder import Job, list_jobs
from ftworkbench.jobs.follow import follow
from ftworkbench.jobs.launch import resume, stop, submit
from ftworkbench.jobs.lost import why_lost
from ftworkbench.jobs.state import has_process, phase, read_state, write_state
from ftworkbench.jobs.waiting import waits_for
from ftworkbench.machine import process_start
from ftworkbench.recipe.read import parse
from ftworkbench.steps.jobs import summary
from ftworkbench.worker.__main__ import with_kernel_words
from ftworkbench.workspace import Workspace

# A worker that beats, with a child, and writes a step every so often. Its second attempt ends at once.
BEATING = """
import subprocess, sys, time
from pathlib import Path
from ftworkbench.jobs.events import EventLog
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.heartbeat import heartbeat
from ftworkbench.jobs.state import own_state, read_state, write_state

job = Job(Path(sys.argv[1]))
attempt = read_state(job).attempt
log = EventLog(job.events, attempt)
with heartbeat(job, every=0.05):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (job.path / f"child-{attempt}").write_text(str(child.pid))
    write_state(job, own_state("running", attempt))
    log.emit("phase", phase="running", why="")
    for step in range(1, 6000 if attempt == 1 else 2):
        log.emit("metric", step=step, values={"loss": 1.0})
        time.sleep(0.05)
    child.kill()
    write_state(job, own_state("done", attempt))
    log.emit("phase", phase="done", why="")
"""


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Job]:
    """A job that runs; silence counts after two seconds."""
    code = tmp_path / "code"
    code.mkdir()
    (code / "beating.py").write_text(BEATING)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(code), str(Path(ftworkbench.__file__).parents[1])]))
    monkeypatch.setattr(states, "SILENCE", 2.0)
    monkeypatch.setattr(following, "_WAKES", 0.5)
    (tmp_path / "desk").mkdir()
    recipe = parse('[model]\nmodel_id = "pocket"\n[data]\ntrain = "train.jsonl"\n', "triage")
    made = submit(Workspace(tmp_path / "desk"), "train", recipe, {}, hashes={}, module="beating")
    wait_for(lambda: stepped(made) > 0)
    yield made
    if has_process(state_of(made)):
        os.killpg(pid_of(made), signal.SIGKILL)


def state_of(job: Job) -> states.State:
    state = read_state(job)
    assert state is not None
    return state


def pid_of(job: Job) -> int:
    pid = state_of(job).pid
    assert pid is not None
    return pid


def wait_for(what: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def stepped(job: Job) -> int:
    return sum(event.kind == "metric" for event in read_events(job.events)[0])


def test_a_stopped_worker_is_lost_with_its_process_named_and_found_again_when_it_goes_on(job: Job) -> None:
    os.kill(pid_of(job), signal.SIGSTOP)
    wait_for(lambda: phase(job) == "lost")
    assert f"process {pid_of(job)} is stopped" in why_lost(job)
    assert f"kill -CONT {pid_of(job)}" in str(summary(job, list_jobs(job.workspace))["why"])
    assert [event for event in follow(job, poll=0.05) if event.kind == "phase"][-1].fields["phase"] == "running"
    os.kill(pid_of(job), signal.SIGCONT)
    wait_for(lambda: phase(job) == "running")


def test_who_follows_a_worker_that_slept_for_a_moment_goes_on_with_it(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_WAKES", 10.0)
    os.kill(pid_of(job), signal.SIGSTOP)
    wait_for(lambda: phase(job) == "lost")
    events = follow(job, poll=0.05)
    seen = next(events).seq
    os.kill(pid_of(job), signal.SIGCONT)
    before = stepped(job)
    while seen < before + 20:
        seen = next(events).seq


def test_resuming_a_job_that_hangs_kills_it_first_with_its_children(job: Job) -> None:
    hung, child = pid_of(job), int((job.path / "child-1").read_text())
    os.kill(hung, signal.SIGSTOP)
    with pytest.raises(JobError, match="stop it before you resume it"):
        resume(job)  # not lost yet
    wait_for(lambda: phase(job) == "lost")
    resume(job)
    assert process_start(hung) is None
    wait_for(lambda: process_start(child) is None)
    assert {event.attempt for event in follow(job, poll=0.05)} == {1, 2}
    assert phase(job) == "done"


def test_a_job_that_hangs_is_not_moved_away_from_under_its_process(job: Job) -> None:
    os.kill(pid_of(job), signal.SIGSTOP)
    wait_for(lambda: phase(job) == "lost")
    with pytest.raises(JobError, match="its process is still there; stop it now"):
        remove(job)


def test_a_job_that_hangs_can_be_ended(job: Job) -> None:
    hung = pid_of(job)
    os.kill(hung, signal.SIGSTOP)
    wait_for(lambda: phase(job) == "lost")
    stop(job, now=True, grace=0.3)
    assert process_start(hung) is None
    assert phase(job) == "stopped"


def test_a_worker_that_was_killed_is_lost_at_once_and_said_to_be_gone(job: Job) -> None:
    os.kill(pid_of(job), signal.SIGKILL)
    wait_for(lambda: phase(job) == "lost", seconds=1.5)
    assert why_lost(job).startswith("its process is gone")


def test_the_kernels_own_words_are_among_the_reason(job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal_says(tmp_path, monkeypatch, f"Out of memory: Killed process {pid_of(job)} (python) total-vm:1kB")
    os.kill(pid_of(job), signal.SIGKILL)
    wait_for(lambda: phase(job) == "lost")
    assert why_lost(job) == "its process is gone: the kernel killed it: out of memory"


def journal_says(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A kernel that has just said this."""
    (folder / "bin").mkdir()
    journal = folder / "bin" / "journalctl"
    journal.write_text(f"#!/bin/sh\necho '{time.time() + 1:.6f} box kernel: {text}'\n")
    journal.chmod(0o755)
    monkeypatch.setenv("PATH", f"{journal.parent}:{os.environ['PATH']}")


def test_a_card_that_fell_off_the_bus_is_said_where_cuda_only_says_that_it_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal_says(tmp_path, monkeypatch, "NVRM: Xid (PCI:0000:65:00): 79, GPU has fallen off the bus.")
    why = with_kernel_words("AcceleratorError: CUDA error: unspecified launch failure", time.time())
    assert why == "AcceleratorError: CUDA error: unspecified launch failure; the GPU fell off the bus (Xid 79)"
    assert with_kernel_words("KeyError: 'messages'", time.time()) == "KeyError: 'messages'"


def test_where_the_kernels_log_is_not_to_be_read_its_group_tells(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    kernel._known[0] = kernel._Log()
    os.kill(pid_of(job), signal.SIGKILL)
    wait_for(lambda: phase(job) == "lost")
    write_json(job.heartbeat, {"group": "/", "memory_kills": 3})
    monkeypatch.setattr(lost, "memory_kills", lambda group: 3)
    assert "memory" not in why_lost(job)
    monkeypatch.setattr(lost, "memory_kills", lambda group: 4)
    assert "the kernel killed it, or another of this container, for lack of memory" in why_lost(job)


def test_who_waits_for_a_job_that_hangs_is_told_so(job: Job) -> None:
    other = create_job(job.workspace, "train", "", {"recipe": "other", "args": {}})
    assert waits_for(other, [job.path]) == f"waits for {job.short} (train)"
    os.kill(pid_of(job), signal.SIGSTOP)
    wait_for(lambda: phase(job) == "lost")
    assert waits_for(other, [job.path]) == f"waits for {job.short} (train), which gives no sign of life: stop it"


def test_after_the_machine_slept_a_worker_has_time_to_beat(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "_slept", [0.0, -math.inf])
    slept = 0.0
    monkeypatch.setattr(time, "clock_gettime", lambda clock: time.monotonic() + slept)
    assert phase(job) == "running"
    os.kill(pid_of(job), signal.SIGSTOP)  # as all processes are while the machine sleeps
    time.sleep(2.5)
    slept = 3600.0
    assert phase(job) == "running"
    wait_for(lambda: phase(job) == "lost")  # it did not wake


def test_a_job_of_an_earlier_boot_says_that_the_machine_was_started_anew(job: Job) -> None:
    os.killpg(pid_of(job), signal.SIGKILL)
    write_state(job, states.State(phase="running", pid=pid_of(job), boot_id="another", host=state_of(job).host))
    assert phase(job) == "lost"
    assert why_lost(job) == "this machine was started anew while it ran"
