"""Measuring: the baseline alone, or baseline against tuned."""

from __future__ import annotations

from typing import Any

from ftworkbench.errors import InputError
from ftworkbench.files import read_json
from ftworkbench.jobs.folder import Job, list_jobs, read_manifest
from ftworkbench.jobs.launch import submit
from ftworkbench.jobs.state import phase
from ftworkbench.steps.baseline import find_baseline, fingerprint_of
from ftworkbench.steps.recipe import Opened, require_model
from ftworkbench.steps.splits import input_hashes, require_split


def start_evaluation(opened: Opened, train_job: Job | None, *, skip_baseline: bool = False) -> Job:
    """Launches an evaluation: of the prompted contestants, and of `train_job`'s adapter where one is given.

    A baseline that was measured before, for this very split and prompt, is not measured again.
    """
    require_model(opened)
    split = require_split(opened)
    hashes = input_hashes(split)
    if train_job is not None:
        _require_same_test(train_job, hashes["test"])
    known = find_baseline(opened).job
    args = {
        "job": str(train_job.path) if train_job else None,
        "baseline": str(known.path) if known and not skip_baseline else None,
        "skip_baseline": skip_baseline,
    }
    hashes["baseline"] = fingerprint_of(opened, split)
    return submit(opened.workspace, "evaluate", opened.resolved, args, hashes=hashes, choices=opened.choices)


def _require_same_test(train_job: Job, test_sha256: str) -> None:
    if phase(train_job) not in {"done", "stopped"} or not train_job.has_adapter:
        raise InputError(f"{train_job.name}: has no adapter to measure; it is {phase(train_job)}")
    trained_beside = read_manifest(train_job)["hashes"].get("test")
    if trained_beside != test_sha256:
        raise InputError(
            f"{train_job.name}: was trained beside another test set than the one that is frozen now, "
            "so some of these test rows may have been in its training: train again"
        )


def evaluation_result(job: Job) -> dict[str, Any]:
    """What `ftworkbench evaluate --json` prints."""
    found = read_json(job.path / "verdict.json") or {}
    return {"job": job.name, "n": 0, "systems": [], "verdict": None, **found}


def verdict_of(train_job: Job, jobs: list[Job]) -> str | None:
    """The word of the newest verdict on a training job among `jobs`; None where there is none."""
    for job in reversed(jobs):
        if job.kind == "evaluate" and read_manifest(job)["args"].get("job") == str(train_job.path):
            verdict = (read_json(job.path / "verdict.json") or {}).get("verdict")
            if verdict:
                word: str = verdict["word"]
                return word
    return None


def trained_jobs(opened: Opened) -> list[Job]:
    """The workspace's training jobs that have an adapter, oldest first."""
    return [job for job in list_jobs(opened.workspace) if job.kind == "train" and job.has_adapter]
