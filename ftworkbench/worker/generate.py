"""Answers: many prompts in batches for measuring, one prompt to several systems at once for comparing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from transformers import GenerationConfig
from transformers.generation.streamers import BaseStreamer

from ftworkbench.worker.template import Template


@dataclass(frozen=True)
class Answer:
    """`finish` is "stop" where the model ended it itself, else "length". `seconds` is its share of the batch's."""

    text: str
    finish: str
    tokens: int
    seconds: float


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn. At temperature 0 the likeliest is taken."""

    max_new_tokens: int
    temperature: float = 0.0
    seed: int = 0


UNASKED = Answer("", "length", 0, 0.0)  # to a prompt that leaves no room in the model's context, or is none


def generate(
    model: Any,
    template: Template,
    prompts: Sequence[list[int]],
    sampling: Sampling,
    *,
    batch_size: int,
    tell: Callable[[dict[int, Answer]], None] = lambda found: None,
) -> list[Answer]:
    """An answer to each prompt (token ids), in their order.

    Batches are of like length, the longest first. `tell` is given the answers of each batch by the prompt's
    index as they come; what it raises ends the work. Where a prompt leaves less room in the model's context
    than `max_new_tokens`, the answer gets that room; where it leaves none, the answer is UNASKED, as it is to
    an empty prompt.
    """
    answers: dict[int, Answer] = {}
    context = _context(model)
    fits = [bool(prompt) and (context is None or len(prompt) < context) for prompt in prompts]
    tell({index: UNASKED for index, fit in enumerate(fits) if not fit})
    fitting = [index for index, fit in enumerate(fits) if fit]
    for batch, room in _batches(prompts, fitting, batch_size, sampling.max_new_tokens, context):
        began = time.monotonic()
        rows = _run(model, template, [prompts[index] for index in batch], sampling, room)
        share = (time.monotonic() - began) / len(batch)
        found = {index: _answer(template, ids, share) for index, ids in zip(batch, rows, strict=True)}
        answers |= found
        tell(found)
    return [answers.get(index, UNASKED) for index in range(len(prompts))]


def _context(model: Any) -> int | None:
    found = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return found if isinstance(found, int) and found > 0 else None


def _batches(
    prompts: Sequence[list[int]], indices: Sequence[int], size: int, wanted: int, context: int | None
) -> Iterator[tuple[list[int], int]]:
    """Batches of indices, each with the tokens that its answers may take.

    Prompts that leave less than `wanted` come alone, so that none is cut short for another's sake.
    """
    order = sorted(indices, key=lambda index: -len(prompts[index]))
    roomy = []
    for index in order:
        room = wanted if context is None else context - len(prompts[index])
        if room < wanted:
            yield [index], room
        else:
            roomy.append(index)
    for start in range(0, len(roomy), size):
        yield roomy[start : start + size], wanted


def _config(template: Template, sampling: Sampling, room: int) -> Any:
    """All of it said: what is left out would come from the model's own, which may punish repetitions."""
    drawn = {"do_sample": True, "temperature": sampling.temperature, "top_k": 0}
    greedy = {"do_sample": False, "temperature": 1.0, "top_k": 50}
    return GenerationConfig(
        max_new_tokens=room,
        eos_token_id=sorted(template.ends),
        pad_token_id=template.tokenizer.pad_token_id,
        use_cache=True,
        num_beams=1,
        top_p=1.0,
        repetition_penalty=1.0,
        no_repeat_ngram_size=0,
        **(drawn if sampling.temperature > 0 else greedy),
    )


