"""One prompt to several, through a session."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ftworkbench.errors import JobError
from ftworkbench.jobs.events import Event
from ftworkbench.jobs.session import answers, ask
from ftworkbench.jobs.story import Story
from ftworkbench.steps.contenders import Contest
from ftworkbench.steps.session import open_session

_PATIENCE = 600.0  # seconds without a word: loading a large model is silent for minutes


@dataclass(frozen=True)
class Answered:
    """What one system answered. `seconds` are from the request's start; `adapter_sha256` is None for the base model.

    `cost` is in the currency of the recipe's prices, None where there are none. `proof` is what else it rests on: the
    chat template's hash, and the sampling.
    """

    name: str
    text: str
    tokens: int
    seconds: float
    adapter_sha256: str | None
    first_token_seconds: float | None
    finish: str
    cost: float | None
    proof: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        given = asdict(self)
        return {**given.pop("proof"), **given}


def compare(
    contest: Contest,
    prompt: str,
    *,
    max_new_tokens: int | None = None,
    temperature: float = 0.0,
    top_p: float = 1.0,
    seed: int | None = None,
    beside: Sequence[str] = (),
    tell: Callable[[Story], None] = lambda story: None,
) -> list[Answered]:
    """The answers to `prompt` of those that the contest shows first, all by one session, whose story `tell` hears.

    `beside` names others who answer as well. The session stays for the next prompt, until nobody has asked it for a
    while. Raises InputError where a name is nobody's, JobError where the session fails.
    """
    opened = contest.opened
    names = dict.fromkeys([*contest.first, *(contest.named(each).name for each in beside)])
    systems = [contest.named(name).as_system() for name in names]
    story = Story()

    def heard(events: list[Event]) -> None:
        story.add(events)
        tell(story)

    session = open_session(opened, contest.train_job)
    request = ask(
        session,
        "generate",
        systems=systems,
        messages=[{"role": "user", "content": prompt}],
        max_new_tokens=max_new_tokens or opened.recipe.evaluate.max_new_tokens,
        temperature=temperature,
        top_p=top_p,
        seed=opened.recipe.train.seed if seed is None else seed,
    )
    for _ in answers(session, request, [system["name"] for system in systems], timeout=_PATIENCE, heard=heard):
        pass
    given = story.answers[request]
    return [_answered(system["name"], given) for system in systems]


def _answered(name: str, given: dict[str, Any]) -> Answered:
    answer = given[name]
    if answer.error:
        raise JobError(f"{name}: {answer.error}")
    totals = answer.totals
    return Answered(
        name,
        answer.text,
        int(totals.get("tokens", 0)),
        float(totals.get("seconds", 0)),
        answer.adapter_sha256,
        totals.get("first_token_seconds"),
        str(totals.get("finish", "")),
        totals.get("cost"),
        answer.proof,
    )
