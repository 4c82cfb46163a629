"""Answers to many prompts, in batches of like length."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessorList
from transformers.generation.streamers import BaseStreamer

from ftworkbench.worker.decoding import Choose, can_decode, decode
from ftworkbench.worker.drawing import Drawn
from ftworkbench.worker.models import give_back_memory
from ftworkbench.worker.reasons import out_of_memory
from ftworkbench.worker.stacked_lora import can_stack, stacked, switched_on
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
    """How tokens are drawn: at temperature 0 the likeliest; else of the likeliest that make up `top_p` together.

    What a row draws depends on the seed alone, not on who else is in its batch (see worker.drawing).
    """

    max_new_tokens: int
    temperature: float = 0.0
    seed: int = 0
    top_p: float = 1.0


_BASE = "__base__"  # PEFT's name of no adapter, in a batch of several
UNASKED = Answer("", "length", 0, 0.0)  # to a prompt that leaves no room in the model's context, or is none


def generate(
    model: Any,
    template: Template,
    prompts: Sequence[list[int]],
    sampling: Sampling,
    *,
    batch_size: int,
    tell: Callable[[dict[int, Answer]], None] = lambda found: None,
    fewer: Callable[[int], None] = lambda size: None,
) -> list[Answer]:
    """An answer to each prompt (token ids), in their order.

    Batches are of like length, the longest first. `tell` is given the answers of each batch by the prompt's
    index as they come; what it raises ends the work. Where a prompt leaves less room in the model's context
    than `max_new_tokens`, the answer gets that room; where it leaves none, the answer is UNASKED, as it is to
    an empty prompt. Where memory runs out, batches have half as many prompts from there on, and `fewer` is told how
    many; a single prompt's error is raised.
    """
    answers: dict[int, Answer] = {}
    context = context_of(model)
    fits = [bool(prompt) and (context is None or len(prompt) < context) for prompt in prompts]
    tell({index: UNASKED for index, fit in enumerate(fits) if not fit})
    fitting = [index for index, fit in enumerate(fits) if fit]
    waiting = deque(_batches(prompts, fitting, batch_size, sampling.max_new_tokens, context))
    while waiting:
        batch, room = waiting.popleft()
        began = time.monotonic()
        rows = _run_where_it_fits(model, template, [prompts[index] for index in batch], sampling, room)
        if rows is None:
            size = len(batch) // 2
            fewer(size)
            waiting = deque(_halved([(batch, room), *waiting], size))
            continue
        share = (time.monotonic() - began) / len(batch)
        found = {index: answer_of(template, ids, share) for index, ids in zip(batch, rows, strict=True)}
        answers |= found
        tell(found)
    return [answers.get(index, UNASKED) for index in range(len(prompts))]


def _run_where_it_fits(
    model: Any, template: Template, prompts: Sequence[list[int]], sampling: Sampling, room: int
) -> list[list[int]] | None:
    """The new tokens of each; None where memory ran out, and there is more than one to ask."""
    try:
        return run(model, template, prompts, sampling, room)
    except Exception as error:
        if len(prompts) == 1 or not out_of_memory(error):
            raise
    # Behind the error, which holds all that was made until it came.
    give_back_memory(model.device.type)
    return None


def _halved(batches: Iterable[tuple[list[int], int]], size: int) -> Iterator[tuple[list[int], int]]:
    for batch, room in batches:
        for start in range(0, len(batch), size):
            yield batch[start : start + size], room


def context_of(model: Any) -> int | None:
    """How many tokens the model can attend to; None where its configuration does not say."""
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


def _config(template: Template, room: int) -> Any:
    """All of it said: what is left out would come from the model's own, which may punish repetitions."""
    return GenerationConfig(
        max_new_tokens=room,
        eos_token_id=sorted(template.ends),
        pad_token_id=template.tokenizer.pad_token_id,
        use_cache=True,
        num_beams=1,
        do_sample=False,
        temperature=1.0,
        top_k=50,
        top_p=1.0,
        repetition_penalty=1.0,
        no_repeat_ngram_size=0,
    )


def run(
    model: Any,
    template: Template,
    prompts: Sequence[list[int]],
    sampling: Sampling,
    room: int,
    *,
    streamer: Any = None,
    by_row: Sequence[str | None] | None = None,
    answering: Callable[[Sequence[str | None]], None] = lambda by_row: None,
) -> list[list[int]]:
    """The new tokens of each prompt, up to `room` of them, up to and with the one that ends it.

    `by_row` names the adapter that answers each prompt, None for the base model; left out, the one that is switched on
    answers all. `answering` is told whose the answers are that come: what the model is about to run with, by row.
    `streamer` is given the prompts, then the tokens of each step, as the library's streamers are. On a GPU the loop is
    our own where it can be (see worker.decoding), elsewhere the library's.
    """
    used = [switched_on(model)] * len(prompts) if by_row is None else by_row
    answering(used)
    longest = max(map(len, prompts))
    pad = template.tokenizer.pad_token_id
    ids = torch.tensor([[pad] * (longest - len(prompt)) + list(prompt) for prompt in prompts]).to(model.device)
    mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts]).to(model.device)
    drawn = Drawn(sampling.temperature, sampling.top_p, sampling.seed) if sampling.temperature > 0 else None
    by_us = model.device.type == "cuda" and can_decode(model)
    stacks = by_us and can_stack(model)
    if by_us and (stacks or by_row is None):
        listens, choose = streamer or _Nobody(), _chooser(drawn, ids)
        listens.put(ids)
        with stacked(model, used) if stacks else nullcontext():
            rows = decode(model, ids, mask, room=room, ends=template.ends, choose=choose, put=listens.put, record=True)
        listens.end()
    else:
        options: dict[str, Any] = {"streamer": streamer}
        if by_row is not None:
            options["adapter_names"] = [name or _BASE for name in used]
        if drawn is not None:
            options["logits_processor"] = LogitsProcessorList([drawn])
        config = _config(template, room)
        with torch.inference_mode():
            out = model.generate(input_ids=ids, attention_mask=mask, generation_config=config, **options)
        rows = out[:, longest:].tolist()
    return [_until_end(row, template.ends) for row in rows]


def _chooser(drawn: Drawn | None, ids: torch.Tensor) -> Choose:
    if drawn is None:
        return lambda logits: logits.argmax(-1)
    return lambda logits: drawn(ids, logits).argmax(-1)


class _Nobody(BaseStreamer):  # type: ignore[misc]
    """Nobody listens."""

    def put(self, value: Any) -> None:
        pass

    def end(self) -> None:
        pass


def _until_end(ids: Sequence[int], stops: frozenset[int]) -> list[int]:
    for index, token in enumerate(ids):
        if token in stops:
            return list(ids[: index + 1])
    return list(ids)


def answer_of(template: Template, ids: Sequence[int], seconds: float) -> Answer:
    """The answer that new tokens make."""
    stopped = bool(ids) and ids[-1] in template.ends
    text = template.tokenizer.decode(ids[:-1] if stopped else ids, skip_special_tokens=True)
    return Answer(text, "stop" if stopped else "length", len(ids), seconds)
