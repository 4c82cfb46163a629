"""A session: answers prompts and shows tokens for whoever asks, until nobody has asked for a while."""

from __future__ import annotations

import gc
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from ftworkbench.data.example import Example
from ftworkbench.errors import InputError, WorkbenchError
from ftworkbench.evaluate.contestants import Contestant, build_messages
from ftworkbench.jobs.queue import Lease, LeftQueueError, take_device
from ftworkbench.jobs.session import Requests
from ftworkbench.worker.adapter import adapter_sha256, attach, require_same_base
from ftworkbench.worker.generate import Asked, Sampling, Streamed, stream
from ftworkbench.worker.job_template import answering_template
from ftworkbench.worker.models import load_base
from ftworkbench.worker.reasons import reason
from ftworkbench.worker.row_faults import stop_is_trained
from ftworkbench.worker.row_tokens import write_row_tokens
from ftworkbench.worker.rows import cut_at, tuned_system
from ftworkbench.worker.template import Template
from ftworkbench.worker.tokens import encode
from ftworkbench.worker.work import StoppedError, Work

IDLE = 600.0  # seconds without a request, after which the session leaves
_LOOK = 0.05
_LOOK_FOR_OTHERS = 1.0
_TELL_EVERY = 0.05
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
        self._model: Any = None
        self._lease: Lease | None = None
        self._trained = work.train_job()
        self._sha256 = adapter_sha256(self._trained[0]) if self._trained else None
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
            self._refuse(ident, request, reason(error))

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
        template = self._opened()
        asked = [self._asked(template, each, request) for each in systems]
        sampling = Sampling(
            int(request.get("max_new_tokens") or _MAX_NEW_TOKENS),
            float(request.get("temperature") or 0.0),
            int(request.get("seed") or 0),
        )
        self._load()
        began = time.monotonic()
        adapters = {each.name: self._sha256 if each.adapter else None for each in asked}
        tell = _Telling(self._work, ident, adapters, began)
        stream(self._model, template, asked, sampling, tell)

    def _asked(self, template: Template, system: Mapping[str, Any], request: Mapping[str, Any]) -> Asked:
        name = str(system.get("name", ""))
        adapter = bool(system.get("adapter", False))
        if adapter and self._trained is None:
            raise InputError(f"{name}: this session has no adapter; open one for a training job")
        shots = tuple((tuple(turns), str(answer)) for turns, answer in system.get("shots") or ())
        contestant = Contestant(name, system.get("system"), shots)
        messages = build_messages(contestant, _messages(request))
        return Asked(name, template.prompt(messages, request.get("tools") or ()), adapter)

    # -------------------------------------------------------------------------------------------------

    def _opened(self) -> Template:
        if self._template is None:
            self._template = answering_template(self._work, raw_too=True)
        return self._template

    def _load(self) -> None:
        if self._model is not None:
            return
        work = self._work
        if work.recipe.launch.queue and self._lease is None:
            self._lease = take_device(work.queue, work.job, work.wait, self._told_to_leave, submitted=time.time())
        work.phase("loading", "loads the model, once for all")
        base = load_base(work.recipe, work.workspace, work.device)
        self._model = attach(base, self._trained[0]) if self._trained else base
        work.phase("running")

    def _told_to_leave(self) -> bool:
        """Whether to leave the queue: stopped, or closed by a request that came meanwhile."""
        self._waiting.extend(self._requests.poll())
        return self._work.stopped() or any(request["op"] == "close" for request in self._waiting)

    def _make_way(self) -> None:
        """Gives the device to another job that waits for it; the model is loaded again when it is asked."""
        if self._lease is not None and self._lease.wanted():
            self._unload()
            self._work.notice("gave the device to a job that waited for it", "made-way", level="info")

    def _unload(self) -> None:
        self._model = None
        gc.collect()
        if self._work.device == "cuda":
            import torch

            torch.cuda.empty_cache()
        if self._lease is not None:
            self._lease.release()
            self._lease = None


def _messages(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    messages = request.get("messages")
    if not isinstance(messages, list) or not all(isinstance(each, dict) and "role" in each for each in messages):
        raise InputError('messages: a list of {"role", "content"} is needed')
    return messages


class _Telling:
    """Events from what the systems write, a few characters at a time."""

    def __init__(self, work: Work, ident: str, adapters: Mapping[str, str | None], began: float) -> None:
        self._work = work
        self._ident = ident
        self._adapters = adapters
        self._began = began
        self._kept: dict[str, str] = {}
        self._told: dict[str, float] = {}

    def __call__(self, part: Streamed) -> None:
        text = self._kept.pop(part.name, "") + part.delta
        now = time.monotonic()
        due = now - self._told.get(part.name, 0.0) >= _TELL_EVERY
        if text and (due or part.answer is not None):
            self._told[part.name] = now
            self._work.log.emit("answer", request=self._ident, system=part.name, delta=text)
        elif text:
            self._kept[part.name] = text
        if part.answer is not None:
            self._work.log.emit(
                "answer",
                request=self._ident,
                system=part.name,
                done=True,
                text=part.answer.text,
                tokens=part.answer.tokens,
                finish=part.answer.finish,
                seconds=round(part.answer.seconds, 4),
                first_token_seconds=part.first_token_seconds,
                adapter_sha256=self._adapters[part.name],
            )
