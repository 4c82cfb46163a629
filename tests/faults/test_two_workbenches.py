"""Two workbenches on one workspace show the same; a decision or a stop from either is seen by the other."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from terminal import Terminal, workbench

import ftworkbench
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.launch import stop, submit
from ftworkbench.jobs.state import ALIVE, phase, read_state
from ftworkbench.machine import process_start
from ftworkbench.recipe.read import parse
from ftworkbench.workspace import Workspace

RECIPE = """\
[model]
model_id = "pocket"
[data]
train = "train.jsonl"
[launch]
device = "cpu"
"""
# Trains as a worker that is in no hurry, and stops when it is asked to.
WORKER = """
import sys, time
from pathlib import Path
from ftworkbench.jobs.events import EventLog
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.heartbeat import heartbeat
from ftworkbench.jobs.state import own_state, write_state

job = Job(Path(sys.argv[1]))
log = EventLog(job.events, 1)
def enter(phase, why=""):
    write_state(job, own_state(phase, 1, why))
    log.emit("phase", phase=phase, why=why)
with heartbeat(job, every=1.0):
    enter("running")
    step = 0
    while not job.stop_file.exists():
        step += 1
        log.emit("metric", step=step, values={"loss": 3.0 / step})
        log.emit("progress", what="training", done=step, total=5000, unit="steps")
        time.sleep(0.1)
    enter("stopped", f"stopped at step {step}, as it was asked to")
"""
QUESTIONS = [f"{word} parcel is late" for word in ("The first", "A second", "My third", "Her fourth", "This fifth")]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "slow_worker.py").write_text(WORKER)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'code'}:{Path(ftworkbench.__file__).parents[1]}")
    root = tmp_path / "desk"
    root.mkdir()
    (root / "desk.toml").write_text(RECIPE)
    with (root / "train.jsonl").open("w") as file:
        for question in QUESTIONS:
            turns = [{"role": "user", "content": question}, {"role": "assistant", "content": "delivery"}]
            file.write(json.dumps({"messages": turns}) + "\n")
    return root


@pytest.fixture
def two(desk: Path, tmp_path: Path) -> Iterator[tuple[Terminal, Terminal]]:
    env = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_STATE_HOME": str(tmp_path / "state")}
    with ExitStack() as stack:
        yield tuple(stack.enter_context(workbench(desk, env={**os.environ, **env})) for _ in range(2))  # type: ignore[misc]


def row_of(terminal: Terminal, question: str) -> str:
    return next((row[:50] for row in terminal.rows if question[:12] in row[:50]), "")  # in the list, not beside it


def test_a_decision_of_either_is_seen_by_the_other(two: tuple[Terminal, Terminal]) -> None:
    one, other = two
    for terminal in two:
        terminal.wait(QUESTIONS[4][:12])
        assert "✔" not in row_of(terminal, QUESTIONS[0])
    one.press("a")
    one.wait(lambda _: "✔" in row_of(one, QUESTIONS[0]))
    other.wait(lambda _: "✔" in row_of(other, QUESTIONS[0]))
    other.press("j", "x")
    other.wait(lambda _: "✘" in row_of(other, QUESTIONS[1]))
    one.wait(lambda _: "✘" in row_of(one, QUESTIONS[1]))
    one.press("u")  # takes back the last decision that the user made, wherever that was
    one.wait(lambda _: "✘" not in row_of(one, QUESTIONS[1]))
    other.wait(lambda _: "✘" not in row_of(other, QUESTIONS[1]))


def test_a_job_and_its_stop_are_seen_by_both_and_both_call_their_users(
    two: tuple[Terminal, Terminal], desk: Path
) -> None:
    recipe = parse(RECIPE, "desk")
    job = submit(Workspace(desk), "train", recipe, {}, hashes={}, module="slow_worker")
    try:
        for terminal in two:
            terminal.press("3")
            terminal.wait(lambda text: job.short in text and "running" in text and "/5,000" in text)
        two[0].press("s")
        two[0].wait("Stop desk-")
        two[0].press("s")
        for terminal in two:
            terminal.wait(lambda text: "stopped at step" in text)
            terminal.wait(lambda _, shown=terminal: called(shown, job))
        assert phase(job) == "stopped"
    finally:
        if phase(job) in ALIVE:
            stop(job, now=True, grace=1.0)


def called(terminal: Terminal, job: Job) -> bool:
    return f"\a\x1b]9;ftworkbench: {job.short} stopped\x1b\\".encode() in terminal.raw


def test_a_job_that_hangs_is_lost_in_words_and_can_be_ended_there(desk: Path, tmp_path: Path) -> None:
    job = submit(Workspace(desk), "train", parse(RECIPE, "desk"), {}, hashes={}, module="slow_worker")
    wait_until_it_runs(job)
    state = read_state(job)
    assert state is not None
    assert state.pid is not None
    os.kill(state.pid, signal.SIGSTOP)
    long_ago = time.time() - 300
    for path in (job.heartbeat, job.events, job.state):
        os.utime(path, (long_ago, long_ago))
    env = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_STATE_HOME": str(tmp_path / "state")}
    try:
        with workbench(desk, env={**os.environ, **env}) as terminal:
            terminal.press("3")
            terminal.wait(f"Its process {state.pid} is stopped (SIGSTOP)")
            terminal.press("S")
            terminal.wait("It gives no sign of life.")
            terminal.press("S")
            terminal.wait(lambda text: "stopped" in text and "killed" in text, seconds=30)
        assert process_start(state.pid) is None
    finally:
        if process_start(state.pid) is not None:
            os.killpg(state.pid, signal.SIGKILL)


def wait_until_it_runs(job: Job) -> None:
    deadline = time.monotonic() + 30
    while phase(job) != "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
