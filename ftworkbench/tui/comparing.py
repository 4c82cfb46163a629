"""Asking several the same thing, through one session; all of it is done off the event loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ftworkbench.jobs.folder import Job
from ftworkbench.tui.drawing import Drawing
from ftworkbench.tui.sessions import Sessions

if TYPE_CHECKING:
    from ftworkbench.steps.asking import Question
    from ftworkbench.steps.contenders import Contest


@dataclass(frozen=True)
class Asked:
    """A request to a session: what was asked, of whom, and how they draw."""

    session: Job
    request: str
    names: tuple[str, ...]
    question: Question
    drawing: Drawing


def ask_contest(
    sessions: Sessions, contest: Contest, names: Sequence[str], question: Question, drawing: Drawing
) -> Asked:
    """Asks the session of this contest, which is started where none runs."""
    from ftworkbench.steps.asking import ask_them

    session = sessions.open(contest.opened, contest.train_job)
    request = ask_them(
        session, contest, names, question, temperature=drawing.temperature, top_p=drawing.top_p, seed=drawing.seed
    )
    return Asked(session, request, tuple(names), question, drawing)
