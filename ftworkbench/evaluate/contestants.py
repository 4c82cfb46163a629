"""Who is measured: the model as prompts make it answer, another model behind an endpoint, and the tuned model."""

from __future__ import annotations

import random
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from ftworkbench.errors import InputError
from ftworkbench.recipe.endpoint_options import EndpointTable
from ftworkbench.recipe.prompt_table import TUNED, ContestantLine, contestant_names, shots_name
from ftworkbench.recipe.tables import Prompt

Message = dict[str, Any]


class Shot(Protocol):
    """What an example for a prompt is made from: a row of the train split."""

    @property
    def prompt(self) -> Sequence[Message]: ...

    @property
    def answer(self) -> str: ...


@dataclass(frozen=True)
class Retrieval:
    """Where passages are looked for, how many of them, and how they stand in the prompt."""

    folder: str
    passages: int
    template: str


@dataclass(frozen=True)
class Endpoint:
    """A model behind an OpenAI-compatible server. `prices` are for a million tokens of prompts, and of answers.

    `api_key_env` names the variable of the environment that holds the key. `timeout` is in seconds; `allow_failed` is
    the share of rows that may go without an answer, `budget` the most that it may cost.
    """

    url: str
    model: str
    api_key_env: str | None = None
    timeout: float = 120.0
    concurrency: int = 4
    retries: int = 4
    allow_failed: float = 0.0
    prices: tuple[float | None, float | None] = (None, None)
    budget: float | None = None

    def cost(self, prompt_tokens: int, tokens: int) -> float | None:
        """What so many tokens cost, in the currency of the prices; None where a price is not known."""
        price_in, price_out = self.prices
        if price_in is None or price_out is None:
            return None
        return (prompt_tokens * price_in + tokens * price_out) / 1e6


@dataclass(frozen=True)
class Contestant:
    """A way to ask a model. `shots` are earlier turns: the messages of a prompt, and its answer.

    With `nearest` so many examples are chosen anew for each question; with `retrieval` passages are put before it; with
    `endpoint` another model answers. `note` says where it is not quite what the recipe asked for, `line` is what that
    says of a prompted one.
    """

    name: str
    system: str | None
    shots: tuple[tuple[tuple[Message, ...], str], ...] = ()
    note: str = ""
    nearest: int = 0
    retrieval: Retrieval | None = None
    endpoint: Endpoint | None = None
    line: ContestantLine | None = field(default=None, compare=False, repr=False)

    @property
    def by_question(self) -> bool:
        """Whether its prompt is made anew for each question, from the training rows or the documents."""
        return bool(self.nearest) or self.retrieval is not None

    @property
    def price(self) -> tuple[bool, int, int]:
        """What orders contestants by what a call of them costs: another model, then passages, then examples."""
        passages = self.retrieval.passages if self.retrieval else 0
        return self.endpoint is not None, passages, self.nearest or len(self.shots)


def contestants(
    prompt: Prompt, pool: Sequence[Shot], labels: Sequence[Hashable] | None = None, root: Path | None = None
) -> tuple[Contestant, ...]:
    """The contestants of the recipe, the tuned one aside. `pool` holds rows of the train split, and of no other.

    Rows that ask nothing, raw text, are no examples. `labels` are those of the pool, in its order; without them
    "balanced" draws at random. The same seed draws the same examples, and more examples begin with the fewer. `root` is
    the workspace's folder, for the files that lines name. Raises InputError where one cannot be read.
    """
    asking = [index for index, shot in enumerate(pool) if shot.prompt]
    pool, labels = [pool[index] for index in asking], labels and [labels[index] for index in asking]
    lines = [*(ContestantLine(shots=shots) for shots in prompt.few_shot), *prompt.contestants]
    found: dict[str, Contestant] = {}
    for number, (line, name) in enumerate(zip(lines, contestant_names(prompt), strict=True)):
        made = _contestant(line, name, prompt, pool, labels=labels, root=root)
        if number < len(prompt.few_shot):  # those are named by the examples that they have
            count = made.nearest or len(made.shots)
            made = replace(made, name=shots_name(count, prompt.pick))
        found.setdefault(made.name, made)
    return tuple(found.values())


def _contestant(
    line: ContestantLine,
    name: str,
    prompt: Prompt,
    pool: Sequence[Shot],
    *,
    labels: Sequence[Hashable] | None,
    root: Path | None,
) -> Contestant:
    pick, seed = line.pick or prompt.pick, prompt.seed if line.seed is None else line.seed
    count = min(line.shots, len(pool))
    nearest = count if pick == "nearest" else 0
    order = [] if nearest or not count else _order(pick, seed, len(pool), labels)
    note = f"{line.shots} examples were asked for; the train split has {len(pool)}" if count < line.shots else ""
    return Contestant(
        name,
        _system(line, prompt, root),
        tuple(_as_turns(pool[index]) for index in order[:count]),
        note,
        nearest,
        Retrieval(line.retrieve, line.passages, line.template) if line.retrieve else None,
        endpoint_of(line),
        line,
    )


def endpoint_of(table: EndpointTable) -> Endpoint | None:
    """The server that a table of the recipe names; None where it names none."""
    if table.endpoint is None or table.model is None:
        return None
    return Endpoint(
        table.endpoint,
        table.model,
        table.api_key_env,
        table.timeout,
        table.concurrency,
        table.retries,
        table.allow_failed,
        (table.price_per_million_input, table.price_per_million_output),
        table.budget,
    )


def _system(line: ContestantLine, prompt: Prompt, root: Path | None) -> str | None:
    if line.system_file is None:
        return prompt.system if line.system is None else line.system
    try:
        return ((root or Path()) / line.system_file).read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"prompt.contestants: {line.system_file}: cannot be read: {error}") from None


def tuned(prompt: Prompt) -> Contestant:
    """How the tuned model is trained and asked: zero-shot, with its own system prompt or the baseline's."""
    return Contestant(TUNED, prompt.system if prompt.tuned_system is None else prompt.tuned_system)


def build_messages(contestant: Contestant, prompt_messages: Sequence[Message]) -> list[Message]:
    """What is sent for a row: the system prompt, the examples, then the row's own prompt.

    The contestant's system prompt takes the place of the row's; where it has none, the row's stays. What is made anew
    for each question is not in it: see Prompting.
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


def _order(pick: str, seed: int, size: int, labels: Sequence[Hashable] | None) -> list[int]:
    """The rows of the pool in the order in which they are taken as examples."""
    order = list(range(size))
    if pick == "first":
        return order
    draw = random.Random(seed)
    draw.shuffle(order)
    if pick == "random" or labels is None:
        return order
    return _round_robin(order, labels)


def _round_robin(order: Sequence[int], labels: Sequence[Hashable]) -> list[int]:
    """One of each label, then another of each; labels in the order in which they were first drawn."""
    waiting: dict[Hashable, list[int]] = {}
    for index in order:
        waiting.setdefault(labels[index], []).append(index)
    rounds = max(map(len, waiting.values()), default=0)
    return [rows[turn] for turn in range(rounds) for rows in waiting.values() if turn < len(rows)]
