"""Asks a model the tasks of lm-evaluation-harness, and says on stdout how: one JSON object a line.

A process of its own (`python -m ftworkbench.worker.harness_process JSON`), so that the card's memory is free again at
its end, and it can be ended at any moment. Its argument has the fields of a `Plan`; its lines are {"what", "done",
"total"}, {"notice"}, and {"end": true} or {"error", "input"} in the end. What it finds of a suite is in
`outputs/regression.NAME.before.jsonl` and `.after.jsonl`, and in `regression.NAME.json` what that depends on.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ftworkbench.data.checks.groups import groups_of
from ftworkbench.data.example import Message
from ftworkbench.errors import EXIT_NO, InputError
from ftworkbench.jobs.adapters import WEIGHTS
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.submitted import recipe_of
from ftworkbench.paths import model_folder
from ftworkbench.recipe.suite_names import names_of, split_suite
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker.checkpoints import sha256_of
from ftworkbench.worker.download import ask_no_more
from ftworkbench.worker.harness_kept import AFTER, BEFORE, Kept
from ftworkbench.worker.harness_opening import open_or_say_why, refuse_code_of_the_hub
from ftworkbench.worker.harness_rows import outputs_of, questions_of
from ftworkbench.worker.harness_tasks import Chat, TaskSuite, build, depends_on, draw_anew
from ftworkbench.worker.quiet import quiet_libraries
from ftworkbench.worker.reasons import chain, out_of_memory, reason

_PR_SET_PDEATHSIG = 1  # see prctl(2)
_TELL_EVERY = 0.2
Say = Callable[..., None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be asked. `parent` is the worker's pid, `job` its job's folder, `revision` the commit of its model.

    `adapter` is the folder of a training job whose adapter is asked too; `earlier` the folder of an evaluation of the
    same base model. `model_here` says that the hub need not be asked for the model.
    """

    parent: int
    job: str
    device: str
    revision: str | None = None
    adapter: str | None = None
    earlier: str | None = None
    model_here: bool = True


@dataclass(frozen=True)
class _Ask:
    """A suite that is asked, and where its answers are kept; `depends` is what they depend on, by when it is asked."""

    kept: Kept
    suite: TaskSuite
    depends: Mapping[str, str]


def main() -> int:
    """Does what the argument says. Gives 0, or 1 once it said why not."""
    plan = Plan(**json.loads(sys.argv[1]))
    die_with(plan.parent)
    say = _own_output()
    quiet_libraries()
    try:
        _run(plan, say)
    except BaseException as error:
        known = next((each for each in chain(error) if isinstance(each, InputError)), None)
        if known is None:
            traceback.print_exc()
        say(error=str(known or _words(error)), input=known is not None)
        return EXIT_NO
    say(end=True)
    return 0


def die_with(parent: int) -> None:
    """Has the kernel end this process when its parent ends, however that does."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(EXIT_NO)


def _own_output() -> Say:
    """What says a line on stdout; all else that is printed there goes to stderr, the job's log."""
    output = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)

    def say(**fields: Any) -> None:
        print(json.dumps(fields), file=output, flush=True)

    return say


def _words(error: BaseException) -> str:
    if out_of_memory(error):
        return "lm-evaluation-harness ran out of memory: lower harness.batch_size"
    return f"lm-evaluation-harness: {reason(error)}"


def _run(plan: Plan, say: Say) -> None:
    from ftworkbench.worker.adapter import attach
    from ftworkbench.worker.models import load_base, load_tokenizer

    job = Job(Path(plan.job))
    workspace, recipe = job.workspace, _recipe(plan, job)
    if not recipe.harness.run_code:
        refuse_code_of_the_hub()
    suites = recipe.evaluate.regression
    named = {name: text for name, text in zip(names_of(suites), suites, strict=True) if split_suite(text).task}
    opened = {name: open_or_say_why(text, recipe, workspace.root) for name, text in named.items()}
    if plan.model_here:
        ask_no_more()
    tokenizer = load_tokenizer(recipe, workspace)
    chat = chat_of(tokenizer) if recipe.harness.chat_template else None
    asks = [_prepared(name, suite, plan, chat, tokenizer.eos_token) for name, suite in opened.items()]
    for ask in asks:
        say(notice=f"{ask.suite.shown}: {ask.suite.words}")
    left = {when: [ask for ask in asks if not _known(ask, when, plan, say)] for when in asks[0].depends}
    if not any(left.values()):
        return
    base = load_base(recipe, workspace, plan.device)
    model = _wrapped(base, tokenizer, recipe)
    for ask in left[BEFORE]:
        _put(ask, BEFORE, model, recipe, say)
    if left.get(AFTER):
        # Put in place of the base, and not given to the library: it would tie the weights of a model anew.
        model._model = attach(base, Job(Path(str(plan.adapter))))
        for ask in left[AFTER]:
            _put(ask, AFTER, model, recipe, say)


