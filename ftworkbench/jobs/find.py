"""Finding the job that a person means by what was typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ftworkbench.errors import InputError
from ftworkbench.jobs.bin import binned
from ftworkbench.jobs.folder import Job, list_jobs
from ftworkbench.jobs.names import dateless_name
from ftworkbench.workspace import Workspace

_LISTED = 5


def find_job(workspace: Workspace, text: str, wanted: Callable[[Job], bool] = lambda job: True) -> Job:
    """The job that `text` names: a folder, a name in any of its lengths, or the start or end of one.

    Of several the only one that is `wanted` is meant. Raises InputError where there is none, or more than one.
    """
    if not text.strip():
        raise InputError("no job was named")
    path = Path(text).expanduser()
    if (path / "manifest.json").is_file():
        return Job(path.resolve())
    found = named_jobs(list_jobs(workspace), text)
    if len(found) > 1:
        found = [job for job in found if wanted(job)] or found
    if not found:
        jobs = list_jobs(workspace)
        if gone := named_jobs([each.job for each in binned(workspace)], path.name):
            raise InputError(f"{gone[-1].short}: was removed; `ftworkbench restore {gone[-1].short}` brings it back")
        there = f"; there are {names_of(jobs)}" if jobs else ", which has no jobs yet"
        raise InputError(f"{text}: no such job in {workspace.name}{there}")
    return only_job(found, text)


def named_jobs(jobs: Sequence[Job], text: str) -> list[Job]:
    """Those of the jobs that `text` names in full, else those whose names start or end with it."""
    names = {job: (job.name, dateless_name(job.name), job.short) for job in jobs}
    return [job for job in jobs if text in names[job]] or [
        job for job in jobs if any(name.startswith(text) or name.endswith(text) for name in names[job])
    ]


def only_job(jobs: Sequence[Job], text: str) -> Job:
    """The only one of the jobs. Raises InputError with the names of the newest where there are more."""
    if len(jobs) == 1:
        return jobs[0]
    raise InputError(f"{text}: may be any of {len(jobs)} jobs: {names_of(jobs)}; name one of them")


def names_of(jobs: Sequence[Job]) -> str:
    """The names and kinds of the newest of some jobs, for a message."""
    newest = [f"{job.short} ({job.kind})" for job in reversed(jobs)]
    return ", ".join(newest[:_LISTED]) + (", …" if len(newest) > _LISTED else "")
