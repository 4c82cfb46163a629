"""Asking contenders the same thing, through a session, and hearing what each of them answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ftworkbench.errors import JobError
from ftworkbench.jobs.events import Event
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.session import answers, ask
from ftworkbench.jobs.story import Answer, Story
from ftworkbench.steps.contenders import Contest

_PATIENCE = 600.0  # seconds without a word: loading a large model is silent for minutes

Message = Mapping[str, Any]


@dataclass(frozen=True)
class Question:
    """What is asked: the messages, their reference where they are a row's, and where they are from.

    `rows` is "validation", "test" or "own", `row` a row's key. `talks` are what each has heard and said before, where
    this goes on with it; the messages are then the new turn.
    """

    messages: tuple[Message, ...]
    reference: str | None = None
    rows: str = "own"
    row: str | None = None
    talks: Mapping[str, tuple[Message, ...]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What tells it from other questions, and what the sides of a blind comparison are drawn by."""
        return self.row or str(self.messages)

    def heard_by(self, name: str) -> tuple[Message, ...]:
        return (*self.talks.get(name, ()), *self.messages)


def ask_them(
    session: Job,
    contest: Contest,
    names: Sequence[str],
    question: Question,
    *,
    max_new_tokens: int | None = None,
    temperature: float = 0.0,
    top_p: float = 1.0,
    seed: int | None = None,
) -> str:
    """Asks those of the contest that are named, and gives the request's id; what is None is the recipe's."""
    recipe = contest.opened.recipe
    talks = {name: question.heard_by(name) if name in question.talks else None for name in names}
    return ask(
        session,
        "generate",
        systems=[contest.named(name).as_system(talks[name]) for name in names],
        messages=[dict(message) for message in question.messages],
        max_new_tokens=max_new_tokens or recipe.evaluate.max_new_tokens,
        temperature=temperature,
        top_p=top_p,
        seed=recipe.train.seed if seed is None else seed,
    )


def ask_by_seeds(
    session: Job,
    contest: Contest,
    names: Sequence[str],
    question: Question,
    *,
    seed: int,
    seeds: int,
    temperature: float,
    top_p: float,
    max_new_tokens: int | None = None,
) -> tuple[str, ...]:
    """Asks them as often as `seeds`, by the seeds from `seed` on, and gives the requests' ids in that order."""
    return tuple(
        ask_them(
            session,
            contest,
            names,
            question,
            max_new_tokens=max_new_tokens,
            temperature=temperature,
            top_p=top_p,
            seed=each,
        )
        for each in range(seed, seed + seeds)
    )


def answers_to(session: Job, request: str, names: Sequence[str], tell: Callable[[Story], None]) -> dict[str, Answer]:
    """What each of those who were asked has answered, by name, once all have; `tell` hears how the session goes on.

    Raises JobError where one of them could not answer, or the session ends.
    """
    story = Story()

    def heard(events: list[Event]) -> None:
        story.add(events)
        tell(story)

    for _ in answers(session, request, names, timeout=_PATIENCE, heard=heard):
        pass
    given = story.answers[request]
    for name in names:
        if given[name].error:
            raise JobError(f"{name}: {given[name].error}")
    return {name: given[name] for name in names}
