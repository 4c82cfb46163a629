"""One prompt to several systems over one copy of the weights, told as they write."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from transformers.generation.streamers import BaseStreamer

from ftworkbench.worker.generate import UNASKED, Answer, Sampling, answer_of, context_of, run
from ftworkbench.worker.template import Template

_EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")


@dataclass(frozen=True)
class Asked:
    """A system and its prompt. `adapter` is PEFT's name of the adapter that answers; where None, the base does."""

    name: str
    prompt: list[int]
    adapter: str | None


@dataclass(frozen=True)
class Streamed:
    """What a system has written since the last time; `answer` once it is done, with what a server charged for it.

    `adapter` is then PEFT's name of the adapter that wrote it, as the model ran, and not as it was asked to.
    """

    name: str
    delta: str = ""
    answer: Answer | None = None
    adapter: str | None = None
    first_token_seconds: float | None = None
    cost: float | None = None


class _Rows(BaseStreamer):  # type: ignore[misc]
    """Takes the tokens of a batch, one a row at a time, and tells the text of each row as it becomes whole."""

    def __init__(self, template: Template, asked: Sequence[Asked], tell: Callable[[Streamed], None]) -> None:
        self._template = template
        self._asked = asked
        self._tell = tell
        self._ids: list[list[int]] = [[] for _ in asked]
        self._told = [""] * len(asked)
        self._first: list[float | None] = [None] * len(asked)
        self._done = [False] * len(asked)
        self._by_row: Sequence[str | None] = [None] * len(asked)
        self._began = time.monotonic()
        self._prompt = True

    def answered_by(self, by_row: Sequence[str | None]) -> None:
        """Hears whose adapter answers each row of the batch."""
        self._by_row = by_row

    def put(self, value: Any) -> None:
        if self._prompt:  # the prompt comes first, whole
            self._prompt = False
            return
        for row, token in enumerate(value.reshape(-1).tolist()):
            if not self._done[row]:
                self._take(row, token)

    def end(self) -> None:
        for row in range(len(self._asked)):
            if not self._done[row]:
                self._finish(row)

    def _take(self, row: int, token: int) -> None:
        if self._first[row] is None:
            self._first[row] = time.monotonic() - self._began
        self._ids[row].append(token)
        if token in self._template.ends:
            self._finish(row)
            return
        text = self._template.tokenizer.decode(self._ids[row], skip_special_tokens=True)
        told = self._told[row]
        if len(text) > len(told) and text.startswith(told) and not text.endswith("\ufffd"):
            self._told[row] = text
            self._tell(Streamed(self._asked[row].name, text[len(told) :]))

    def _finish(self, row: int) -> None:
        self._done[row] = True
        answer = answer_of(self._template, self._ids[row], time.monotonic() - self._began)
        told = self._told[row]
        rest = answer.text[len(told) :] if answer.text.startswith(told) else ""
        self._tell(Streamed(self._asked[row].name, rest, answer, self._by_row[row], self._first[row]))


def stream(
    model: Any, template: Template, asked: Sequence[Asked], sampling: Sampling, tell: Callable[[Streamed], None]
) -> None:
    """Has every system answer, over one copy of the weights, and tells what they write as they do.

    The base and its adapters write in one batch where that is exact (see mixes); else one after the other. A prompt
    that leaves less room in the model's context than an answer may take is answered alone, so as not to cut the others.
    """
    context = context_of(model)
    together = []
    for each in asked:
        if context is None or len(each.prompt) + sampling.max_new_tokens <= context:
            together.append(each)
        elif len(each.prompt) < context:
            _write(model, template, [each], sampling, tell)
        else:
            tell(Streamed(each.name, answer=UNASKED, adapter=each.adapter))
    if together:
        _write(model, template, together, sampling, tell)


def _write(
    model: Any, template: Template, asked: Sequence[Asked], sampling: Sampling, tell: Callable[[Streamed], None]
) -> None:
    groups: dict[str | None, list[Asked]] = {}
    for each in asked:
        groups.setdefault(each.adapter, []).append(each)
    if len(groups) > 1 and mixes(model, [name for name in groups if name is not None]):
        _stream(model, template, asked, sampling, tell, by_row=[each.adapter for each in asked])
        return
    for adapter, group in groups.items():
        with _answering(model, adapter):
            _stream(model, template, group, sampling, tell)


@contextmanager
def _answering(model: Any, adapter: str | None) -> Iterator[None]:
    if adapter is None:
        with without_adapter(model):
            yield
        return
    model.set_adapter(adapter, inference_mode=True)
    yield


def _stream(
    model: Any,
    template: Template,
    asked: Sequence[Asked],
    sampling: Sampling,
    tell: Callable[[Streamed], None],
    **options: Any,
) -> None:
    context = context_of(model)
    longest = max(len(each.prompt) for each in asked)
    room = sampling.max_new_tokens if context is None else min(sampling.max_new_tokens, context - longest)
    streamer = _Rows(template, asked, tell)
    prompts = [each.prompt for each in asked]
    run(model, template, prompts, sampling, room, streamer=streamer, answering=streamer.answered_by, **options)


def without_adapter(model: Any) -> AbstractContextManager[Any]:
    """The base model as it was, while the block runs."""
    return model.disable_adapter() if hasattr(model, "disable_adapter") else nullcontext()


def mixes(model: Any, adapters: Sequence[str]) -> bool:
    """Whether the base and these adapters can answer in one batch, exactly: plain LoRA can.

    DoRA and experts that are tuned as whole tensors raise, IA³ would answer as tuned for the base in silence, and whole
    modules or biases that are trained beside the adapter are not switched by row. Models of experts lay the tokens of
    all rows end to end, so that their layers cannot tell whose they are.
    """
    return not _has_experts(model.config) and all(_is_plain_lora(model.peft_config[name]) for name in adapters)


def _has_experts(config: Any) -> bool:
    text = config.get_text_config()
    return any((getattr(text, name, None) or 0) > 1 for name in _EXPERTS)


def _is_plain_lora(config: Any) -> bool:
    return (
        str(getattr(config.peft_type, "value", config.peft_type)) == "LORA"
        and not config.use_dora
        and config.bias == "none"
        and not config.modules_to_save
        and not getattr(config, "trainable_token_indices", None)
        and not getattr(config, "target_parameters", None)
    )
