"""Trackers that the recipe asks for: what they write, where, and what they do not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny import make_workspace, run_job

from ftworkbench.jobs.state import phase, read_state

SECRET = "hf_abcdefghijklmnopqrstuvwxyz0123"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = dict(os.environ)
    monkeypatch.setenv("HF_TOKEN", SECRET)
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    yield
    for name in os.environ.keys() - before.keys():
        del os.environ[name]


def test_tensorboard_gets_the_curves_in_the_jobs_folder_and_no_secret(model: Path, tmp_path: Path) -> None:
    workspace, recipe = make_workspace(
        tmp_path / "desk", model, 30, train__report_to=["tensorboard"], train__max_steps=2, method__row_losses=False
    )
    job = run_job(workspace, "train", recipe)
    assert phase(job) == "done", read_state(job)
    (written,) = (job.path / "reports" / "tensorboard").glob("events.out.tfevents.*")
    body = written.read_bytes()
    assert b"train/loss" in body
    assert b"eval/loss" in body
    assert job.short.encode() in body  # the name of the run, among the trainer's arguments
    assert not [path for path in job.path.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    outside = {path.name for path in workspace.root.iterdir()}
    assert outside == {"train.jsonl", "skills.jsonl", "splits", "jobs"}


def test_a_job_that_reports_to_nobody_leaves_no_reports_and_no_trace_in_the_environment(
    model: Path, tmp_path: Path
) -> None:
    workspace, recipe = make_workspace(
        tmp_path / "desk", model, 30, train__report_to="none", train__max_steps=1, method__row_losses=False
    )
    job = run_job(workspace, "train", recipe)
    assert phase(job) == "done", read_state(job)
    assert not (job.path / "reports").exists()
    assert "WANDB_DIR" not in os.environ


def test_the_few_steps_of_a_fit_are_no_run_to_report(model: Path, tmp_path: Path) -> None:
    workspace, recipe = make_workspace(tmp_path / "desk", model, 30, train__report_to=["tensorboard"])
    job = run_job(workspace, "fit", recipe)
    assert phase(job) == "done", read_state(job)
    assert not list(job.path.rglob("events.out.tfevents.*"))


def test_every_tracker_writes_where_the_job_is_unless_the_user_said_otherwise(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_PROJECT", "theirs")
    options = {"train__report_to": ["tensorboard"], "train__max_steps": 1, "method__row_losses": False}
    workspace, recipe = make_workspace(tmp_path / "desk", model, 30, launch__offline=True, **options)
    job = run_job(workspace, "train", recipe)
    for name in ("TENSORBOARD_LOGGING_DIR", "MLFLOW_TRACKING_URI", "TRACKIO_DIR", "WANDB_DIR"):
        assert str(job.path) in os.environ[name]
    assert (os.environ["WANDB_PROJECT"], os.environ["MLFLOW_EXPERIMENT_NAME"]) == ("theirs", "desk")
    assert (os.environ["WANDB_DISABLE_GIT"], os.environ["WANDB_MODE"]) == ("true", "offline")
