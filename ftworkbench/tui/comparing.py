"""Asking baseline and tuned the same thing, through one session; all of it is done off the event loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ftworkbench.data.example import Example
from ftworkbench.evaluate.contestants import Contestant
from ftworkbench.jobs.folder import Job
from ftworkbench.steps.recipe import Opened
from ftworkbench.tui.sessions import Sessions
from ftworkbench.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Contest:
    """A training job, who may stand for the baseline (the best of them at `best`), and the validation rows."""

    opened: Opened
    train_job: Job
    baselines: tuple[Contestant, ...]
    best: int
    tuned: Contestant
    rows: tuple[Example, ...]


@dataclass(frozen=True)
class Asked:
    """A request to a session: what was asked, of whom, and the reference where the prompt is a row."""

    session: Job
    request: str
    baseline: str
    tuned: str
    messages: tuple[Mapping[str, Any], ...]
    reference: str | None


def prepare(workspace: Workspace, train_job: Job) -> Contest:
    """Who can be compared by a job's own recipe. Raises InputError where it has no adapter, or its split is gone."""
    from ftworkbench.data.splits.split import load_parts
    from ftworkbench.errors import InputError
    from ftworkbench.evaluate.contestants import tuned
    from ftworkbench.steps.compare import opened_of
    from ftworkbench.steps.contestants import best_prompted, prompted

    if not train_job.has_adapter:
        raise InputError(f"{train_job.name}: has no adapter yet, so there is nothing to compare")
    opened = opened_of(train_job, workspace)
    baselines = prompted(opened)
    names = [contestant.name for contestant in baselines]
    best = names.index(best_prompted(opened).name)
    rows = load_parts(workspace, opened.recipe.name, opened.recipe.data).validation
    return Contest(opened, train_job, baselines, best, tuned(opened.recipe.prompt), rows)


def ask_both(
    sessions: Sessions,
    contest: Contest,
    baseline: Contestant,
    messages: Sequence[Mapping[str, Any]],
    reference: str | None,
) -> Asked:
    """Asks the session of this training job, which is started where none runs. Greedy: the same answer each time."""
    from ftworkbench.jobs.session import ask
    from ftworkbench.steps.session import as_system

    session = sessions.open(contest.opened, contest.train_job)
    request = ask(
        session,
        "generate",
        systems=[as_system(baseline), as_system(contest.tuned, adapter=True)],
        messages=[dict(message) for message in messages],
        max_new_tokens=contest.opened.recipe.evaluate.max_new_tokens,
        temperature=0.0,
        seed=contest.opened.recipe.train.seed,
    )
    return Asked(session, request, baseline.name, contest.tuned.name, tuple(messages), reference)


def sessions_of(workspace: Workspace, train_job: Path) -> list[Job]:
    """The sessions that run for a training job."""
    from ftworkbench.jobs.folder import list_jobs, read_manifest
    from ftworkbench.jobs.state import ALIVE, phase

    return [
        job
        for job in list_jobs(workspace)
        if job.kind == "session" and read_manifest(job)["args"].get("job") == str(train_job) and phase(job) in ALIVE
    ]


def close_sessions(workspace: Workspace, train_job: Path) -> int:
    """Ends the sessions of a training job, and gives how many there were."""
    from ftworkbench.steps.session import close_session

    return sum(close_session(job) for job in sessions_of(workspace, train_job))
