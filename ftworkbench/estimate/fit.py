"""Does it fit, how long does it take, and what is the cheapest change that makes it fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ftworkbench.estimate.adapters import trainable
from ftworkbench.estimate.cards import Card
from ftworkbench.estimate.memory import Batch, memory_parts
from ftworkbench.estimate.shape import Shape
from ftworkbench.estimate.speed import tokens_per_second
from ftworkbench.recipe.tables import Recipe

# The CUDA context and the libraries' workspaces, which torch does not count, and what a display may hold.
_RESERVE_GIB = 0.8
# Longest row to mean row, where only the mean is known; rows of chats vary about so.
_LONGEST_TO_MEAN = 4.5


@dataclass(frozen=True)
class Fit:
    """The estimate of a recipe on a card. `peak_gib` is the sum of `parts`; None is what cannot be said."""

    parameters: int
    trainable: int
    parts: dict[str, float]
    peak_gib: float
    card: Card | None
    fits: bool | None
    tokens_per_second: float | None
    hours: float | None
    advice: str

    def as_json(self) -> dict[str, Any]:
        return {
            "parameters": self.parameters,
            "trainable": self.trainable,
            "peak_gib": round(self.peak_gib, 3),
            "parts": {name: round(size, 3) for name, size in self.parts.items()},
            "fits": self.fits,
            "tokens_per_second": None if self.tokens_per_second is None else round(self.tokens_per_second, 1),
            "hours": None if self.hours is None else round(self.hours, 3),
            "card": None if self.card is None else self.card.name,
            "card_gib": None if self.card is None else round(self.card.memory, 1),
            "advice": self.advice,
        }


def estimate(
    recipe: Recipe,
    shape: Shape,
    card: Card | None,
    rows: int,
    mean_tokens: float,
    *,
    longest_tokens: float | None = None,
) -> Fit:
    """Memory and time of a resolved recipe.

    `rows` are those of data.train before the split, `mean_tokens` and `longest_tokens` their length with
    prompt and template; a longest that is not known is taken to be 4.5 times the mean. max_length cuts rows.
    """
    longest = min(longest_tokens or _LONGEST_TO_MEAN * mean_tokens, recipe.train.max_length)
    batch = _batch(recipe, longest)
    parts = memory_parts(shape, recipe, batch, cpu=card is not None and card.is_cpu)
    peak = sum(parts.values())
    speed = None if card is None else tokens_per_second(shape, recipe, card, batch, mean_tokens)
    tokens = _trained_tokens(recipe, rows, min(mean_tokens, recipe.train.max_length))
    return Fit(
        parameters=shape.parameters,
        trainable=trainable(shape, recipe),
        parts=parts,
        peak_gib=peak,
        card=card,
        fits=None if card is None else _has_room(peak, card),
        tokens_per_second=speed,
        hours=tokens / speed / 3600 if speed else None,
        advice="" if card is None else _advice(recipe, shape, card, longest, peak),
    )


def _batch(recipe: Recipe, longest: float) -> Batch:
    length = recipe.train.max_length if recipe.train.packing else max(round(longest), 1)
    return Batch(recipe.train.micro_batch, length)


def _trained_tokens(recipe: Recipe, rows: int, mean_tokens: float) -> float:
    train, data = recipe.train, recipe.data
    if train.max_steps is not None:
        length = train.max_length if train.packing else mean_tokens
        return train.max_steps * train.micro_batch * train.accumulation * length
    kept = 1.0 - (0 if data.validation else data.validation_fraction) - (0 if data.test else data.test_fraction)
    return rows * kept * train.num_train_epochs * mean_tokens


def _has_room(peak_gib: float, card: Card) -> bool:
    return peak_gib + (0 if card.is_cpu else _RESERVE_GIB) <= card.memory


def _peak(recipe: Recipe, shape: Shape, card: Card, longest: float) -> float:
    return sum(memory_parts(shape, recipe, _batch(recipe, longest), cpu=card.is_cpu).values())


def _advice(recipe: Recipe, shape: Shape, card: Card, longest: float, peak: float) -> str:
    if _has_room(peak, card):
        return _faster(recipe, shape, card, longest)
    least = peak
    for words, changed in _changes(recipe):
        needed = _peak(changed, shape, card, min(longest, changed.train.max_length))
        least = min(least, needed)
        if _has_room(needed, card):
            return f"It fits with {words}: {needed:.1f} GiB."
    return (
        f"It does not fit on {card.name} in any way that is known here ({least:.1f} GiB at the least): "
        "take a smaller model or a larger card."
    )


def _faster(recipe: Recipe, shape: Shape, card: Card, longest: float) -> str:
    if card.is_cpu or not recipe.train.gradient_checkpointing:
        return ""
    without = replace(recipe, train=replace(recipe.train, gradient_checkpointing=False))
    needed = _peak(without, shape, card, longest)
    if not _has_room(needed, card):
        return ""
    return f"It also fits with train.gradient_checkpointing = false ({needed:.1f} GiB), which is a third faster."


def _changes(recipe: Recipe) -> Iterator[tuple[str, Recipe]]:
    """Changes that save memory, and the recipe with them, from the cheapest to the dearest.

    A smaller micro-batch with more accumulation learns the same; checkpointing takes a third more time;
    4 bits cost a little quality; shorter rows lose the ends of long ones.
    """
    train = recipe.train
    yield from _micro_batches(recipe)
    said, base = "", recipe
    if not train.gradient_checkpointing:
        said = "train.gradient_checkpointing = true"
        base = replace(recipe, train=replace(train, gradient_checkpointing=True))
        yield said, base
        yield from _also(said, _micro_batches(base))
    if not recipe.quantization.load_in_4bit:
        said = _join(said, "quantization.load_in_4bit = true")
        quantization = replace(base.quantization, load_in_4bit=True, load_in_8bit=False)
        base = replace(base, quantization=quantization)
        yield said, base
        yield from _also(said, _micro_batches(base))
    if not recipe.quantization.bnb_4bit_use_double_quant:
        said = _join(said, "quantization.bnb_4bit_use_double_quant = true")
        base = replace(base, quantization=replace(base.quantization, bnb_4bit_use_double_quant=True))
        yield said, base
        yield from _also(said, _micro_batches(base))
    for words, least in list(_micro_batches(base))[-1:]:
        said, base = _join(said, words), least
    length = train.max_length // 2
    while length >= 128:
        shorter = replace(base, train=replace(base.train, max_length=length))
        yield _join(said, f"train.max_length = {length}"), shorter
        length //= 2


def _micro_batches(recipe: Recipe) -> Iterator[tuple[str, Recipe]]:
    rows, steps = recipe.train.micro_batch, recipe.train.accumulation
    while rows % 2 == 0:
        rows, steps = rows // 2, steps * 2
        words = f"train.per_device_train_batch_size = {rows} and train.gradient_accumulation_steps = {steps}"
        train = replace(recipe.train, per_device_train_batch_size=rows, gradient_accumulation_steps=steps)
        yield words, replace(recipe, train=train)


def _also(said: str, changes: Iterator[tuple[str, Recipe]]) -> Iterator[tuple[str, Recipe]]:
    for words, changed in changes:
        yield _join(said, words), changed


def _join(first: str, second: str) -> str:
    return f"{first}, {second}" if first else second
