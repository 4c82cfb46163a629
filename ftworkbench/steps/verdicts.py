"""The verdicts of a workspace: what they say, and whether the split that they rest on is still frozen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftworkbench.data.splits.split import frozen_sha256
from ftworkbench.files import read_json
from ftworkbench.jobs.folder import Job, list_jobs, read_manifest
from ftworkbench.workspace import Workspace

BREAKS = "skills lost"  # in place of better, where tuning broke a suite of other skills
VOID = "void: the split that it was reached on was replaced; measure again"


def report_of(evaluation: Job) -> dict[str, Any] | None:
    """What an evaluation has found; None where it has not, or that cannot be read."""
    found = read_json(evaluation.verdict)
    return found if isinstance(found, dict) else None


def deciding_job(job: Job, jobs: list[Job]) -> Job | None:
    """The evaluation whose verdict a list shows for the job: itself, or the newest on a training job among `jobs`."""
    if job.kind == "evaluate":
        return job if word_on(job) else None
    about = [each for each in reversed(jobs) if each.kind == "evaluate" and _is_about(each, job)]
    return next((each for each in about if word_on(each)), None) if job.kind == "train" else None


def is_void(evaluation: Job) -> bool:
    """Whether another split is frozen now than the one that the verdict was reached on."""
    was = split_of(evaluation)
    now = frozen_sha256(evaluation.workspace, str(read_manifest(evaluation)["recipe"]))
    return was is not None and now is not None and was != now


def verdicts_on(workspace: Workspace, recipe: str, split_sha256: str | None) -> list[Job]:
    """The evaluations of a recipe that reached a verdict on this split, or on any where it is None; oldest first."""
    return [
        job
        for job in list_jobs(workspace)
        if job.kind == "evaluate"
        and read_manifest(job)["recipe"] == recipe
        and (was := split_of(job)) is not None
        and split_sha256 in (None, was)
        and word_on(job)
    ]


def split_of(evaluation: Job) -> str | None:
    """The hash of the split that an evaluation was given; None for one of which that is not known."""
    found = read_manifest(evaluation)["hashes"].get("split")
    return str(found) if found else None


def _is_about(evaluation: Job, train_job: Job) -> bool:
    return bool(read_manifest(evaluation)["args"].get("job") == str(train_job.path))


def word_on(evaluation: Job) -> str | None:
    """The word of what an evaluation found: one of evaluate.verdict's, or BREAKS; None where it has none yet."""
    verdict = (report_of(evaluation) or {}).get("verdict")
    return word_of(verdict) if isinstance(verdict, dict) and "word" in verdict else None


def word_of(verdict: Mapping[str, Any]) -> str:
    """The word of a verdict as a list has it: better is never said alone of a model that lost other skills by it."""
    word = str(verdict["word"])
    return BREAKS if word == "better" and verdict.get("breaks") else word
