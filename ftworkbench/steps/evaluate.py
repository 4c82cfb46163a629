"""Measuring: the baseline alone, or baseline against tuned."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ftworkbench.data.splits.split import find_split, require_questions, require_same_settings
from ftworkbench.errors import InputError
from ftworkbench.evaluate.fingerprint import prompt_contents
from ftworkbench.evaluate.metrics.files import require_metrics
from ftworkbench.jobs.folder import Job, list_jobs, read_manifest
from ftworkbench.jobs.launch import submit
from ftworkbench.jobs.state import phase
from ftworkbench.steps.baseline import find_baseline, find_unfinished, fingerprint_of
from ftworkbench.steps.judging import with_agreement
from ftworkbench.steps.recipe import Opened, open_recipe, require_model, require_tasks
from ftworkbench.steps.splits import input_hashes, require_split
from ftworkbench.steps.verdicts import report_of


def start_evaluation(opened: Opened, train_job: Job | None, *, skip_baseline: bool = False) -> Job:
    """Launches an evaluation: of the prompted contestants, and of `train_job`'s adapter where one is given.

    A baseline that was measured before, for this very split and prompt, is not measured again.
    """
    require_questions(opened.workspace, opened.recipe.data)
    require_model(opened)
    require_metrics(opened.resolved.evaluate, opened.workspace.root)
    require_tasks(opened)
    split = require_split(opened)
    hashes = input_hashes(split)
    if train_job is not None:
        _require_same_test(train_job, hashes["test"])
    known = find_baseline(opened)
    hashes["baseline"] = known.fingerprint or fingerprint_of(opened, split)
    asked_of = opened.recipe.prompt.contestants if known.job is None and not skip_baseline else ()
    _require_keys(opened, {"prompt.contestants": [line.api_key_env for line in asked_of]})
    _require_keys(opened, {"judge.api_key_env": [opened.recipe.judge.api_key_env]})
    _require_keys(opened, {"ragas.api_key_env": [opened.recipe.ragas.api_key_env]})
    undone = known.job or find_unfinished(opened, hashes["baseline"])
    args = {
        "job": str(train_job.path) if train_job else None,
        "baseline": str(known.job.path) if known.job and not skip_baseline else None,
        "skip_baseline": skip_baseline,
        "answers": str(undone.path) if undone and not skip_baseline else None,
        "contents": prompt_contents(opened.recipe.prompt, opened.workspace.root),
    }
    return submit(
        opened.workspace, "evaluate", opened.resolved, args,
        hashes=hashes, choices=opened.choices, overrides=opened.overrides,
    )  # fmt: skip


def _require_keys(opened: Opened, names: Mapping[str, Sequence[str | None]]) -> None:
    """Raises InputError where a variable that is to hold the key of an endpoint is not set in the environment."""
    for option, variables in names.items():
        for variable in variables:
            if variable and not os.environ.get(variable, "").strip():
                raise InputError(
                    f"{opened.path.name}: {option}: {variable} is not set in the environment; "
                    "it holds the key of the endpoint"
                )


def _require_same_test(train_job: Job, test_sha256: str) -> None:
    if not is_trained(train_job):
        raise InputError(f"{train_job.short}: has no adapter to measure; it is {phase(train_job)}")
    if not _beside(train_job, test_sha256):
        raise InputError(
            f"{train_job.short}: was trained beside another test set than the one that is frozen now, "
            "so some of these test rows may have been in its training: train again"
        )


def _beside(train_job: Job, test_sha256: str) -> bool:
    return bool(read_manifest(train_job)["hashes"].get("test") == test_sha256)


def is_trained(job: Job) -> bool:
    """Whether this is a training job that has ended and left an adapter."""
    return job.kind == "train" and phase(job) in {"done", "stopped"} and job.has_adapter


def evaluation_result(job: Job) -> dict[str, Any]:
    """What `ftworkbench evaluate --json` prints; without a verdict where there is no report that can be read."""
    found = {"job": job.name, "n": 0, "systems": [], "verdict": None, **(report_of(job) or {})}
    return with_agreement(job, found)


def measurable_jobs(opened: Opened) -> list[Job]:
    """The training jobs whose adapter can be measured on the frozen test rows of the recipe, oldest first.

    Raises InputError where the recipe asks for another split than the frozen one.
    """
    split = find_split(opened.workspace, opened.recipe.name, opened.recipe.data)
    if split is None:
        return []
    require_same_settings(split, opened.recipe.data)
    return [job for job in list_jobs(opened.workspace) if is_trained(job) and _beside(job, split.test_sha256)]


def recipe_of(train_job: Job) -> Opened | None:
    """The recipe that a training job came from, as it is now, with what was said beside it; None where it is gone."""
    manifest = read_manifest(train_job)
    path = train_job.workspace.root / f"{manifest['recipe']}.toml"
    return open_recipe(path, manifest.get("overrides", ())) if path.is_file() else None
