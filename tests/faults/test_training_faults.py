"""What can happen to a training: a disk that fills up, too little memory, numbers that are none."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny import events, losses, make_model, make_recipe, make_workspace, new_job, run_job

from ftworkbench.data.splits.split import load_parts
from ftworkbench.jobs.folder import Job, result
from ftworkbench.jobs.state import phase, read_state
from ftworkbench.jobs.step_rows import rows_of_step
from ftworkbench.recipe.read import parse
from ftworkbench.worker.checkpoints import verify
from ftworkbench.worker.smaller import halved

_OWN = {
    "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path[1:]]),
    "HF_HUB_OFFLINE": "1",
}


def _can_mount(folder: Path) -> bool:
    folder.mkdir()
    tried = subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", str(folder)], capture_output=True, check=False
    )
    return tried.returncode == 0


def test_where_the_disk_fills_the_run_waits_says_so_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    if not _can_mount(tmp_path / "small"):
        pytest.skip("a small file system cannot be mounted here")
    workspace, recipe = make_workspace(
        tmp_path / "colours", "pocket", train__max_steps=8, train__save_steps=1, method__row_losses=False
    )
    whole = run_job(workspace, "train", recipe)
    job = new_job(workspace, "train", recipe)
    found = subprocess.run(
        ["unshare", "-rm", sys.executable, "-P", str(Path(__file__).with_name("full_disk.py")), str(job.path),
         str(tmp_path / "small")],
        env={**os.environ, **_OWN}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    told = json.loads(found.stdout.splitlines()[-1])
    assert told["alive"]
    assert told["phase_while_full"] == "running"
    assert told["checkpoints_while_full"]
    assert not any(told["checkpoints_while_full"])  # each verifies
    assert told["step_while_full"] < 8
    assert told["phase"] == "done", told
    assert {"disk-full", "disk-room"} <= set(told["codes"]), told["codes"]
    assert any("the disk is full" in text and "needed" in text for text in told["texts"])
    assert {int(step): loss for step, loss in told["losses"].items()} == losses(whole)
    assert told["adapter_sha256"] == (result(whole) or {})["adapter_sha256"]


def test_out_of_memory_goes_on_with_half_the_micro_batch_and_the_same_rows_a_step(tmp_path: Path) -> None:
    """A limit on the address space is what a small card is: allocations beyond it fail."""
    model = make_model(tmp_path / "tiny")
    options = {
        "model__attn_implementation": "eager",
        "prompt__system": "Name the colour. " * 20,
        "train__max_length": 256,
        "train__per_device_train_batch_size": 32,
        "train__per_device_eval_batch_size": 1,
        "train__gradient_accumulation_steps": 1,
        "train__max_steps": 3,
        "train__save_steps": 1,
        "train__eval_strategy": "no",
        "method__row_losses": False,
        "launch__memory_retries": 6,
    }
    workspace, recipe = make_workspace(tmp_path / "colours", model, **options)
    needs = _peak_of(new_job(workspace, "train", recipe))
    job = new_job(workspace, "train", recipe)
    # Half the micro-batch takes a quarter of a GiB less. An arena of malloc's, which one run has and another has not,
    # takes 64 MiB of the address space.
    assert _work(job, needs - 170 * 2**20) == 0, job.log.read_text()[-3000:]
    assert phase(job) == "done"
    told = [each.fields["text"] for each in events(job, "notice") if each.fields["code"] == "out-of-memory"]
    assert told
    assert "micro-batches of 16 instead of 32, and 2 of them for a step" in told[0]
    state = read_state(job)
    assert state is not None
    assert state.attempt == 1 + len(told)
    used = parse(job.recipe.read_text(), recipe.name).train
    assert used.per_device_train_batch_size * used.gradient_accumulation_steps == 32
    assert list(losses(job)) == [1, 2, 3]
    assert all(len(rows_of_step(job, step)) > 20 for step in (1, 2))


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 6, 7, 8, 12])
@pytest.mark.parametrize("accumulated", [1, 3, 4])
def test_the_rows_of_a_step_stay_the_same_down_to_micro_batches_of_one(rows: int, accumulated: int) -> None:
    recipe = make_recipe(
        "pocket", train__per_device_train_batch_size=rows, train__gradient_accumulation_steps=accumulated
    )
    before = rows
    while (smaller := halved(recipe)) is not None:
        train = smaller.train
        assert train.per_device_train_batch_size * train.gradient_accumulation_steps == rows * accumulated
        assert train.per_device_train_batch_size < before or before == 1
        before, recipe = train.per_device_train_batch_size, smaller
    assert before == recipe.train.per_device_eval_batch_size == 1


def _work(job: Job, limit: int) -> int:
    def set_limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    with job.log.open("ab") as log:
        return subprocess.run(
            [sys.executable, "-P", "-m", "ftworkbench.worker", str(job.path)],
            stdout=log, stderr=log, cwd=job.workspace.root, env={**os.environ, **_OWN}, preexec_fn=set_limit,
            timeout=300, check=False,
        ).returncode  # fmt: skip


def _peak_of(job: Job) -> int:
    """The most address space that the job's worker takes, in bytes."""
    with job.log.open("ab") as log:
        command = [sys.executable, "-P", "-m", "ftworkbench.worker", str(job.path)]
        worker = subprocess.Popen(command, stdout=log, stderr=log, cwd=job.workspace.root, env={**os.environ, **_OWN})
    peak = 0
    while worker.poll() is None:
        try:
            status = Path(f"/proc/{worker.pid}/status").read_text()
        except OSError:
            break
        peak = max(peak, *(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmPeak")), 0)
        time.sleep(0.02)
    assert worker.wait() == 0, job.log.read_text()[-3000:]
    return peak


def test_a_loss_that_is_no_number_ends_the_run_and_names_the_step_and_its_rows(tmp_path: Path) -> None:
    model = make_model(tmp_path / "tiny")
    workspace, recipe = make_workspace(
        tmp_path / "colours", model, train__learning_rate=1.0, train__max_grad_norm=0.0, lora__lora_alpha=10**30
    )
    job = run_job(workspace, "train", recipe)
    state = read_state(job)
    assert state is not None
    assert state.phase == "failed"
    notice = next(event.fields for event in events(job, "notice") if event.fields["code"] == "not-finite")
    assert f"at step {notice['step']}" in state.why
    assert all(verify(path) is None for path in job.checkpoints.glob("checkpoint-*"))
    assert not job.adapter.exists()
    learned = {each.key for each in load_parts(workspace, recipe.name, recipe.data).train}
    assert set(notice["rows"]) <= learned
    assert 1 <= len(notice["rows"]) <= 8
