"""Who is measured: the model as prompts make it answer, and the tuned model."""

from __future__ import annotations

import random
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ftworkbench.recipe.tables import Prompt

Message = dict[str, Any]
ZERO_SHOT = "zero-shot"
TUNED = "tuned"


class Shot(Protocol):
    """What an example for a prompt is made from: a row of the train split."""

    @property
    def prompt(self) -> Sequence[Message]: ...

    @property
    def answer(self) -> str: ...


@dataclass(frozen=True)
class Contestant:
    """A way to ask the model. `shots` are earlier turns: the messages of a prompt, and its answer.

    `note` says where it is not quite what the recipe asked for.
    """

    name: str
    system: str | None
    shots: tuple[tuple[tuple[Message, ...], str], ...] = ()
    note: str = ""


def contestants(
    prompt: Prompt, pool: Sequence[Shot], labels: Sequence[Hashable] | None = None
) -> tuple[Contestant, ...]:
    """The prompted contestants of the recipe. `pool` holds rows of the train split, and of no other.

    Rows that ask nothing, raw text, are no examples. `labels` are those of the pool, in its order; without them
    "balanced" draws at random. The same seed draws the same examples, and more examples begin with the fewer.
    """
    asking = [index for index, shot in enumerate(pool) if shot.prompt]
    pool, labels = [pool[index] for index in asking], labels and [labels[index] for index in asking]
    order = _order(prompt, len(pool), labels)
    found: dict[str, Contestant] = {}
    for asked in prompt.few_shot:
        count = min(asked, len(pool))
        shots = tuple(_as_turns(pool[index]) for index in order[:count])
        name = f"few-shot-{count}" if count else ZERO_SHOT
        contestant = Contestant(name, prompt.system, shots)
        if count < asked:
            note = f"{asked} examples were asked for; the train split has {len(pool)}"
            contestant = replace(contestant, note=note)
        found.setdefault(name, contestant)
    return tuple(found.values())


def tuned(prompt: Prompt) -> Contestant:
    """How the tuned model is trained and asked: zero-shot, with its own system prompt or the baseline's."""
    return Contestant(TUNED, prompt.system if prompt.tuned_system is None else prompt.tuned_system)


def build_messages(contestant: Contestant, prompt_messages: Sequence[Message]) -> list[Message]:
    """What is sent for a row: the system prompt, the examples, then the row's own prompt.

    The contestant's system prompt takes the place of the row's; where it has none, the row's stays.
    """
    first = 0
    while first < len(prompt_messages) and prompt_messages[first]["role"] == "system":
        first += 1
    messages = list(prompt_messages[:first])
    if contestant.system is not None:
        messages = [{"role": "system", "content": contestant.system}]
    for turns, answer in contestant.shots:
        messages.extend(turns)
        messages.append({"role": "assistant", "content": answer})
    return [*messages, *prompt_messages[first:]]


def _as_turns(shot: Shot) -> tuple[tuple[Message, ...], str]:
    return tuple(message for message in shot.prompt if message["role"] != "system"), shot.answer


def _order(prompt: Prompt, size: int, labels: Sequence[Hashable] | None) -> list[int]:
    """The rows of the pool in the order in which they are taken as examples."""
    order = list(range(size))
    if prompt.pick == "first":
        return order
    draw = random.Random(prompt.seed)
    draw.shuffle(order)
    if prompt.pick == "random" or labels is None:
        return order
    return _round_robin(order, labels)


def _round_robin(order: Sequence[int], labels: Sequence[Hashable]) -> list[int]:
    """One of each label, then another of each; labels in the order in which they were first drawn."""
    waiting: dict[Hashable, list[int]] = {}
    for index in order:
        waiting.setdefault(labels[index], []).append(index)
    rounds = max(map(len, waiting.values()), default=0)
    return [rows[turn] for turn in range(rounds) for rows in waiting.values() if turn < len(rows)]
