from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file
from tiny import events, losses, make_workspace, new_job, notices, run_job

from ftworkbench.jobs.folder import Job, result
from ftworkbench.jobs.state import State, phase, put_state, read_state, state_guard
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker.__main__ import do_job
from ftworkbench.worker.checkpoints import newest, verify
from ftworkbench.workspace import Workspace

Trained = tuple[Workspace, Recipe, Job]


def _stop_at(job: Job, step: int) -> Callable[[], bool]:
    """Says to stop at the end of a step; it is asked before that step's loss is told."""

    def stopped() -> bool:
        running = any(event.fields["phase"] == "running" for event in events(job, "phase"))
        return running and max(losses(job), default=0) >= step - 1

    return stopped


def _next_attempt(job: Job) -> None:
    """What resuming does to the folder, without starting a process."""
    state = read_state(job)
    assert state is not None
    job.stop_file.unlink(missing_ok=True)
    with state_guard(job):
        put_state(job, State(phase="queued", boot_id=state.boot_id, host=state.host, attempt=state.attempt + 1, t=1.0))


def _same_as_unbroken(job: Job, whole: Job) -> None:
    assert phase(job) == "done", (read_state(job), notices(job))
    assert losses(job) == losses(whole)
    ours, theirs = (load_file(each.adapter / "adapter_model.safetensors") for each in (job, whole))
    assert all(ours[name].equal(theirs[name]) for name in theirs)
    one, other = result(job), result(whole)
    assert one is not None
    assert other is not None
    for name in ("steps", "train_loss", "eval_loss", "tokens", "adapter_sha256"):
        assert one[name] == other[name], name


@pytest.mark.parametrize("step", [1, 4, 6], ids=["mid-epoch", "end of an epoch", "where a checkpoint is due"])
def test_stopped_and_resumed_is_bit_for_bit_the_unbroken_run(trained: Trained, step: int) -> None:
    workspace, recipe, whole = trained
    job = new_job(workspace, "train", recipe)
    do_job(job, _stop_at(job, step))
    state = read_state(job)
    assert state is not None
    assert (state.phase, max(losses(job))) == ("stopped", step)
    assert f"stopped at step {step} of 8" in state.why
    assert newest(job.checkpoints, pytest.fail) is not None
    assert (job.adapter / "adapter_config.json").is_file()
    _next_attempt(job)
    do_job(job)
    _same_as_unbroken(job, whole)
    assert f"goes on from step {step}" in notices(job)["resumed"]


@pytest.mark.parametrize("start", ["pissa", "pissa_niter_4", "olora", "eva"])
def test_however_an_adapter_began_it_is_resumed_to_the_bit(model: Path, tmp_path: Path, start: str) -> None:
    options = {"lora__init_lora_weights": start, "train__max_steps": 6, "train__save_steps": 3}
    workspace, recipe = make_workspace(tmp_path / "colours", model, **options)
    whole = run_job(workspace, "train", recipe)
    job = new_job(workspace, "train", recipe)
    do_job(job, _stop_at(job, 4))
    assert phase(job) == "stopped"
    _next_attempt(job)
    do_job(job)
    _same_as_unbroken(job, whole)


def test_a_damaged_checkpoint_is_told_and_the_one_before_it_used(trained: Trained) -> None:
    workspace, recipe, whole = trained
    job = new_job(workspace, "train", recipe)
    do_job(job, _stop_at(job, 7))
    weights = job.checkpoints / "checkpoint-7" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    _next_attempt(job)
    do_job(job)
    assert "checkpoint-7 is damaged" in notices(job)["damaged-checkpoint"]
    assert "goes on from step 6" in notices(job)["resumed"]
    _same_as_unbroken(job, whole)


@pytest.mark.parametrize(
    "lost", ["optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json", "manifest.json"]
)
def test_a_checkpoint_that_lacks_a_file_does_not_verify(trained: Trained, tmp_path: Path, lost: str) -> None:
    _, _, whole = trained
    copy = tmp_path / "checkpoint-8"
    shutil.copytree(whole.checkpoints / "checkpoint-8", copy)
    assert verify(copy) is None
    (copy / lost).unlink()
    assert verify(copy) is not None


def test_a_killed_worker_is_resumed_to_the_same_end(trained: Trained) -> None:
    """Real processes: one is killed in the midst of a step, one is told to stop by SIGTERM, one ends it."""
    workspace, recipe, whole = trained
    job = new_job(workspace, "train", recipe)
    process = _start(job)
    _wait(lambda: max(losses(job), default=0) >= 4, process)
    process.kill()
    process.wait()
    assert phase(job) == "lost"
    _next_attempt(job)
    process = _start(job)
    _wait(lambda: any(e.attempt == 2 and e.fields["phase"] == "running" for e in events(job, "phase")), process)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=60) == 0
    assert phase(job) in {"stopped", "done"}
    if phase(job) == "stopped":
        _next_attempt(job)
        do_job(job)
    _same_as_unbroken(job, whole)


def _start(job: Job) -> subprocess.Popen[bytes]:
    with job.log.open("ab") as log:
        command = [sys.executable, "-P", "-m", "ftworkbench.worker", str(job.path)]
        # The slow start of a process is what lets the test look between two steps of the tiny model.
        own = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path[1:]])}
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=job.workspace.root, env=own)


def _wait(until: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 90
    while not until():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_new_run_without_a_checkpoint_begins_again_and_says_so(model: Path, tmp_path: Path) -> None:
    workspace, recipe = make_workspace(tmp_path, model, train__max_steps=2)
    job = new_job(workspace, "train", recipe)
    _next_attempt(job)
    do_job(job)
    assert phase(job) == "done", read_state(job)
    assert "begins at step 0" in notices(job)["resumed"]
    assert list(losses(job)) == [1, 2]


def test_a_job_stopped_while_it_waits_never_loads(model: Path, tmp_path: Path) -> None:
    workspace, recipe = make_workspace(tmp_path, model)
    job = new_job(workspace, "train", recipe)
    job.stop_file.touch()
    assert do_job(job) == 0
    assert phase(job) == "stopped"
    assert not job.checkpoints.exists()


def test_a_second_run_of_the_same_recipe_is_the_same(trained: Trained) -> None:
    workspace, recipe, whole = trained
    _same_as_unbroken(run_job(workspace, "train", recipe), whole)
