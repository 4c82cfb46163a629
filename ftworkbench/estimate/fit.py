"""Does it fit, how long does it take, and what is the cheapest change that makes it fit."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from ftworkbench.estimate.adapters import trainable
from ftworkbench.estimate.advice import advise, has_room
from ftworkbench.estimate.cards import Card
from ftworkbench.estimate.measures import Measures
from ftworkbench.estimate.memory import Batch
from ftworkbench.estimate.shape import Shape
from ftworkbench.estimate.speed import tokens_per_second
from ftworkbench.estimate.stages import Parts, stage_parts, worst
from ftworkbench.recipe.declare import Value
from ftworkbench.recipe.tables import Recipe

# Longest row to mean row, where only the mean is known; rows of chats vary about so.
_LONGEST_TO_MEAN = 4.5
_NONE = Measures()


@dataclass(frozen=True)
class Fit:
    """The estimate of a recipe on a card. `peak_gib` is the sum of `parts`; None is what cannot be said.

    `stages` are the peaks of the step, the evaluation and the save; `parts` those of the highest. `changes` are the
    options that `advice` says to set, or with None to leave out; `steps` is about how many the optimizer takes.
    `source` says what it was measured or corrected by; empty for the formula alone.
    """

    parameters: int
    trainable: int
    parts: dict[str, float]
    peak_gib: float
    card: Card | None
    fits: bool | None
    tokens_per_second: float | None
    hours: float | None
    advice: str
    changes: tuple[tuple[str, Value], ...] = ()
    stages: dict[str, float] = field(default_factory=dict)
    source: str = ""
    steps: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "parameters": self.parameters,
            "trainable": self.trainable,
            "peak_gib": round(self.peak_gib, 3),
            "parts": {name: round(size, 3) for name, size in self.parts.items()},
            "stages": {name: round(size, 3) for name, size in self.stages.items()},
            "fits": self.fits,
            "tokens_per_second": None if self.tokens_per_second is None else round(self.tokens_per_second, 1),
            "hours": None if self.hours is None else round(self.hours, 3),
            "card": None if self.card is None else self.card.name,
            "card_gib": None if self.card is None else round(self.card.memory, 1),
            "advice": self.advice,
            "changes": dict(self.changes),
            "source": self.source,
            "steps": self.steps,
        }


def estimate(
    recipe: Recipe,
    shape: Shape,
    card: Card | None,
    rows: int,
    mean_tokens: float,
    *,
    longest_tokens: float | None = None,
    measures: Measures = _NONE,
) -> Fit:
    """Memory and time of a resolved recipe, as the formulas say, corrected by `measures` of this model and card.

    `rows` are those of data.train before the split, `mean_tokens` and `longest_tokens` their length with
    prompt and template; a longest that is not known is taken to be 4.5 times the mean. max_length cuts rows.
    """
    longest = longest_tokens or _LONGEST_TO_MEAN * mean_tokens
    cpu = card is not None and card.is_cpu
    stages = stages_of(recipe, shape, longest, cpu=cpu)
    name = worst(stages)
    correction = measures.correction(recipe)
    factor = correction.peak
    peak = factor * sum(stages[name].values())
    speed = None if card is None else speed_of(recipe, shape, card, mean_tokens, longest)
    speed = speed and speed * correction.speed
    tokens = trained_tokens(recipe, rows, mean_tokens)

    def peak_of(changed: Recipe) -> float:
        known = measures.correction(changed)
        return math.inf if known.full else known.peak * peak_gib(changed, shape, longest, cpu=cpu)

    def speed_at(changed: Recipe) -> float | None:
        return None if card is None else speed_of(changed, shape, card, mean_tokens, longest)

    advice = None if card is None else advise(recipe, card, peak_of, speed_at)
    return Fit(
        parameters=shape.parameters,
        trainable=trainable(shape, recipe),
        parts={part: factor * size for part, size in stages[name].items()},
        peak_gib=peak,
        card=card,
        fits=None if card is None else has_room(peak, card) and not correction.full,
        tokens_per_second=speed,
        hours=tokens / speed / 3600 if speed else None,
        advice=advice.words if advice else "",
        changes=advice.settings if advice else (),
        stages={stage: factor * sum(parts.values()) for stage, parts in stages.items()},
        source=correction.source,
        steps=optimizer_steps(recipe, tokens, mean_tokens),
    )


def stages_of(recipe: Recipe, shape: Shape, longest: float, *, cpu: bool) -> dict[str, Parts]:
    """GiB of each stage by part, for rows of up to `longest` tokens."""
    train = recipe.train
    evaluated = _batch(recipe, train.per_device_eval_batch_size or train.micro_batch, longest)
    return stage_parts(shape, recipe, _batch(recipe, train.micro_batch, longest), evaluated, cpu=cpu)


def peak_gib(recipe: Recipe, shape: Shape, longest: float, *, cpu: bool) -> float:
    """The highest peak of the stages, in GiB."""
    return max(sum(parts.values()) for parts in stages_of(recipe, shape, longest, cpu=cpu).values())


def speed_of(recipe: Recipe, shape: Shape, card: Card, mean: float, longest: float) -> float | None:
    """Tokens of rows that are trained on in a second; None for a card that is not known."""
    return tokens_per_second(shape, recipe, card, _batch(recipe, recipe.train.micro_batch, longest), mean)


def trained_tokens(recipe: Recipe, rows: int, mean_tokens: float) -> float:
    """The tokens that the whole run goes through."""
    train, data = recipe.train, recipe.data
    mean_tokens = min(mean_tokens, train.max_length)
    if train.max_steps is not None:
        length = train.max_length if train.packing else mean_tokens
        return train.max_steps * train.micro_batch * train.accumulation * length
    kept = 1.0 - (0 if data.validation else data.validation_fraction) - (0 if data.test else data.test_fraction)
    return rows * kept * train.num_train_epochs * mean_tokens


def optimizer_steps(recipe: Recipe, tokens: float, mean_tokens: float) -> int:
    """The optimizer steps of a run over so many tokens; about, where rows are packed."""
    train = recipe.train
    if train.max_steps is not None:
        return train.max_steps
    length = train.max_length if train.packing else min(mean_tokens, train.max_length)
    return max(math.ceil(tokens / (length * train.micro_batch * train.accumulation)), 1)


def _batch(recipe: Recipe, rows: int, longest: float) -> Batch:
    longest = min(longest, recipe.train.max_length)
    return Batch(rows, recipe.train.max_length if recipe.train.packing else max(round(longest), 1))
