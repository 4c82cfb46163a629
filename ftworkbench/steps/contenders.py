"""Who can answer side by side: prompts of the base model, the tuned one, adapters and checkpoints of any job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ftworkbench.data.example import Example
from ftworkbench.errors import InputError, WorkbenchError
from ftworkbench.evaluate.contestants import Contestant, tuned
from ftworkbench.evaluate.metrics import Metric, choose_metrics
from ftworkbench.jobs.adapters import NamedAdapter, adapters_of, find_adapter
from ftworkbench.jobs.folder import Job, list_jobs
from ftworkbench.jobs.submitted import recipe_of
from ftworkbench.recipe.metric_names import REGEX, split_metric
from ftworkbench.recipe.prompt_table import TUNED
from ftworkbench.recipe.tables import Recipe
from ftworkbench.steps.contestants import best_prompted, parts_to_ask, prompted
from ftworkbench.steps.recipe import Opened
from ftworkbench.steps.session import as_system
from ftworkbench.workspace import Workspace

if TYPE_CHECKING:
    from ftworkbench.data.splits.split import Parts
    from ftworkbench.recipe.tables import ContestantLine


@dataclass(frozen=True)
class Contender:
    """`name` is its own within a contest. `adapter` names whose weights answer (see jobs.adapters); True stands for
    those of the session's training job, and None for a prompted contestant: the base model, or one at an endpoint.

    `tried` is the line of the recipe that it would be, where its prompt was edited and is in no recipe yet.
    """

    name: str
    contestant: Contestant
    adapter: str | bool | None = None
    tried: ContestantLine | None = None

    def as_system(self, messages: Sequence[Mapping[str, Any]] | None = None) -> dict[str, Any]:
        """As a session's `generate` request names it; `messages`, where given, are its own instead of the request's."""
        system = as_system(self.contestant, adapter=self.adapter or False)
        own = {} if messages is None else {"messages": [dict(message) for message in messages]}
        return {**system, "name": self.name, **own}


@dataclass(frozen=True)
class Contest:
    """Everybody who can answer over the base model of a recipe, those that are shown first, and the rows to ask.

    `opened` is the recipe of the training job, as it was resolved then; without one, `train_job` None, prompts alone
    are compared. `rows` are those of the split by part: "validation", "test"; `metric` scores an answer to one, None
    where only an evaluation can.
    """

    opened: Opened
    train_job: Job | None
    contenders: tuple[Contender, ...]
    first: tuple[str, ...]
    rows: Mapping[str, tuple[Example, ...]]
    metric: Metric | None

    def named(self, name: str) -> Contender:
        """The contender of that name, or of the adapter that it names. Raises InputError with those that there are."""
        for each in self.contenders:
            if name in (each.name, each.adapter):
                return each
        with suppress(WorkbenchError):
            found = find_adapter(self.opened.workspace, name)
            own = found.step is None and self.train_job is not None and found.job.path == self.train_job.path
            for each in self.contenders:
                if each.adapter == (own or found.name):
                    return each
        known = ", ".join(each.name for each in self.contenders)
        raise InputError(f"{name}: nobody of that name can answer; there are {known}")

    @property
    def baselines(self) -> tuple[str, ...]:
        """The names of the prompted contestants."""
        return tuple(each.name for each in self.contenders if not each.adapter)

    def with_prompt(self, name: str, system: str) -> tuple[Contest, str]:
        """The contest with that prompted contestant asked with another system prompt too, and what that is called.

        One that was edited already is edited again; any other stays as it is, beside the new one.
        """
        old = self.named(name)
        line = old.tried or old.contestant.line
        if line is None:
            raise InputError(f"{name}: is no prompted contestant, so its prompt is not the recipe's to change")
        new = name if old.tried else self._free_name()
        line = replace(line, name=new, system=system, system_file=None)
        edited = Contender(new, replace(old.contestant, name=new, system=system, line=line), tried=line)
        everybody = list(self.contenders)
        place = everybody.index(old)
        everybody[place : place + 1] = [edited] if old.tried else [old, edited]
        return replace(self, contenders=tuple(everybody)), new

    def with_kept(self, tried: str, name: str) -> Contest:
        """The contest in which the prompt that was tried is a contestant of the recipe, by its name there."""
        old = self.named(tried)
        kept = replace(old, name=name, contestant=replace(old.contestant, name=name), tried=None)
        return replace(self, contenders=tuple(kept if each is old else each for each in self.contenders))

    def _free_name(self) -> str:
        taken, number = {each.name for each in self.contenders}, 1
        while f"prompt-{number}" in taken:
            number += 1
        return f"prompt-{number}"


def contest_of(workspace: Workspace, train_job: Job) -> Contest:
    """The prompted contestants first, then the tuned model, its checkpoints, the newest first, and the adapters and
    checkpoints of other jobs on the same base, quantized alike.

    Raises InputError where the job has no adapter, or its split is gone.
    """
    if not train_job.has_adapter:
        raise InputError(f"{train_job.short}: has no adapter yet, so there is nothing to compare")
    recipe = recipe_of(train_job)
    contest = prompt_contest(Opened(train_job.recipe, recipe, recipe, (), workspace), train_job)
    contenders = (
        *contest.contenders,
        Contender(TUNED, tuned(recipe.prompt), True),
        *_kept(contest.opened, train_job),
        *_others(contest.opened, train_job),
    )
    return replace(contest, train_job=train_job, contenders=contenders, first=(contest.first[0], TUNED))


def prompt_contest(opened: Opened, train_job: Job | None = None) -> Contest:
    """The prompted contestants of a recipe, the one that was measured best first (see best_prompted).

    Raises InputError where its split is gone.
    """
    parts = parts_to_ask(opened)
    everybody = prompted(opened, parts)
    best = best_prompted(opened, everybody, train_job).name
    first = (best, *(each.name for each in everybody if each.name != best))[:2]
    rows = {"validation": tuple(parts.validation), "test": tuple(parts.test)}
    contenders = tuple(Contender(each.name, each) for each in everybody)
    return Contest(opened, None, contenders, first, rows, _metric(opened.recipe, parts))


def _metric(recipe: Recipe, parts: Parts) -> Metric | None:
    """The metric that decides in an evaluation; None where it needs more than an answer.

    Neither is it a pattern of the user's, which may take any time on a long answer.
    """
    named = recipe.evaluate.metric
    known = [] if named else parts.known_answers
    decides = choose_metrics(known or [each.answer for each in parts.test], named)[0]
    return decides if decides.plain and split_metric(decides.name).kind != REGEX else None


def _kept(opened: Opened, train_job: Job) -> list[Contender]:
    asked = tuned(opened.recipe.prompt)
    return [
        Contender(f"step {each.step}", asked, each.name)
        for each in _standing(opened.recipe, train_job)
        if each.step is not None
    ]


def _others(opened: Opened, train_job: Job) -> list[Contender]:
    found = []
    for job in reversed(list_jobs(opened.workspace)):
        if job.kind != "train" or job.path == train_job.path:
            continue
        try:
            recipe = recipe_of(job)
        except WorkbenchError:
            continue  # of a version that this one does not understand
        if (recipe.model, recipe.quantization) != (opened.recipe.model, opened.recipe.quantization):
            continue
        for each in _standing(recipe, job):
            name = job.short if each.step is None else f"{job.short} step {each.step}"
            found.append(Contender(name, tuned(recipe.prompt), each.name))
    return found


def _standing(recipe: Recipe, job: Job) -> list[NamedAdapter]:
    """What a training left that answers on the base as it is: not the checkpoints, where it had changed that."""
    return [each for each in adapters_of(job) if each.step is None or not recipe.out_of_base]
