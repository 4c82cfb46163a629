"""Judging: a model says which answer is better, or how good each is, once the answers to the test rows are there."""

from __future__ import annotations

import json
import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ftworkbench.data.example import Example
from ftworkbench.errors import JobError
from ftworkbench.evaluate.contestants import Endpoint, endpoint_of
from ftworkbench.files import replace_file
from ftworkbench.worker.endpoint_reply import Reply, counted
from ftworkbench.worker.generate import Answer, Sampling, generate
from ftworkbench.worker.judge_report import OVER_BUDGET, TOO_LONG, Judged, judge_report, judged_of
from ftworkbench.worker.judge_requests import (
    UNANSWERED,
    Request,
    Systems,
    requests_of,
    rows_to_judge,
    rubric_of,
    rubric_sha256,
    schema_of,
)
from ftworkbench.worker.judgements import keep_judgement, read_judgements
from ftworkbench.worker.measuring import Measuring
from ftworkbench.worker.smaller import tell_fewer
from ftworkbench.worker.streaming import without_adapter
from ftworkbench.worker.template import RenderError
from ftworkbench.worker.work import Work

_TELL_EVERY = 0.2


class _OverBudgetError(Exception):
    """The verdicts have cost more than the recipe allows."""


@dataclass(frozen=True)
class _Cost:
    """What is about to be asked: tokens of the prompts, at most so many of verdicts, and the most it can cost."""

    requests: int
    prompt_tokens: int
    tokens: int
    most: float | None


def not_yet(work: Work) -> dict[str, Any]:
    """The `judge` of verdict.json before there is one, or where the evaluation ended before."""
    text = "no figures yet: it is being asked, or the evaluation ended before it had answered; resume it then"
    return {**_about(work), "n": 0, "problem": text}


def _about(work: Work) -> dict[str, Any]:
    table = work.recipe.judge
    name = table.model or work.recipe.model.model_id
    return {"mode": table.mode, "model": name, "local": table.local, "endpoint": table.endpoint}


def judge(
    work: Work, measuring: Measuring, examples: Sequence[Example], systems: Systems, groups: Sequence[Hashable]
) -> dict[str, Any]:
    """The `judge` of verdict.json; what was said of each row is in `outputs/judge.jsonl`.

    `systems` are (name, outputs), the baseline before the tuned one; a pairwise judge wants both. Raises JobError where
    more requests than the recipe allows were not answered: resumed, only those are asked again.
    """
    table, about = work.recipe.judge, _about(work)
    if table.mode == "pairwise" and len(systems) < 2:
        text = "a pair needs both answers: the judge is asked once a tuned model is measured against the baseline"
        work.notice(f"judge: {text}", "judge-not-asked", level="info")
        return {**about, "n": 0, "problem": text}
    rubric = rubric_of(work)
    about |= {"rubric_sha256": rubric_sha256(rubric), "scale": table.scale, "reference": table.reference}
    about["seed"] = table.seed
    places, silent = rows_to_judge(table, systems)
    requests = requests_of(work, examples, systems, places)
    asking = _Asking(work, measuring, requests)
    cost = asking.cost()
    if cost.requests:
        work.notice(_said(work, cost, len(requests)), "judge-asked", level="info")
    if table.budget is not None and cost.most is not None and cost.most > table.budget:
        text = f"not asked: it could cost {cost.most:.3g}, and judge.budget is {table.budget:g}"
        work.notice(f"judge: {text}", "judge-over-budget")
        return {**about, "n": 0, "problem": text}
    asking.ask()
    judged = [judged_of(table, request, asking.replies[request.key]) for request in requests]
    _write(work, judged, examples)
    asking.say_what_failed(judged, examples)
    missing = {UNANSWERED: len(silent)} if silent else {}
    found = judge_report(table, judged, examples, systems, places, groups=groups)
    return {**about, **found, "missing": {**missing, **found["missing"]}, **asking.figures()}


