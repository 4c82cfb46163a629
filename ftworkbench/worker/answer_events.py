"""Answers as a session's events: what is written as it comes, and at its end who wrote it, and how."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping
from typing import Any

from ftworkbench.worker.adapter import Adapter
from ftworkbench.worker.generate import Answer, Sampling
from ftworkbench.worker.streaming import Streamed
from ftworkbench.worker.template import Template
from ftworkbench.worker.work import Work

_TELL_EVERY = 0.05


def proof_of(template: Template, sampling: Sampling) -> dict[str, Any]:
    """What an answer rests on beside the weights."""
    written = str(template.tokenizer.chat_template or "").encode()
    return {
        "template_sha256": hashlib.sha256(written).hexdigest(),
        "seed": sampling.seed,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_new_tokens": sampling.max_new_tokens,
    }


class AnswerEvents:
    """Events from what the systems write, a few characters at a time.

    `adapters` are those that may answer: the hash that is told is that of the one which did. `cost_per_hour` is that of
    the machine on which they are written; None where a server charges for them, or nobody.
    """

    def __init__(
        self,
        work: Work,
        ident: str,
        adapters: Iterable[Adapter],
        proof: Mapping[str, Any],
        cost_per_hour: float | None = None,
    ) -> None:
        self._work = work
        self._ident = ident
        self._sha256 = {adapter.name: adapter.sha256 for adapter in adapters}
        self._proof = proof
        self._cost_per_hour = cost_per_hour
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
            # One that was not asked for is told by its name, which is how its hash begins.
            sha256 = self._sha256.get(part.adapter, part.adapter) if part.adapter else None
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
                adapter_sha256=sha256,
                cost=self._cost(part.answer, part.cost),
                **self._proof,
            )

    def _cost(self, answer: Answer, charged: float | None) -> float | None:
        if charged is not None or self._cost_per_hour is None:
            return charged
        return answer.seconds * self._cost_per_hour / 3600
