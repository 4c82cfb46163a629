"""What RAGAS's prompts ask of a model, asked once each and kept with the judgements, within the budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from ftworkbench.data.example import sha256_of_json
from ftworkbench.errors import JobError
from ftworkbench.evaluate.contestants import Endpoint, endpoint_of
from ftworkbench.recipe.ragas_table import Ragas
from ftworkbench.worker.endpoint_reply import Reply
from ftworkbench.worker.judgements import judgement_key, keep_judgement, read_judgements
from ftworkbench.worker.measuring import Measuring
from ftworkbench.worker.template import RenderError
from ftworkbench.worker.work import Work

OVER_BUDGET = "over budget"


class _OverBudgetError(Exception):
    """The replies have cost more than the recipe allows."""


def request_key(table: Ragas, request: Mapping[str, Any]) -> str:
    who = {"endpoint": table.endpoint, "model": table.model}
    if "embed" in request:
        return judgement_key({**who, "model": table.embeddings}, [], {"embed": request["embed"]})
    form = _form(request["schema"])
    options = {"max_tokens": table.max_tokens, "temperature": 0.0, "response_format": form}
    return judgement_key(who, _messages(request), options)


def _messages(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": request["prompt"]}]


def _form(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "reply", "schema": dict(schema)}}


class RagasAsking:
    """The requests of all rounds, each asked once: by what is kept in the workspace, or now."""

    def __init__(self, work: Work, measuring: Measuring, total: int) -> None:
        self._work = work
        self._measuring = measuring
        self._total = total
        self.table = work.recipe.ragas
        endpoint = endpoint_of(self.table)
        assert endpoint is not None
        self.endpoint: Endpoint = endpoint
        self._earlier = read_judgements(work.workspace.judgements)
        self._now: dict[str, Reply] = {}
        self._kept: set[str] = set()
        self._asked = 0
        self._spent = 0.0

    def tell(self, done: int) -> None:
        self._work.progress("ragas", done, self._total, "figures")

    def replies(self, asked: Sequence[Mapping[str, Any]]) -> dict[str, Reply]:
        """The reply to each request of a round, by its key, one without an answer too."""
        requests = {request_key(self.table, each): each for each in asked}
        found = {key: reply for key in requests if (reply := self._now.get(key) or self._earlier.get(key))}
        self._kept |= requests.keys() & self._earlier.keys()
        batches: dict[str, dict[str, Mapping[str, Any]]] = {}
        for key, request in requests.items():
            if key not in found:
                name = "embed" if "embed" in request else sha256_of_json(request["schema"])
                batches.setdefault(name, {})[key] = request
        for name, batch in batches.items():
            found |= self._ask(batch, embed=name == "embed")
        return found

    def _ask(self, batch: Mapping[str, Mapping[str, Any]], *, embed: bool) -> dict[str, Reply]:
        from ftworkbench.worker.endpoint import GREEDY, Question, ask_embeddings, ask_endpoint

        keys = list(batch)
        found: dict[str, Reply] = {}

        def tell(place: int, reply: Reply) -> None:
            found[keys[place]] = reply
            self._asked += 1
            self._spent += reply.cost or 0.0
            if not reply.error:
                model = (self.table.embeddings if embed else self.table.model) or ""
                keep_judgement(self._work.workspace.judgements, keys[place], model, reply)
                self._now[keys[place]] = reply
            self._work.leave_if_stopped()
            if self.table.budget is not None and self._spent > self.table.budget:
                raise _OverBudgetError

        def say(text: str) -> None:
            self._work.notice(f"ragas: {text}", "ragas-server")

        look = self._work.leave_if_stopped
        if embed:
            texts = [str(each["embed"]) for each in batch.values()]
            try:
                ask_embeddings(self.endpoint, str(self.table.embeddings), texts, tell=tell, say=say, look=look)
            except JobError as error:  # a server without that route answers everything else
                return found | {key: Reply(error=f"no embeddings: {error}") for key in keys if key not in found}
            return found
        within = not self._over_budget(list(batch.values()))
        form = _form(next(iter(batch.values()))["schema"])
        with suppress(_OverBudgetError):  # a server may count more tokens than this model does
            if within:
                ask_endpoint(
                    self.endpoint,
                    [Question(_messages(each)) for each in batch.values()],
                    self.table.max_tokens,
                    tell=tell,
                    say=say,
                    look=look,
                    drawing={**GREEDY, "response_format": form},
                )
        why = "" if within else ", and this could cost too much"
        left = Reply(error=f"{OVER_BUDGET}: what came before has cost {self._spent:.3g}{why}")
        return {key: found.get(key, left) for key in keys}

    def _over_budget(self, batch: Sequence[Mapping[str, Any]]) -> bool:
        if self.table.budget is None:
            return False
        prompts = sum(self._count(each) for each in batch)
        most = self.endpoint.cost(prompts, self.table.max_tokens * len(batch)) or 0.0
        return self._spent + most > self.table.budget

    def _count(self, request: Mapping[str, Any]) -> int:
        """Tokens of a prompt, by this model's own count; where it has none, a token for each byte: none has more."""
        try:
            return len(self._measuring.template.prompt(_messages(request)))
        except RenderError:
            return len(str(request["prompt"]).encode())

    def figures(self) -> dict[str, Any]:
        """How many requests were asked now, how many were known, and what those asked now cost."""
        known = self.endpoint.cost(0, 0) is not None
        return {"asked": self._asked, "kept": len(self._kept), "spent": self._spent if known else None}
