"""The adapters of a workspace by name: what a training left at its end, and at each of its checkpoints."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ftworkbench.errors import InputError, JobError
from ftworkbench.jobs.find import find_job
from ftworkbench.jobs.folder import Job
from ftworkbench.workspace import Workspace

WEIGHTS = "adapter_model.safetensors"
_CHECKPOINT = re.compile(r"checkpoint-(\d+)")


@dataclass(frozen=True)
class NamedAdapter:
    """An adapter in `folder`, which `job` left at `step`; at its end where that is None."""

    job: Job
    folder: Path
    step: int | None = None

    @property
    def name(self) -> str:
        """What find_adapter finds it by: the job's short name, and a checkpoint's, as "triage-3f2a/checkpoint-40"."""
        return self.job.short if self.step is None else f"{self.job.short}/{self.folder.name}"


def adapters_of(job: Job) -> tuple[NamedAdapter, ...]:
    """What a training job left: the adapter of its end first, then those of its checkpoints, the newest first."""
    found = [NamedAdapter(job, job.adapter)] if job.has_adapter else []
    matches = ((_CHECKPOINT.fullmatch(path.name), path) for path in job.checkpoints.glob("checkpoint-*"))
    steps = sorted(((int(match.group(1)), path) for match, path in matches if match), reverse=True)
    return (*found, *(NamedAdapter(job, path, step) for step, path in steps if (path / WEIGHTS).is_file()))


def find_adapter(workspace: Workspace, text: str) -> NamedAdapter:
    """The adapter that `text` names: a job's, or with "/checkpoint-N" behind that the one of its step N.

    Raises InputError where there is no such job or checkpoint, JobError where the job has no adapter yet.
    """
    head, _, tail = text.rpartition("/")
    if not _CHECKPOINT.fullmatch(tail):
        job = find_job(workspace, text, lambda job: job.has_adapter)
        if not job.has_adapter:
            raise JobError(f"{job.short}: has no adapter yet; train it to its end, or stop it, first")
        return NamedAdapter(job, job.adapter)
    job = find_job(workspace, head, lambda job: job.kind == "train")
    kept = [each for each in adapters_of(job) if each.step is not None]
    for each in kept:
        if each.folder.name == tail:
            return each
    there = ", ".join(each.folder.name for each in kept) or "none"
    raise InputError(f"{job.short}: has no {tail}; of its checkpoints are kept: {there}")
