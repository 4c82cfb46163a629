"""Asking several the same thing, through one session; all of it is done off the event loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ftworkbench.data.example import Example
from ftworkbench.jobs.folder import Job
from ftworkbench.steps.contenders import Contender
from ftworkbench.steps.recipe import Opened
from ftworkbench.tui.sessions import Sessions
from ftworkbench.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

Message = Mapping[str, Any]
TEMPERATURES = (0.0, 0.5, 0.8, 1.0, 1.3)
TOP_PS = (1.0, 0.95, 0.9, 0.8)


@dataclass(frozen=True)
class Drawing:
    """How answers are drawn. At temperature 0 the likeliest token is taken, and the rest says nothing."""

    seed: int
    temperature: float = 0.0
    top_p: float = 1.0

    @property
    def words(self) -> str:
        if not self.temperature:
            return "greedy"
        top = f", top-p {self.top_p:g}" if self.top_p < 1 else ""
        return f"temperature {self.temperature:g}{top}, seed {self.seed}"

    def next_seed(self) -> Drawing:
        return replace(self, seed=self.seed + 1)

    def warmer(self) -> Drawing:
        return replace(self, temperature=_after(TEMPERATURES, self.temperature))

    def narrower(self) -> Drawing:
        return replace(self, top_p=_after(TOP_PS, self.top_p))


def _after(choices: Sequence[float], now: float) -> float:
    return choices[(choices.index(now) + 1) % len(choices)] if now in choices else choices[0]


@dataclass(frozen=True)
class Contest:
    """A training job, who can answer over its base model, the two that are shown first, and the rows to ask.

    `rows` are those of the split by part: "validation", "test".
    """

    opened: Opened
    train_job: Job
    contenders: tuple[Contender, ...]
    first: tuple[str, str]
    rows: Mapping[str, tuple[Example, ...]]

    def named(self, name: str) -> Contender:
        return next(each for each in self.contenders if each.name == name)

    @property
    def baselines(self) -> tuple[str, ...]:
        """The names of those whom the base model answers for."""
        return tuple(each.name for each in self.contenders if not each.adapter)

    @property
    def drawing(self) -> Drawing:
        """How they answer unless told otherwise: the same each time."""
        return Drawing(self.opened.recipe.train.seed)


@dataclass(frozen=True)
class Question:
    """What is asked: the messages, their reference where they are a row's, and where they are from.

    `talks` are what each has heard and said before, where this goes on with it; the messages are then the new turn.
    """

    messages: tuple[Message, ...]
    reference: str | None = None
    rows: str = "own"
    row: str | None = None
    talks: Mapping[str, tuple[Message, ...]] = field(default_factory=dict)

    def heard_by(self, name: str) -> tuple[Message, ...]:
        return (*self.talks.get(name, ()), *self.messages)


@dataclass(frozen=True)
class Asked:
    """A request to a session: what was asked, of whom, and how they draw."""

    session: Job
    request: str
    names: tuple[str, ...]
    question: Question
    drawing: Drawing


def prepare(workspace: Workspace, train_job: Job) -> Contest:
    """Who can be compared by a job's own recipe. Raises InputError where it has no adapter, or its split is gone."""
    from ftworkbench.data.splits.split import load_parts
    from ftworkbench.errors import InputError
    from ftworkbench.steps.compare import opened_of
    from ftworkbench.steps.contenders import contenders, first_two

    if not train_job.has_adapter:
        raise InputError(f"{train_job.name}: has no adapter yet, so there is nothing to compare")
    opened = opened_of(train_job, workspace)
    everybody = contenders(opened, train_job)
    parts = load_parts(workspace, opened.recipe.name, opened.recipe.data)
    rows = {"validation": parts.validation, "test": parts.test}
    return Contest(opened, train_job, everybody, first_two(opened, everybody), rows)


def ask_them(sessions: Sessions, contest: Contest, names: Sequence[str], question: Question, drawing: Drawing) -> Asked:
    """Asks the session of this training job, which is started where none runs."""
    from ftworkbench.jobs.session import ask

    session = sessions.open(contest.opened, contest.train_job)
    talks = {name: question.heard_by(name) if name in question.talks else None for name in names}
    request = ask(
        session,
        "generate",
        systems=[contest.named(name).as_system(talks[name]) for name in names],
        messages=[dict(message) for message in question.messages],
        max_new_tokens=contest.opened.recipe.evaluate.max_new_tokens,
        temperature=drawing.temperature,
        top_p=drawing.top_p,
        seed=drawing.seed,
    )
    return Asked(session, request, tuple(names), question, drawing)


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
