"""The history of a workspace: what each job changed, what it came to, what it cost, and what people remember of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ftworkbench.jobs.disk import bytes_of
from ftworkbench.jobs.folder import Job, read_manifest
from ftworkbench.jobs.marks import read_marks
from ftworkbench.jobs.past import past_of
from ftworkbench.steps.differences import difference_words, option_differences, options_of


def history_of(job: Job, jobs: Sequence[Job]) -> dict[str, Any]:
    """What the history adds to a job's entry in `ftworkbench jobs --json`; `jobs` are all of the workspace.

    `changed` is against the job `against`, the one before of the same recipe and kind, and `changes` says it in words;
    `seconds` are those at work, of which `cost` follows by launch.cost_per_hour, in its currency; `about` is the
    training job that it was given, and `about_gone` whether that was removed since.
    """
    options = options_of(job)
    before = job_before(job, jobs)
    earlier = options_of(before) if before else {}
    changed = option_differences(earlier, options) if earlier and options else ()
    past, marks, manifest = past_of(job), read_marks(job), read_manifest(job)
    best = past.best if job.kind == "train" else None  # the steps of a fit are the longest rows
    about = _about(manifest)
    return {
        "created": manifest.get("created"),
        "against": before.name if before else None,
        "changed": [each.as_json() for each in changed],
        "changes": difference_words(changed),
        "best_loss": best.loss if best else None,
        "best_of": best.of if best else None,
        "best_step": best.step if best else None,
        "seconds": round(past.seconds, 1),
        "cost": _cost(options.get("launch.cost_per_hour"), past.seconds),
        "star": marks.star,
        "note": marks.note,
        "bytes": bytes_of(job.path),
        "about": about.name if about else None,
        "about_gone": about is not None and not about.is_dir(),
    }


def job_before(job: Job, jobs: Sequence[Job]) -> Job | None:
    """The job before this one of the same recipe and kind; None for the first, and for sessions."""
    if job.kind == "session" or job not in jobs:
        return None
    recipe = read_manifest(job)["recipe"]
    earlier = jobs[: jobs.index(job)]
    return next((each for each in reversed(earlier) if _is_of(each, job.kind, recipe)), None)


def _is_of(job: Job, kind: str, recipe: str) -> bool:
    return job.kind == kind and bool(read_manifest(job)["recipe"] == recipe)


def _about(manifest: Mapping[str, Any]) -> Path | None:
    args = manifest.get("args")
    path = args.get("job") if isinstance(args, dict) else None
    return Path(path) if isinstance(path, str) else None


def _cost(per_hour: Any, seconds: float) -> float | None:
    if not isinstance(per_hour, int | float) or isinstance(per_hour, bool):
        return None
    return round(per_hour * seconds / 3600, 4)
