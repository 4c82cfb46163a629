"""Removing jobs and bringing them back, as a person asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ftworkbench.errors import InputError
from ftworkbench.jobs.bin import Binned, binned, users_of
from ftworkbench.jobs.disk import bytes_of
from ftworkbench.jobs.find import named_jobs, names_of, only_job
from ftworkbench.jobs.folder import Job, read_manifest
from ftworkbench.jobs.state import ALIVE, phase
from ftworkbench.steps.verdicts import deciding_job
from ftworkbench.workspace import Workspace


def consequences(job: Job, jobs: Sequence[Job]) -> list[str]:
    """What is otherwise than before once the job is removed, a line each; `jobs` are all of the workspace."""
    found = []
    users = [each for each in users_of(job, jobs) if phase(each) not in ALIVE]
    about = [each for each in users if read_manifest(each)["args"].get("job") == str(job.path)]
    if about and job.kind == "train":
        found.append(f"what was made of it stays, and says that it is gone: {names_of(about)}")
    if job.kind == "evaluate":
        decided = [each for each in jobs if each.kind == "train" and deciding_job(each, list(jobs)) == job]
        found += [f"the verdict on {each.short} goes with it" for each in decided]
        if _is_only_baseline(job, jobs):
            found.append("the baseline that it measured goes with it, and nobody else has measured that")
    return found


def removed_job(workspace: Workspace, text: str) -> Job:
    """The job in the bin that `text` names. Raises InputError where there is none, or more than one."""
    there = [each.job for each in reversed(binned(workspace))]
    found = named_jobs(there, text) or [job for job in there if job.name == Path(text).name]
    if not found:
        words = f"; in it are {', '.join(job.short for job in there[:5])}" if there else ", which is empty"
        raise InputError(f"{text}: is not in the bin of {workspace.name}{words}")
    return only_job(found, text)


def bin_entry(gone: Binned) -> dict[str, Any]:
    """One entry of `ftworkbench bin --json`."""
    manifest = read_manifest(gone.job)
    return {
        "job": gone.job.name,
        "kind": manifest["kind"],
        "recipe": manifest["recipe"],
        "removed": gone.removed,
        "bytes": bytes_of(gone.job.path),
    }


def bin_entries(workspace: Workspace) -> list[dict[str, Any]]:
    """The jobs in the bin, the one that was removed last at the end."""
    return [bin_entry(gone) for gone in binned(workspace)]


def _is_only_baseline(job: Job, jobs: Sequence[Job]) -> bool:
    """Whether no other evaluation that is done has measured the baseline that this one did."""
    baseline = _measured_baseline(job)
    return baseline is not None and not any(
        _measured_baseline(each) == baseline for each in jobs if each != job and each.kind == "evaluate"
    )


def _measured_baseline(job: Job) -> str | None:
    manifest = read_manifest(job)
    if phase(job) != "done" or manifest["args"].get("skip_baseline"):
        return None
    found = manifest["hashes"].get("baseline")
    return str(found) if found else None
