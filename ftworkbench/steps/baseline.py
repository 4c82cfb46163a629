"""The golden rule: is there a prompted baseline for this split and this prompt?"""

from __future__ import annotations

from dataclasses import dataclass

from ftworkbench.data.splits.split import Split, find_split
from ftworkbench.evaluate.fingerprint import baseline_fingerprint, model_stamp, prompt_contents, template_stamp
from ftworkbench.evaluate.metrics.files import metric_sha256
from ftworkbench.jobs.folder import Job, list_jobs, read_manifest
from ftworkbench.jobs.state import phase
from ftworkbench.paths import model_folder
from ftworkbench.steps.recipe import Opened


@dataclass(frozen=True)
class Baseline:
    """`job` is the newest evaluation that measured it, or None; `fingerprint` names what it depends on."""

    fingerprint: str
    job: Job | None


def fingerprint_of(opened: Opened, split: Split) -> str:
    """Names everything that the baseline's answers depend on: model, quantization, prompts, metric, rows."""
    folder = model_folder(opened.recipe.model.model_id, opened.workspace.root)
    return baseline_fingerprint(
        opened.resolved,
        split.test_sha256,
        split_sha256=split.sha256,
        model_sha256=model_stamp(folder) if folder else "",
        contents=prompt_contents(opened.recipe.prompt, opened.workspace.root),
        metric_sha256=metric_sha256(opened.recipe.evaluate.metric, opened.workspace.root),
        template_sha256=template_stamp(opened.resolved, opened.workspace.root),
    )


def find_unfinished(opened: Opened, fingerprint: str) -> Job | None:
    """The newest evaluation with that fingerprint that ended before it was done; what it was answered still holds."""
    for job in reversed(list_jobs(opened.workspace)):
        manifest = read_manifest(job)
        of_this = job.kind == "evaluate" and manifest["hashes"].get("baseline") == fingerprint
        if of_this and not manifest["args"].get("skip_baseline"):
            return job if phase(job) in {"failed", "stopped", "lost"} else None
    return None


def find_baseline(opened: Opened) -> Baseline:
    """The measured baseline for the recipe's split and prompt, if there is one."""
    split = find_split(opened.workspace, opened.recipe.name, opened.recipe.data)
    if split is None:
        return Baseline("", None)
    fingerprint = fingerprint_of(opened, split)
    for job in reversed(list_jobs(opened.workspace)):
        if job.kind == "evaluate" and phase(job) == "done":
            manifest = read_manifest(job)
            if manifest["hashes"].get("baseline") == fingerprint and not manifest["args"].get("skip_baseline"):
                return Baseline(fingerprint, job)
    return Baseline(fingerprint, None)
