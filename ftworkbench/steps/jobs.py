"""The jobs of a workspace, as a list shows them, and the one that a person names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftworkbench.errors import InputError
from ftworkbench.jobs.events import read_last_events
from ftworkbench.jobs.find import find_job, named_jobs, names_of, only_job
from ftworkbench.jobs.folder import Job, list_jobs, read_manifest
from ftworkbench.jobs.follow import Tail
from ftworkbench.jobs.lost import why_lost
from ftworkbench.jobs.state import ALIVE, phase, read_state
from ftworkbench.jobs.story import Story
from ftworkbench.steps.evaluate import is_trained
from ftworkbench.steps.history import history_of
from ftworkbench.steps.verdicts import deciding_job, is_void, word_on
from ftworkbench.workspace import Workspace, workspace_at

_END = 1 << 14  # bytes of a job's events that are read to say where it is: some forty steps


def summary(job: Job, jobs: list[Job], story: Story | None = None) -> dict[str, Any]:
    """One entry of `ftworkbench jobs --json`. With a `story` that was followed the events are not read again.

    `why` says what a queued job waits for, why one ended as it did, or what became of a lost one. `void`: the split
    that the verdict was reached on is not the frozen one any more. The rest is `steps.history`'s.
    """
    story = _end_of_story(job) if story is None else story
    decided_by = deciding_job(job, jobs)
    now = phase(job)
    return {
        "job": job.name,
        "kind": job.kind,
        "phase": now,
        "step": story.step,
        "steps": story.steps,
        "loss": story.latest("loss"),
        "recipe": read_manifest(job)["recipe"],
        "verdict": word_on(decided_by) if decided_by is not None else None,
        "void": decided_by is not None and is_void(decided_by),
        "why": _why(job, now, story),
        **history_of(job, jobs),
    }


def _why(job: Job, now: str, story: Story) -> str:
    if now == "lost":
        return why_lost(job)
    state = read_state(job)
    # Of a worker that was killed no event tells the end, but the state that its killer wrote.
    return story.why if state is None or story.phase == now else state.why


def _end_of_story(job: Job) -> Story:
    """The story as its last events tell it, which is enough to say where it is, at the cost of a short one."""
    events, all_of_them = read_last_events(job.events, _END)
    story = Story()
    story.add(events)
    if not story.steps and not all_of_them and job.kind == "train":
        story = Story()
        story.add(Tail(job.events).poll())
    return story


def summaries(workspace: Workspace) -> list[dict[str, Any]]:
    """Every job of the workspace, oldest first."""
    jobs = list_jobs(workspace)
    return [summary(job, jobs) for job in jobs]


@dataclass(frozen=True)
class Wanted:
    """Which jobs a command has a use for, as a test and in words; `kind` is the only one that will do, if any is."""

    words: str
    test: Callable[[Job], bool]
    kind: str = ""


ANY = Wanted("job", lambda job: True)
TRAINED = Wanted("training job with an adapter", is_trained, "train")
MEASURED = Wanted("evaluation that is done", lambda job: job.kind == "evaluate" and phase(job) == "done", "evaluate")
ALIVE_ONE = Wanted("job that runs or waits", lambda job: phase(job) in ALIVE)
ENDED_EARLY = Wanted("job to go on with", lambda job: phase(job) in {"stopped", "failed", "lost"})


def named_job(text: str, workspace: Path | None = None, wanted: Wanted = ANY) -> Job:
    """The job that a person named: a path, a name, its start or end, or a recipe or workspace with one such job.

    Names are looked for in `workspace` (a folder or a recipe), or else in this folder. Of several jobs the only one
    that is wanted is meant. Raises InputError where there is none, or more than one.
    """
    job = _named_job(text, workspace, wanted)
    if wanted.kind and job.kind != wanted.kind:
        others = [each for each in list_jobs(job.workspace) if wanted.test(each)]
        there = f"; there are {names_of(others)}" if others else ""
        raise InputError(f"{job.short}: is no {wanted.words}, but of the kind {job.kind}{there}")
    return job


def _named_job(text: str, workspace: Path | None, wanted: Wanted) -> Job:
    path = Path(text).expanduser()
    if (path / "manifest.json").is_file():
        return Job(path.resolve())
    here = workspace_at(workspace or Path())
    if not named_jobs(list_jobs(here), text) and (path.is_dir() or path.is_file()):
        return _job_of_workspace(text, path, wanted)
    if not here.jobs.is_dir():
        raise InputError(
            f"{text}: no such job; there are no jobs in {here.root.resolve().name} (--workspace DIR looks elsewhere)"
        )
    return find_job(here, text, wanted.test)


def _job_of_workspace(text: str, path: Path, wanted: Wanted) -> Job:
    """The only wanted job of the recipe or workspace at `path`."""
    jobs = list_jobs(workspace_at(path))
    if path.is_file():
        jobs = [job for job in jobs if read_manifest(job)["recipe"] == path.stem]
    found = [job for job in jobs if wanted.test(job)] if len(jobs) > 1 else jobs
    if not found:
        raise InputError(f"{text}: has no {wanted.words}" + (f"; it has {names_of(jobs)}" if jobs else ""))
    return only_job(found, text)
