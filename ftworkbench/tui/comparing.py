"""Asking several the same thing, through one session; all of it is done off the event loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ftworkbench.jobs.folder import Job
from ftworkbench.tui.drawing import Drawing
from ftworkbench.tui.sessions import Sessions

if TYPE_CHECKING:
    from ftworkbench.steps.contenders import Contest

Message = Mapping[str, Any]


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


def ask_them(sessions: Sessions, contest: Contest, names: Sequence[str], question: Question, drawing: Drawing) -> Asked:
    """Asks the session of this contest, which is started where none runs."""
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