class _Asking:
    """The requests of an evaluation, each answered once: by what is kept in the workspace, or now."""

    def __init__(self, work: Work, measuring: Measuring, requests: Sequence[Request]) -> None:
        self._work = work
        self._measuring = measuring
        self._table = work.recipe.judge
        self._endpoint = endpoint_of(self._table)
        self._requests = {request.key: request for request in requests}  # the same question is asked once
        self.replies = read_judgements(work.workspace.judgements, self._requests)
        self._kept = len(self.replies)
        self._asked = 0
        self._spent = 0.0
        self._told = 0.0

    @property
    def _open(self) -> list[Request]:
        return [request for key, request in self._requests.items() if key not in self.replies]

    def cost(self) -> _Cost:
        """What the open requests come to, by this model's own count of tokens."""
        waiting = self._open
        prompt_tokens = sum(self._count(request) for request in waiting)
        tokens = self._table.max_tokens * len(waiting)
        most = self._endpoint.cost(prompt_tokens, tokens) if self._endpoint else None
        return _Cost(len(waiting), prompt_tokens, tokens, most)

    def _count(self, request: Request) -> int:
        try:
            return len(self._measuring.template.prompt(request.messages))
        except RenderError:
            return sum(len(str(each["content"]).encode()) for each in request.messages) // 4

    def ask(self) -> None:
        """Asks what is open; every request has a reply then, one without an answer too."""
        waiting = self._open
        self._progress()
        if waiting and self._endpoint is not None:
            self._ask_endpoint(waiting, self._endpoint)
        elif waiting:
            self._generate(waiting)
        for request in self._open:
            self.replies[request.key] = Reply(error=f"{OVER_BUDGET}: what came before has cost {self._spent:.3g}")

    def _ask_endpoint(self, waiting: Sequence[Request], endpoint: Endpoint) -> None:
        from ftworkbench.worker.endpoint import GREEDY, Question, ask_endpoint

        form = {"response_format": schema_of(self._table)} if self._table.structured else {}
        try:
            ask_endpoint(
                endpoint,
                [Question(request.messages) for request in waiting],
                self._table.max_tokens,
                tell=lambda place, reply: self._take(waiting[place], reply),
                say=lambda text: self._work.notice(f"judge: {text}", "judge", level="info"),
                look=self._work.leave_if_stopped,
                drawing={**GREEDY, **form},
            )
        except _OverBudgetError:
            text = f"judge: has cost {self._spent:.3g}, more than judge.budget; no more is asked"
            self._work.notice(text, "judge-over-budget")

    def _generate(self, waiting: Sequence[Request]) -> None:
        """The base model's verdicts, whatever adapter is on it."""
        template, prompts = self._measuring.template, []
        for request in waiting:
            try:
                prompts.append(template.prompt(request.messages))
            except RenderError:
                prompts.append([])

        def tell(answers: Mapping[int, Answer]) -> None:
            for place, answer in answers.items():
                self._take(waiting[place], _as_reply(answer, len(prompts[place])))

        model = self._measuring.base()
        size = self._work.recipe.evaluate.batch_size
        sampling, fewer = Sampling(self._table.max_tokens), partial(tell_fewer, self._work)
        with without_adapter(model):
            generate(model, template, prompts, sampling, batch_size=size, tell=tell, fewer=fewer)

    def _take(self, request: Request, reply: Reply) -> None:
        self.replies[request.key] = reply
        self._asked += 1
        if not reply.error:
            name = self._table.model or self._work.recipe.model.model_id
            keep_judgement(self._work.workspace.judgements, request.key, name, reply)
        self._spent += reply.cost or 0.0
        self._progress()
        self._work.leave_if_stopped()
        if self._table.budget is not None and self._spent > self._table.budget:
            raise _OverBudgetError

    def _progress(self) -> None:
        now = time.monotonic()
        if now - self._told > _TELL_EVERY or len(self.replies) == len(self._requests):
            self._told = now
            self._work.progress("judge", len(self.replies), len(self._requests), "requests")

    def say_what_failed(self, judged: Sequence[Judged], examples: Sequence[Example]) -> None:
        """Names the rows without a verdict. Raises JobError where more requests failed than the recipe allows."""
        without = [each for each in judged if each.error]
        if not without:
            return
        rows = list(dict.fromkeys(examples[each.request.place].key for each in without))
        why = counted(each.error for each in without)
        text = f"judge: {len(without)} of {len(judged)} requests have no verdict, on {len(rows)} rows: {why}"
        self._work.notice(f"{text}; the first: {without[0].error}", "judge-failed", rows=rows)
        failed = [each.error for each in without if each.is_failure]
        if len(failed) > self._table.allow_failed * len(judged):
            raise JobError(
                f"judge: {len(failed)} of {len(judged)} requests could not be had ({counted(failed)}): "
                "resume the job, which asks those again and no others"
            )

    def figures(self) -> dict[str, Any]:
        """How many requests there were, how many of them were asked now, what those took and cost."""
        answered = [reply for reply in self.replies.values() if not reply.error]
        costs = [reply.cost for reply in answered if reply.cost is not None]
        return {
            "requests": len(self._requests),
            "asked": self._asked,
            "kept": self._kept,
            "prompt_tokens": sum(reply.prompt_tokens for reply in answered),
            "tokens": sum(reply.tokens for reply in answered),
            "cost": sum(costs) if costs else None,
            "spent": self._spent if self._endpoint and self._endpoint.cost(0, 0) is not None else None,
            "schema_refused": any("response_format" in reply.left_out for reply in answered),
        }


def _as_reply(answer: Answer, prompt_tokens: int) -> Reply:
    if not answer.tokens:
        return Reply(error=f"{TOO_LONG}: it leaves the judge's context no room")
    return Reply(answer.text, answer.finish, answer.tokens, prompt_tokens, round(answer.seconds, 4))


def _said(work: Work, cost: _Cost, total: int) -> str:
    """What is about to be asked of the judge, and what that costs."""
    table = work.recipe.judge
    kept = f", {total - cost.requests:,} more are known" if total > cost.requests else ""
    whom = "the base model" if table.local else f"{table.model} at {table.endpoint}"
    text = (
        f"judge: asks {whom}: {cost.requests:,} requests{kept}, about {cost.prompt_tokens:,} tokens of prompts "
        f"and at most {cost.tokens:,} of verdicts"
    )
    if table.local:
        return text
    if cost.most is None:
        return f"{text}; the recipe says no prices"
    return f"{text}: at most {cost.most:.3g} by the recipe's prices"


def _write(work: Work, judged: Sequence[Judged], examples: Sequence[Example]) -> None:
    """A line for each request, in `outputs/judge.jsonl`."""
    work.job.outputs.mkdir(exist_ok=True)
    lines = [json.dumps(each.as_json(examples[each.request.place].key), allow_nan=False) for each in judged]
    replace_file(work.job.outputs / "judge.jsonl", "".join(f"{line}\n" for line in lines).encode("ascii"))
