"""SIGKILL at any moment of a training: every resume succeeds, and ends on the weights of the run that nobody killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from safetensors.torch import load_file
from tiny import events, losses, make_workspace, new_job, notices

from ftworkbench.jobs.folder import Job, result
from ftworkbench.jobs.state import ENDED, State, phase, put_state, read_state, state_guard
from ftworkbench.machine import process_start
from ftworkbench.recipe.tables import Recipe
from ftworkbench.workspace import Workspace

KILLS = int(os.environ.get("FTWORKBENCH_KILLS", "6"))
_LONGEST = 120.0  # seconds that a run of this size may take on any machine


class Workers:
    """Workers of one forking process, one at a time."""

    def __init__(self) -> None:
        path = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path[1:]])
        self._server = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("forking.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path, "HF_HUB_OFFLINE": "1"},
            text=True,
        )

    def start(self, job: Job) -> int:
        """Starts the worker of a job's next attempt; gives its pid."""
        state = read_state(job)
        if state is not None and state.pid is not None:
            with state_guard(job):
                again = State(phase="queued", boot_id=state.boot_id, host=state.host, attempt=state.attempt + 1, t=1.0)
                put_state(job, again)
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        print(job.path, file=self._server.stdin, flush=True)
        return int(self._server.stdout.readline())

    def close(self) -> None:
        self._server.kill()
        self._server.wait()


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    found = Workers()
    yield found
    found.close()


def _run_out(job: Job, pid: int) -> None:
    deadline = time.monotonic() + _LONGEST
    while process_start(pid) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert phase(job) == "done", (read_state(job), job.log.read_text()[-2000:])


def _is_running(job: Job, attempt: int) -> bool:
    return any(each.attempt == attempt and each.fields["phase"] == "running" for each in events(job, "phase"))


def _same(job: Job, whole: Job) -> None:
    assert losses(job) == losses(whole)
    ours, theirs = (load_file(each.adapter / "adapter_model.safetensors") for each in (job, whole))
    assert all(ours[name].equal(theirs[name]) for name in theirs)
    one, other = result(job) or {}, result(whole) or {}
    assert [one[name] for name in ("steps", "tokens", "train_loss", "eval_loss")] == [
        other[name] for name in ("steps", "tokens", "train_loss", "eval_loss")
    ]
    assert "damaged-checkpoint" not in notices(job)


@pytest.fixture(scope="module")
def whole(workers: Workers, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Recipe, Job, float]:
    """The run that nobody kills, and the seconds that it took once it ran."""
    workspace, recipe = make_workspace(
        tmp_path_factory.mktemp("killed") / "colours",
        "pocket",
        train__max_steps=12,
        train__save_steps=1,
        train__eval_strategy="steps",
        train__eval_steps=4,
        train__learning_rate=1e-3,
        method__samples=1,
        method__row_losses=False,
        launch__threads=2,
    )
    job = new_job(workspace, "train", recipe)
    _run_out(job, workers.start(job))
    told = events(job)
    began = next(each.t for each in told if each.kind == "phase" and each.fields["phase"] == "running")
    return workspace, recipe, job, told[-1].t - began


def test_killed_at_random_moments_a_run_ends_as_the_unbroken_one(
    workers: Workers, whole: tuple[Workspace, Recipe, Job, float]
) -> None:
    workspace, recipe, unbroken, seconds = whole
    draw = random.Random(KILLS)
    job = new_job(workspace, "train", recipe)
    killed, finished = 0, 0
    while killed < KILLS:
        pid = workers.start(job)
        state = read_state(job)
        assert state is not None
        if draw.random() > 0.1:  # else while it loads
            while not _is_running(job, state.attempt) and process_start(pid) is not None:
                time.sleep(0.01)
        time.sleep(draw.uniform(0, seconds / 2))
        if process_start(pid) is not None:
            os.kill(pid, signal.SIGKILL)
            killed += 1
        while process_start(pid) is not None:
            time.sleep(0.01)
        if phase(job) in ENDED:
            _run_out(job, pid)
            _same(job, unbroken)
            finished += 1
            job = new_job(workspace, "train", recipe)
        else:
            assert phase(job) == "lost"
    if read_state(job) is not None:
        _run_out(job, workers.start(job))
        _same(job, unbroken)
    print(f"{killed} kills, {finished + 1} runs ended on the unbroken weights")