def _run(
    model: Any, template: Template, prompts: Sequence[list[int]], sampling: Sampling, room: int, **options: Any
) -> list[list[int]]:
    """The new tokens of each prompt, up to and with the one that ends it."""
    longest = max(map(len, prompts))
    pad = template.tokenizer.pad_token_id
    ids = torch.tensor([[pad] * (longest - len(prompt)) + list(prompt) for prompt in prompts])
    mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    if sampling.temperature > 0:
        torch.manual_seed(sampling.seed)
    with torch.inference_mode():
        out = model.generate(
            input_ids=ids.to(model.device),
            attention_mask=mask.to(model.device),
            generation_config=_config(template, sampling, room),
            **options,
        )
    return [_until_end(row, template.ends) for row in out[:, longest:].tolist()]


def _until_end(ids: Sequence[int], stops: frozenset[int]) -> list[int]:
    for index, token in enumerate(ids):
        if token in stops:
            return list(ids[: index + 1])
    return list(ids)


def _answer(template: Template, ids: Sequence[int], seconds: float) -> Answer:
    stopped = bool(ids) and ids[-1] in template.ends
    text = template.tokenizer.decode(ids[:-1] if stopped else ids, skip_special_tokens=True)
    return Answer(text, "stop" if stopped else "length", len(ids), seconds)


# -------------------------------------------------------------------------------------------------
# One prompt, several systems, as they write


@dataclass(frozen=True)
class Asked:
    """A system and its prompt. `adapter` says whether the tuned model answers, else the base does."""

    name: str
    prompt: list[int]
    adapter: bool


@dataclass(frozen=True)
class Streamed:
    """What a system has written since the last time; `answer` once it is done."""

    name: str
    delta: str = ""
    answer: Answer | None = None
    first_token_seconds: float | None = None


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
        self._began = time.monotonic()
        self._prompt = True

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
        answer = _answer(self._template, self._ids[row], time.monotonic() - self._began)
        told = self._told[row]
        rest = answer.text[len(told) :] if answer.text.startswith(told) else ""
        self._tell(Streamed(self._asked[row].name, rest, answer, self._first[row]))


def stream(
    model: Any, template: Template, asked: Sequence[Asked], sampling: Sampling, tell: Callable[[Streamed], None]
) -> None:
    """Has every system answer, over one copy of the weights, and tells what they write as they do.

    Base and tuned write in one batch where that is exact (see mixes); else one after the other.
    """
    tuned = [each for each in asked if each.adapter]
    base = [each for each in asked if not each.adapter]
    if tuned and base and mixes(model):
        names = ["default" if each.adapter else "__base__" for each in asked]
        _stream(model, template, asked, sampling, tell, adapter_names=names)
        return
    for group in (base, tuned):
        if group:
            with without_adapter(model) if group is base else nullcontext():
                _stream(model, template, group, sampling, tell)


def _stream(
    model: Any,
    template: Template,
    asked: Sequence[Asked],
    sampling: Sampling,
    tell: Callable[[Streamed], None],
    **options: Any,
) -> None:
    context = _context(model)
    longest = max(len(each.prompt) for each in asked)
    room = sampling.max_new_tokens if context is None else min(sampling.max_new_tokens, context - longest)
    if room < 1:
        for each in asked:
            tell(Streamed(each.name, answer=UNASKED))
        return
    streamer = _Rows(template, asked, tell)
    _run(model, template, [each.prompt for each in asked], sampling, room, streamer=streamer, **options)


def without_adapter(model: Any) -> AbstractContextManager[Any]:
    """The base model as it was, while the block runs."""
    return model.disable_adapter() if hasattr(model, "disable_adapter") else nullcontext()


def mixes(model: Any) -> bool:
    """Whether base and adapter can answer in one batch, exactly: plain LoRA can.

    DoRA raises, IA³ would answer as tuned for the base in silence, and whole modules or biases that are
    trained beside the adapter are not switched by row.
    """
    configs = getattr(model, "peft_config", None)
    if not configs or set(configs) != {"default"}:
        return False
    config = configs["default"]
    return (
        str(getattr(config.peft_type, "value", config.peft_type)) == "LORA"
        and not config.use_dora
        and config.bias == "none"
        and not config.modules_to_save
        and not getattr(config, "trainable_token_indices", None)
    )
