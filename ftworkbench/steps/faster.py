"""Whether a recipe that fits would be much faster if it said less: what it says, against what would be chosen."""

from __future__ import annotations

from dataclasses import replace

from ftworkbench.errors import InputError
from ftworkbench.estimate.cards import Card
from ftworkbench.estimate.fit import Fit, estimate
from ftworkbench.estimate.measures import Measures
from ftworkbench.figures import duration
from ftworkbench.machine import Machine
from ftworkbench.recipe.declare import Value
from ftworkbench.recipe.tables import Recipe
from ftworkbench.recipe.train_table import ROWS_A_STEP
from ftworkbench.steps.basis import Basis
from ftworkbench.steps.choose import chosen

_NONE = Measures()
# Less is not worth a change of what somebody said.
_WORTH = 1.5


def faster_left_out(
    recipe: Recipe, found: Fit, basis: Basis, card: Card, machine: Machine, *, measures: Measures = _NONE
) -> Fit:
    """The estimate with the advice to leave out what keeps the recipe slow, where that gains enough; else as it is.

    A step learns from as many rows as before. None, in its changes, leaves an option out.
    """
    less = _said_less(recipe)
    if card.is_cpu or not found.fits or not found.hours or not less:
        return found
    shorter = _without(recipe, less)
    try:
        resolved, _ = chosen(shorter, basis, card, machine)
    except InputError:
        return found
    sizes = basis.sizes
    other = estimate(
        resolved, basis.shape, card, sizes.rows, sizes.mean, longest_tokens=sizes.longest, measures=measures
    )
    if not other.fits or not other.hours or found.hours < _WORTH * other.hours:
        return found
    names = [key.partition(".")[2] for key in less]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
    times = f"{duration(3600 * other.hours)} instead of {duration(3600 * found.hours)}"
    chosen_for = "it is" if not names[1:] else "they are"
    words = (
        f"Leave {listed} out of the recipe: {chosen_for} chosen for this card then, and training takes {times}, "
        f"in {other.peak_gib:.1f} GiB."
    )
    changes: tuple[tuple[str, Value], ...] = tuple((key, None) for key in less)
    return replace(found, advice=words, changes=changes)


def _said_less(recipe: Recipe) -> list[str]:
    """The options that are said, and might be better chosen; none where other rows would make a step then."""
    train = recipe.train
    if train.packing or train.micro_batch * train.accumulation != ROWS_A_STEP:
        return []
    said = {
        "train.packing": train.packing is False,
        "train.per_device_train_batch_size": train.per_device_train_batch_size is not None,
        "train.gradient_accumulation_steps": train.gradient_accumulation_steps is not None,
        "train.gradient_checkpointing": train.gradient_checkpointing is True,
        "lora.lora_dropout": bool(recipe.lora.lora_dropout),
        "model.attn_implementation": recipe.model.attn_implementation in ("sdpa", "eager"),
    }
    return [key for key, is_said in said.items() if is_said]


def _without(recipe: Recipe, keys: list[str]) -> Recipe:
    for key in keys:
        table, _, name = key.partition(".")
        recipe = replace(recipe, **{table: replace(getattr(recipe, table), **{name: None})})
    return recipe
