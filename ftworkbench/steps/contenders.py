"""Who can answer side by side: prompts of the base model, the tuned one, its checkpoints, adapters of other jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ftworkbench.errors import InputError, WorkbenchError
from ftworkbench.evaluate.contestants import TUNED, Contestant, tuned
from ftworkbench.jobs.adapters import adapters_of
from ftworkbench.jobs.folder import Job, list_jobs
from ftworkbench.jobs.submitted import recipe_of
from ftworkbench.steps.contestants import best_prompted, prompted
from ftworkbench.steps.recipe import Opened
from ftworkbench.steps.session import as_system


@dataclass(frozen=True)
class Contender:
    """`name` is its own within a contest. `adapter` names whose weights answer (see jobs.adapters); True stands for
    those of the session's training job, and None for the base model.
    """

    name: str
    contestant: Contestant
    adapter: str | bool | None = None

    def as_system(self, messages: Sequence[Mapping[str, Any]] | None = None) -> dict[str, Any]:
        """As a session's `generate` request names it; `messages`, where given, are its own instead of the request's."""
        system = as_system(self.contestant, adapter=self.adapter or False)
        own = {} if messages is None else {"messages": [dict(message) for message in messages]}
        return {**system, "name": self.name, **own}


def contenders(opened: Opened, train_job: Job) -> tuple[Contender, ...]:
    """Everybody who can answer over the base model of a training job, whose recipe `opened` is.

    The prompted contestants come first, then the tuned model, its checkpoints, the newest first, and the adapters of
    other jobs on the same base, quantized alike.
    """
    base = [Contender(contestant.name, contestant) for contestant in prompted(opened)]
    return (
        *base,
        Contender(TUNED, tuned(opened.recipe.prompt), True),
        *_kept(opened, train_job),
        *_others(opened, train_job),
    )


def first_two(opened: Opened, everybody: Sequence[Contender]) -> tuple[str, str]:
    """The names of those that are shown first: the prompted contestant that was best, and the tuned model."""
    best = best_prompted(opened).name
    return next(each.name for each in everybody if each.name == best), TUNED


def named_contender(everybody: Sequence[Contender], name: str) -> Contender:
    """The contender of that name. Raises InputError with those that there are."""
    for each in everybody:
        if name in (each.name, each.adapter):
            return each
    raise InputError(f"{name}: nobody of that name can answer; there are {', '.join(each.name for each in everybody)}")


def _kept(opened: Opened, train_job: Job) -> list[Contender]:
    if opened.recipe.out_of_base:
        return []  # its checkpoints are adapters of a base that was changed for the training
    asked = tuned(opened.recipe.prompt)
    return [
        Contender(f"step {each.step}", asked, each.name) for each in adapters_of(train_job) if each.step is not None
    ]


def _others(opened: Opened, train_job: Job) -> list[Contender]:
    found = []
    for job in reversed(list_jobs(opened.workspace)):
        if job.kind != "train" or job.path == train_job.path or not job.has_adapter:
            continue
        try:
            recipe = recipe_of(job)
        except WorkbenchError:
            continue  # of a version that this one does not understand
        if (recipe.model, recipe.quantization) == (opened.recipe.model, opened.recipe.quantization):
            found.append(Contender(job.short, tuned(recipe.prompt), job.short))
    return found
