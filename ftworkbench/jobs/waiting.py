"""Whom a queued job waits for, in words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ftworkbench.errors import JobError
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import phase
from ftworkbench.workspace import Workspace


def waits_for(job: Job, before: Sequence[Path | None]) -> str:
    """Names the first of the jobs before this one, which has the device, and says how many more there are."""
    first, more = before[0] if before else None, len(before) - 1
    words = f"waits for {_called(Job(first), job.workspace)}" if first else "waits for another job"
    return words + (f"; {more} more {'job is' if more == 1 else 'jobs are'} before it" if more > 0 else "")


def _called(other: Job, here: Workspace) -> str:
    """`triage-3f2a (train)`, and its workspace where that is another one than `here`."""
    try:
        kind = f" ({other.kind})"
    except JobError:  # it was removed meanwhile
        kind = ""
    elsewhere = other.workspace.root.resolve() != here.root.resolve()
    hangs = ", which gives no sign of life: stop it" if phase(other) == "lost" else ""
    return f"{other.short}{kind}" + (f" in {other.workspace.root}" if elsewhere else "") + hangs
