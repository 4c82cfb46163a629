"""`watch` says what the curves say."""

from __future__ import annotations

from pathlib import Path

from headless import run

from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.events import EventLog
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import own_state, write_state
from ftworkbench.workspace import Workspace


def trained(root: Path, losses: list[float]) -> Job:
    """A training that has ended, with these losses."""
    root.mkdir()
    job = create_job(Workspace(root), "train", "", {"recipe": "desk", "args": {}, "hashes": {}})
    log = EventLog(job.events, 1)
    log.emit("phase", phase="running")
    for step, loss in enumerate(losses, 1):
        log.emit("metric", step=step, values={"loss": loss, "learning_rate": 2e-4})
    log.emit("phase", phase="done")
    log.close()
    write_state(job, own_state("done", 1))
    return job


def test_watch_says_once_what_the_curves_say_with_the_step_and_what_to_do(tmp_path: Path) -> None:
    job = trained(
        tmp_path / "desk", [1.0 - 0.01 * step for step in range(40)] + [0.6 + 0.05 * step for step in range(60)]
    )
    (line,) = [line for line in run("watch", job.path).stderr.splitlines() if "curves:" in line]
    assert "The loss rises since about step 4" in line
    assert "learning_rate of 6.7e-05" in line


def test_watch_says_nothing_of_curves_that_are_well(tmp_path: Path) -> None:
    job = trained(tmp_path / "desk", [2.0 * 0.98**step + 0.2 for step in range(100)])
    assert "curves:" not in run("watch", job.path).stderr
