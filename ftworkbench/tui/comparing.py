"""Asking several the same thing, through one session; all of it is done off the event loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ftworkbench.jobs.folder import Job
from ftworkbench.tui.drawing import Drawing
from ftworkbench.tui.sessions import Sessions

if TYPE_CHECKING:
    from ftworkbench.jobs.story import Answer, Story
    from ftworkbench.steps.asking import Question
    from ftworkbench.steps.contenders import Contest


@dataclass(frozen=True)
class Asked:
    """What was asked of a session, of whom, and how they draw: a request for each seed."""

    session: Job
    requests: tuple[str, ...]
    names: tuple[str, ...]
    question: Question
    drawing: Drawing

    def answers(self, story: Story | None) -> tuple[Mapping[str, Answer], ...]:
        """What has come of it so far, by name, for each seed."""
        return tuple(story.answers.get(each, {}) if story is not None else {} for each in self.requests)

    def is_answered(self, story: Story) -> bool:
        """Whether everybody has answered, and without an error."""
        found = [answers.get(name) for answers in self.answers(story) for name in self.names]
        return all(answer is not None and answer.done and not answer.error for answer in found)


def ask_contest(
    sessions: Sessions, contest: Contest, names: Sequence[str], question: Question, drawing: Drawing
) -> Asked:
    """Asks the session of this contest, which is started where none runs."""
    from ftworkbench.steps.asking import ask_by_seeds

    session = sessions.open(contest.opened, contest.train_job)
    requests = ask_by_seeds(
        session,
        contest,
        names,
        question,
        temperature=drawing.temperature,
        top_p=drawing.top_p,
        seed=drawing.seed,
        seeds=drawing.many,
    )
    return Asked(session, requests, tuple(names), question, drawing)
