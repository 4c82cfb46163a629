"""One prompt to several, through a session."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ftworkbench.jobs.story import Answer, Story
from ftworkbench.steps.asking import Question, answers_to, ask_by_seeds
from ftworkbench.steps.contenders import Contest
from ftworkbench.steps.session import open_session


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
    seed: int,
    seeds: int = 1,
    beside: Sequence[str] = (),
    tell: Callable[[Story], None] = lambda story: None,
) -> list[Answered]:
    """The answers to `prompt` of those that the contest shows first, all by one session, whose story `tell` hears.

    `beside` names others who answer as well. They are all asked as often as `seeds`, by the seeds from `seed` on, and
    the answers come seed by seed. The session stays for the next prompt, until nobody has asked it for a while. Raises
    InputError where a name is nobody's, JobError where the session fails.
    """
    names = list(dict.fromkeys([*contest.first, *(contest.named(each).name for each in beside)]))
    session = open_session(contest.opened, contest.train_job)
    question = Question(({"role": "user", "content": prompt},))
    requests = ask_by_seeds(
        session,
        contest,
        names,
        question,
        max_new_tokens=max_new_tokens,
        temperature=temperature,
        top_p=top_p,
        seed=seed,
        seeds=seeds,
    )
    return [
        _answered(name, answer)
        for request in requests
        for name, answer in answers_to(session, request, names, tell).items()
    ]


def _answered(name: str, answer: Answer) -> Answered:
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
