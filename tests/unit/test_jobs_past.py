"""What a job came to: its best loss and its time at work, from its events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.past import WINDOW, Best, past_of


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def tell(job: Job, t: float, kind: str, attempt: int = 1, **fields: Any) -> None:
    with job.events.open("a") as file:
        file.write(json.dumps({"v": 1, "seq": 1, "t": t, "attempt": attempt, "kind": kind, **fields}) + "\n")


def test_the_best_loss_is_the_lowest_on_the_validation_rows_wherever_it_was(job: Job) -> None:
    tell(job, 0, "phase", phase="running")
    for step, loss in ((0, 2.0), (10, 0.5), (20, 0.7)):
        tell(job, step, "metric", step=step, values={"loss": 0.1})
        tell(job, step, "evaluation", step=step, name="validation", values={"eval_loss": loss})
    assert past_of(job).best == Best(0.5, 10, "evaluation")


def test_without_validation_rows_it_is_the_lowest_mean_of_the_training_loss(job: Job) -> None:
    tell(job, 0, "phase", phase="running")
    losses = [3.0] * WINDOW + [0.01] + [1.0] * WINDOW + [2.0] * WINDOW  # one lucky step counts for a tenth
    for step, loss in enumerate(losses, 1):
        tell(job, step, "metric", step=step, values={"loss": loss})
    best = past_of(job).best
    assert best is not None
    assert (round(best.loss, 3), best.of) == (0.901, "training")


def test_a_short_run_has_the_mean_of_what_it_logged_and_one_without_steps_has_none(job: Job) -> None:
    assert past_of(job).best is None
    tell(job, 1, "metric", step=1, values={"loss": 1.0})
    tell(job, 2, "metric", step=2, values={"loss": 2.0})
    assert past_of(job).best == Best(1.5, 2, "training")


def test_time_in_the_queue_and_between_attempts_is_no_time_at_work(job: Job) -> None:
    tell(job, 0, "phase", phase="queued")
    tell(job, 100, "phase", phase="loading")
    tell(job, 110, "phase", phase="running")
    tell(job, 150, "progress", what="training", done=4, total=9, unit="steps")
    assert past_of(job).seconds == 50
    tell(job, 1000, "phase", attempt=2, phase="queued")
    tell(job, 1100, "progress", attempt=2, what="downloading", done=1, total=2, unit="files")
    assert past_of(job).seconds == 50
    tell(job, 2000, "phase", attempt=2, phase="loading")
    tell(job, 2025, "phase", attempt=2, phase="done")
    assert past_of(job).seconds == 75


def test_what_a_resumed_attempt_does_again_counts_once(job: Job) -> None:
    tell(job, 0, "phase", phase="running")
    tell(job, 1, "evaluation", step=10, values={"eval_loss": 0.9})
    tell(job, 2, "evaluation", step=20, values={"eval_loss": 0.1})
    tell(job, 3, "phase", attempt=2, phase="running", step=10)
    assert past_of(job).best == Best(0.9, 10, "evaluation")
    tell(job, 4, "evaluation", attempt=2, step=20, values={"eval_loss": 0.4})
    assert past_of(job).best == Best(0.4, 20, "evaluation")


def test_lines_that_are_no_events_are_passed_over_and_one_cut_short_is_read_when_it_is_whole(job: Job) -> None:
    tell(job, 0, "phase", phase="running")
    with job.events.open("a") as file:
        file.write('{not json\n[]\n{"kind": "metric"}\n{"kind": "metric", "t": 5, "step": 1, "values": {"lo')
    assert past_of(job).best is None
    with job.events.open("a") as file:
        file.write('ss": 0.5}}\n')
    assert past_of(job).best == Best(0.5, 1, "training")


def test_other_events_in_the_same_place_are_read_from_their_beginning(job: Job) -> None:
    for step in range(5):
        tell(job, step, "evaluation", step=step, values={"eval_loss": 0.1})
    assert past_of(job).best == Best(0.1, 0, "evaluation")
    job.events.unlink()
    tell(job, 0, "evaluation", step=1, values={"eval_loss": 0.7})
    assert past_of(job).best == Best(0.7, 1, "evaluation")
