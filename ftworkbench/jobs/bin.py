"""Jobs that were removed: their folders lie whole in `jobs/.bin/`, until they are brought back or the bin is emptied.

Nothing is emptied by time: checkpoints are large, but only a person knows which of them are still wanted. So the
space that the bin holds is said wherever it is shown.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ftworkbench.errors import JobError
from ftworkbench.files import read_json, write_json
from ftworkbench.jobs.folder import Job, list_jobs, read_manifest
from ftworkbench.jobs.names import short_name
from ftworkbench.jobs.state import ALIVE, hangs, phase, state_guard
from ftworkbench.workspace import Workspace

_REMOVED = "removed.json"
_GOING = ".going-"  # what is being deleted for good: never shown; the next emptying takes along what was left of it


@dataclass(frozen=True)
class Binned:
    """A job in the bin. `job` is its folder there; `removed` when it was put there, in seconds since the epoch."""

    job: Job
    removed: float


def bin_of(workspace: Workspace) -> Path:
    """Where removed jobs lie: in the folder of the jobs, so that a move is one rename on one file system."""
    return workspace.jobs / ".bin"


def binned(workspace: Workspace) -> list[Binned]:
    """The jobs in the bin, the one that was removed last at the end."""
    found = []
    try:
        names = [entry.name for entry in os.scandir(bin_of(workspace)) if not entry.name.startswith(".")]
    except OSError:
        return []
    for name in names:
        job = Job(bin_of(workspace).resolve() / name)
        if job.manifest.is_file():
            found.append(Binned(job, _removed_at(job)))
    return sorted(found, key=lambda each: (each.removed, each.job.name))


def is_in_bin(job: Job) -> bool:
    """Whether the job that had this folder lies in the bin now."""
    return not job.path.exists() and (bin_of(job.workspace) / job.name / "manifest.json").is_file()


def remove(job: Job) -> Job:
    """Moves the job's folder into the bin, whole and at once; gives it there.

    Raises JobError where the job lives, or a job that lives works with it.
    """
    workspace = job.workspace
    in_use = [each for each in users_of(job, list_jobs(workspace)) if phase(each) in ALIVE]
    if in_use:
        first = in_use[0]
        raise JobError(f"{job.short}: {first.short} ({first.kind}, {phase(first)}) works with it; stop that first")
    try:
        with state_guard(job):  # a resume holds it too: the job does not come to life on its way
            now = phase(job)
            if now in ALIVE:
                raise JobError(f"{job.short}: is {now}; stop it before you remove it")
            if now == "lost" and hangs(job):
                raise JobError(
                    f"{job.short}: is lost, but its process is still there; stop it now before you remove it"
                )
            there = bin_of(workspace)
            there.mkdir(mode=0o700, exist_ok=True)
            target = there.resolve() / job.name
            if target.exists():
                raise JobError(f"{job.short}: another job of this name is in the bin already; empty it first")
            write_json(job.path / _REMOVED, {"v": 1, "t": time.time()})
            job.path.rename(target)
    except OSError as error:
        raise JobError(f"{job.short}: cannot be moved to the bin: {error.strerror or error}") from error
    return Job(target)


def restore(gone: Job) -> Job:
    """Brings a job back from the bin; gives its folder. Raises JobError where its place or short name is taken."""
    workspace = Workspace(gone.path.parent.parent.parent)
    short = [each for each in list_jobs(workspace) if short_name(each.name) == gone.short]
    if short:
        raise JobError(f"{gone.short}: {short[0].name} has that name now; remove that one first")
    target = workspace.jobs.resolve() / gone.name
    try:
        if target.exists():
            raise JobError(f"{gone.short}: there is something in its place: {target}")
        gone.path.rename(target)
        (target / _REMOVED).unlink(missing_ok=True)
    except OSError as error:
        raise JobError(f"{gone.short}: cannot be brought back: {error.strerror or error}") from error
    return Job(target)


def empty(workspace: Workspace, gone: Sequence[Job]) -> None:
    """Deletes these jobs of the bin for good. Raises JobError where one cannot be."""
    there = bin_of(workspace)
    try:
        for job in gone:
            job.path.rename(there / f"{_GOING}{os.urandom(6).hex()}")  # gone at once, however long the deleting takes
        for left in there.glob(f"{_GOING}*"):
            shutil.rmtree(left)
    except OSError as error:
        raise JobError(f"{there}: cannot be emptied: {error.strerror or error}") from error


def users_of(job: Job, jobs: Sequence[Job]) -> list[Job]:
    """Those of the jobs that were given this one's folder: evaluations, merges and sessions of a training job."""
    return [each for each in jobs if each != job and str(job.path) in _given(each)]


def names_in_bin(workspace: Workspace) -> set[str]:
    """The names that a new job must not take, so that every job of the bin can come back."""
    try:
        return {entry.name for entry in os.scandir(bin_of(workspace))}
    except OSError:
        return set()


def _given(job: Job) -> set[str]:
    args = read_manifest(job).get("args")
    return {str(value) for value in args.values()} if isinstance(args, dict) else set()


def _removed_at(job: Job) -> float:
    found = read_json(job.path / _REMOVED)
    t = found.get("t") if isinstance(found, dict) else None
    return float(t) if isinstance(t, int | float) else 0.0
