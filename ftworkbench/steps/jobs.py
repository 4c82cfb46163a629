"""The jobs of a workspace, as a list shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ftworkbench.errors import InputError
from ftworkbench.files import read_json
from ftworkbench.jobs.find import find_job
from ftworkbench.jobs.folder import Job, list_jobs, read_manifest
from ftworkbench.jobs.follow import Tail
from ftworkbench.jobs.state import phase
from ftworkbench.jobs.story import Story
from ftworkbench.steps.evaluate import verdict_of
from ftworkbench.workspace import Workspace


def summary(job: Job, jobs: list[Job], story: Story | None = None) -> dict[str, Any]:
    """One entry of `ftworkbench jobs --json`. With a `story` that was followed the events are not read again."""
    if story is None:
        story = Story()
        story.add(Tail(job.events).poll())
    if job.kind == "evaluate":
        found = (read_json(job.path / "verdict.json") or {}).get("verdict")
        verdict = found["word"] if found else None
    else:
        verdict = verdict_of(job, jobs) if job.kind == "train" else None
    return {
        "job": job.name,
        "kind": job.kind,
        "phase": phase(job),
        "step": story.step,
        "steps": story.steps,
        "loss": story.latest("loss"),
        "recipe": read_manifest(job)["recipe"],
        "verdict": verdict,
    }


def summaries(workspace: Workspace) -> list[dict[str, Any]]:
    """Every job of the workspace, oldest first."""
    jobs = list_jobs(workspace)
    return [summary(job, jobs) for job in jobs]


def named_job(text: str, workspace: Path | None = None) -> tuple[Workspace, Job]:
    """The job that a person named: a path, a name, or the unique end of a name. Raises InputError where it is none."""
    path = Path(text)
    if (path / "manifest.json").is_file():
        job = Job(path.resolve())
        return Workspace(job.path.parent.parent), job
    root = Workspace(workspace or Path())
    if not root.jobs.is_dir():
        raise InputError(f"{text}: no job of that name; {root.root.resolve().name} has no jobs (name one by its path)")
    return root, find_job(root, text)