def _recipe(plan: Plan, job: Job) -> Recipe:
    recipe = recipe_of(job)
    if model_folder(recipe.model.model_id, job.workspace.root) is not None:
        return recipe
    return replace(recipe, model=replace(recipe.model, revision=plan.revision))


# -------------------------------------------------------------------------------------------------
# The tasks, and how the model is spoken to


def chat_of(tokenizer: Any) -> Chat:
    """A conversation as text, as the library writes it by the model's template."""
    if not tokenizer.chat_template:
        raise InputError("harness.chat_template: the model has no chat template; leave it out")

    def chat(messages: list[Message], add_generation_prompt: bool = True) -> str:
        text: str = tokenizer.apply_chat_template(
            messages,
            tokenize=False,
            add_generation_prompt=add_generation_prompt,
            continue_final_message=not add_generation_prompt,
        )
        return text

    return chat


def _prepared(name: str, suite: TaskSuite, plan: Plan, chat: Chat | None, end: str | None) -> _Ask:
    build(suite, chat)
    library = version("lm-eval")
    before = depends_on(suite, library, end)
    depends = {BEFORE: before}
    if plan.adapter:
        depends[AFTER] = f"{before} {sha256_of(Job(Path(plan.adapter)).adapter / WEIGHTS)}"
    return _Ask(Kept(Job(Path(plan.job)).outputs, name, suite.shown, suite.metric_name, library), suite, depends)


def _wrapped(base: Any, tokenizer: Any, recipe: Recipe) -> Any:
    from lm_eval.models.huggingface import HFLM

    class Quiet(HFLM):  # type: ignore[misc]
        """The library's model, whose bars would fill the log."""

        def loglikelihood(self, requests: Any, disable_tqdm: bool = True) -> Any:
            return super().loglikelihood(requests, disable_tqdm=True)

        def generate_until(self, requests: Any, disable_tqdm: bool = True) -> Any:
            return super().generate_until(requests, disable_tqdm=True)

    return Quiet(base, backend="causal", tokenizer=tokenizer, batch_size=recipe.harness.batch_size)


# -------------------------------------------------------------------------------------------------
# What is known already, and what is asked


def _known(ask: _Ask, when: str, plan: Plan, say: Say) -> bool:
    """Whether the answers are there, from an attempt before this one or from an earlier evaluation's base model."""
    kept, depends = ask.kept, ask.depends[when]
    if kept.has(when, depends):
        return True
    if when == AFTER or not plan.earlier:
        return False
    there = Job(Path(plan.earlier)).outputs
    if not replace(kept, folder=there).has(when, depends):
        return False
    kept.take_over(there, when, depends)
    say(notice=f"{ask.suite.shown}: the base model was asked by an earlier evaluation, and is not asked again")
    return True


class _Told:
    """Hears of every answer, in the place of the library's cache, and says how many there are."""

    def __init__(self, what: str, total: int, say: Say) -> None:
        self._what, self._total, self._say = what, total, say
        self._done = 0
        self._last = 0.0

    def add_partial(self, *_: Any) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._last > _TELL_EVERY or self._done == self._total:
            self._last = now
            self._say(what=self._what, done=self._done, total=self._total)


def _put(ask: _Ask, when: str, model: Any, recipe: Recipe, say: Say) -> None:
    """Asks the model a suite, and keeps what it answers."""
    from lm_eval import evaluate

    suite, what = ask.suite, f"regression.{ask.kept.name}.{when}"
    say(what=what, done=0, total=suite.requests)
    model.set_cache_hook(_Told(what, suite.requests, say))
    draw_anew(suite)
    found = evaluate(
        lm=model,
        task_dict={"tasks": dict(suite.tasks), "groups": {}},
        samples=dict(suite.samples) if suite.samples else None,
        bootstrap_iters=0,
        apply_chat_template=recipe.harness.chat_template,
        fewshot_as_multiturn=True,
        confirm_run_unsafe_code=recipe.harness.run_code,
    )
    groups = groups_of([({"role": "user", "content": each},) for each in questions_of(suite, found["samples"])])
    ask.kept.keep(when, ask.depends[when], outputs_of(suite, found["samples"]), groups)


if __name__ == "__main__":
    sys.exit(main())
