"""A session: answers prompts and shows tokens for whoever asks, until nobody has asked for a while."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from ftworkbench.data.example import Example
from ftworkbench.data.splits.split import load_parts
from ftworkbench.errors import InputError, WorkbenchError
from ftworkbench.evaluate.contestants import build_messages
from ftworkbench.evaluate.prompting import Prompting
from ftworkbench.jobs.adapters import find_adapter
from ftworkbench.jobs.queue import Lease, LeftQueueError, take_device
from ftworkbench.jobs.session import Requests
from ftworkbench.jobs.submitted import recipe_of
from ftworkbench.worker.adapter import (
    Adapter,
    Adapters,
    of_one_kind,
    read_adapter,
    require_own_base,
    require_same_base,
)
from ftworkbench.worker.answer_events import AnswerEvents, proof_of
from ftworkbench.worker.elsewhere import AskedElsewhere, answering_elsewhere, contestant_of
from ftworkbench.worker.generate import Sampling
from ftworkbench.worker.job_template import answering_template
from ftworkbench.worker.models import give_back_memory, load_base
from ftworkbench.worker.reasons import traced
from ftworkbench.worker.row_faults import stop_is_trained
from ftworkbench.worker.row_tokens import write_row_tokens
from ftworkbench.worker.rows import cut_at, tuned_system
from ftworkbench.worker.streaming import Asked, stream
from ftworkbench.worker.template import Template
from ftworkbench.worker.tokens import encode
from ftworkbench.worker.work import StoppedError, Work

IDLE = 600.0  # seconds without a request, after which the session leaves
_LOOK = 0.05
_LOOK_FOR_OTHERS = 1.0
_MAX_NEW_TOKENS = 256


class _LeftError(WorkbenchError):
    """Nobody asked for long, or the session was closed."""


def serve(work: Work) -> None:
    """Answers requests as they come; the model is loaded at the first one that needs it."""
    _Session(work).serve()


class _Session:
    """The model while it is loaded, and the device that it is on."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._requests = Requests(work.job.requests)
        self._waiting: deque[dict[str, Any]] = deque()
        self._template: Template | None = None
        self._adapters: Adapters | None = None
        self._prompting: Prompting | None = None
        self._lease: Lease | None = None
        self._trained = work.train_job()
        self._idle = float(work.args.get("idle", IDLE))
        if self._trained:
            require_same_base(work.recipe, self._trained[1], self._trained[0])

    def serve(self) -> None:
        self._work.phase("running")
        asked = looked = time.monotonic()
        try:
            while not self._work.stopped():
                self._waiting.extend(self._requests.poll())
                now = time.monotonic()
                if self._waiting:
                    self._answer(self._waiting.popleft())
                    asked = time.monotonic()
                    continue
                if now - asked > self._idle:
                    return
                if now - looked > _LOOK_FOR_OTHERS:
                    looked = now
                    self._make_way()
                time.sleep(_LOOK)
        except (_LeftError, LeftQueueError, StoppedError):
            return
        finally:
            self._unload()

    def _answer(self, request: Mapping[str, Any]) -> None:
        op, ident = str(request["op"]), str(request["id"])
        try:
            if op == "close":
                raise _LeftError("closed")
            if op == "tokens":
                self._tokens(ident, request)
            elif op == "rows":
                self._rows(ident, request)
            elif op == "generate":
                self._generate(ident, request)
            else:
                raise InputError(f"{op!r} is nothing that a session can be asked")
        except (_LeftError, LeftQueueError, StoppedError):
            raise
        except Exception as error:
            self._refuse(ident, request, traced(error))

    def _refuse(self, ident: str, request: Mapping[str, Any], why: str) -> None:
        systems = request.get("systems") if request["op"] == "generate" else None
        names = [each.get("name", "") for each in systems if isinstance(each, dict)] if systems else [""]
        for name in names or [""]:
            self._work.log.emit("answer", request=ident, system=name, error=why)

    # -------------------------------------------------------------------------------------------------

    def _tokens(self, ident: str, request: Mapping[str, Any]) -> None:
        """Shows a conversation as it is trained on, token by token."""
        recipe = self._work.recipe
        example = Example(tuple(_messages(request)), tuple(request.get("tools") or ()))
        found = encode(
            example,
            self._opened(),
            tuned_system(recipe),
            cut_at(recipe),
            answers_only=recipe.train.assistant_only_loss,
        )
        pieces = [{"id": p.id, "text": p.text, "state": p.state, "special": p.special} for p in found.pieces]
        counts = {state: sum(p["state"] == state for p in pieces) for state in ("masked", "trained", "cut")}
        self._work.log.emit(
            "answer",
            request=ident,
            system="",
            done=True,
            pieces=pieces,
            tokens=len(pieces),
            stop=stop_is_trained(found, self._opened()),
            max_length=recipe.train.max_length,
            **counts,
        )

    def _rows(self, ident: str, request: Mapping[str, Any]) -> None:
        """Writes what the tokenizer makes of every row of a file. The template is opened anew: it may have changed."""
        self._template = None
        found = write_row_tokens(self._work, self._opened(), str(request["file"]), str(request.get("settings") or ""))
        self._work.log.emit("answer", request=ident, system="", done=True, **found)

    def _generate(self, ident: str, request: Mapping[str, Any]) -> None:
        """Has the systems of the request answer, streamed."""
        systems = request.get("systems")
        if not isinstance(systems, list) or not systems:
            raise InputError('systems: name at least one, as {"name", "system", "shots", "adapter"}')
        there = [each for each in systems if each.get("endpoint")]
        template = self._opened()
        by_name = {str(each.get("name", "")): self._adapter(each) for each in systems}
        if len(by_name) < len(systems):
            raise InputError("systems: two have the same name")
        asked = [self._asked(template, each, request, by_name) for each in systems if each not in there]
        elsewhere = [self._asked_elsewhere(each, request) for each in there]
        sampling = Sampling(
            int(request.get("max_new_tokens") or _MAX_NEW_TOKENS),
            float(request.get("temperature") or 0.0),
            int(request.get("seed") or 0),
            float(request.get("top_p") or 1.0),
        )
        with answering_elsewhere(self._work, ident, elsewhere, sampling):
            if asked:
                self._answer_here(ident, asked, by_name, sampling)

    def _answer_here(
        self, ident: str, asked: Sequence[Asked], by_name: Mapping[str, Adapter | None], sampling: Sampling
    ) -> None:
        adapters, template = self._loaded(), self._opened()
        cost_per_hour = self._work.recipe.launch.cost_per_hour
        wanted = [each for each in by_name.values() if each is not None]
        tell = AnswerEvents(self._work, ident, wanted, proof_of(template, sampling), cost_per_hour)
        base_alone = [each for each in asked if each.adapter is None]
        for kind in of_one_kind(wanted) or [[]]:
            adapters.put(kind)
            names = {each.name for each in kind}
            group = [*base_alone, *(each for each in asked if each.adapter in names)]
            stream(adapters.model, template, group, sampling, tell)
            base_alone = []

    def _adapter(self, system: Mapping[str, Any]) -> Adapter | None:
        """The adapter that a system asks for: none, that of this session's training job (true), or one by its name."""
        wanted = system.get("adapter") or None
        if wanted is None:
            return None
        if wanted is True:
            if self._trained is None:
                raise InputError(f"{system.get('name', '')}: this session has no adapter; open one for a training job")
            return read_adapter(self._trained[0].adapter)
        found = find_adapter(self._work.workspace, str(wanted))
        trained = recipe_of(found.job)
        require_same_base(self._work.recipe, trained, found.job)
        require_own_base(trained, found)
        return read_adapter(found.folder)

    def _asked(
        self,
        template: Template,
        system: Mapping[str, Any],
        request: Mapping[str, Any],
        by_name: Mapping[str, Adapter | None],
    ) -> Asked:
        name = str(system.get("name", ""))
        adapter = by_name[name]
        prompt = template.prompt(self._prompt(system, request), request.get("tools") or ())
        return Asked(name, prompt, adapter.name if adapter else None)

    def _asked_elsewhere(self, system: Mapping[str, Any], request: Mapping[str, Any]) -> AskedElsewhere:
        endpoint = contestant_of(system).endpoint
        assert endpoint is not None
        tools = request.get("tools") or ()
        return AskedElsewhere(str(system.get("name", "")), endpoint, self._prompt(system, request), tools)

    def _prompt(self, system: Mapping[str, Any], request: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """What a system is asked, as an evaluation asks it, but for a row's own example, which stays where it is."""
        contestant = contestant_of(system)
        # Where the systems have talked before, each goes on with what it said itself.
        messages = _messages({**request, **system})
        if not contestant.by_question:
            return build_messages(contestant, messages)
        if self._prompting is None:
            work = self._work
            pool = load_parts(work.workspace, work.recipe.name, work.recipe.data).train
            self._prompting = Prompting(pool, work.workspace.root)
        return self._prompting.ask(contestant, messages).messages

    # -------------------------------------------------------------------------------------------------

    def _opened(self) -> Template:
        if self._template is None:
            self._template = answering_template(self._work, raw_too=True)
        return self._template

    def _loaded(self) -> Adapters:
        if self._adapters is not None:
            return self._adapters
        work = self._work
        if work.recipe.launch.queue and self._lease is None:
            self._lease = take_device(work.queue, work.job, work.wait, self._told_to_leave, submitted=time.time())
        work.phase("loading", "loads the model, once for all")
        self._adapters = Adapters(load_base(work.recipe, work.workspace, work.device))
        work.phase("running")
        return self._adapters

    def _told_to_leave(self) -> bool:
        """Whether to leave the queue: stopped, or closed by a request that came meanwhile.

        What needs no device is answered there and then.
        """
        self._waiting.extend(self._requests.poll())
        for request in [each for each in self._waiting if each["op"] in ("tokens", "rows")]:
            self._waiting.remove(request)
            self._answer(request)
        return self._work.stopped() or any(request["op"] == "close" for request in self._waiting)

    def _make_way(self) -> None:
        """Gives the device to another job that waits for it; the model is loaded again when it is asked."""
        if self._lease is not None and self._lease.wanted():
            self._unload()
            self._work.notice("gave the device to a job that waited for it", "made-way", level="info")

    def _unload(self) -> None:
        self._adapters = None
        give_back_memory(self._work.device)
        if self._lease is not None:
            self._lease.release()
            self._lease = None


def _messages(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    messages = request.get("messages")
    if not isinstance(messages, list) or not all(isinstance(each, dict) and "role" in each for each in messages):
        raise InputError('messages: a list of {"role", "content"} is needed')
    return messages
