"""What a recipe leaves out, chosen by the estimate for this model, these rows and this card.

`recipe.resolve` chooses what the machine alone decides, and stands in where the model's configuration cannot be had.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ftworkbench.errors import InputError
from ftworkbench.estimate.adapters import targets
from ftworkbench.estimate.advice import has_room, room_words
from ftworkbench.estimate.cards import Card, find_card, machine_with
from ftworkbench.estimate.fit import peak_gib, speed_of
from ftworkbench.machine import Machine, this_machine
from ftworkbench.recipe.model_tables import BY_ROWS
from ftworkbench.recipe.options import TABLE_NAMES, options
from ftworkbench.recipe.resolve import Choice, resolve, with_choices
from ftworkbench.recipe.tables import Recipe
from ftworkbench.recipe.train_table import ROWS_A_STEP
from ftworkbench.steps.basis import Basis, basis_of
from ftworkbench.steps.model_checks import varlen_refused
from ftworkbench.steps.recipe import Opened

_PACKING = "train.packing"
_ROWS = "train.per_device_train_batch_size"
_STEPS = "train.gradient_accumulation_steps"
_AGAIN = "train.gradient_checkpointing"
_ATTENTION = "model.attn_implementation"
# Estimates are up to so much too low: what is chosen fits all the same.
_MARGIN = 1.03
# Guessed lengths may be exceeded.
_GUESSED = 1.3
# Rows are short where padding to the longest allowed would double them.
_SHORT = 2
# A packed step may learn from so many times the rows of an unpacked one.
_MORE_ROWS = 2
# Speeds that differ by less are the same: the one that needs less memory is taken.
_AS_FAST = 0.98


def choose(opened: Opened, basis: Basis | None = None) -> Opened:
    """The recipe with what it leaves out chosen for this machine's card, each choice with its reason.

    Gives it as it was resolved where the model or the rows cannot be had; on a CPU little is left to choose.
    """
    machine = this_machine()
    card = find_card("cpu" if opened.resolved.launch.device == "cpu" else None, machine)
    try:
        resolved, choices = chosen(opened.recipe, basis or basis_of(opened), card, machine)
    except InputError:
        return opened
    return replace(opened, resolved=resolved, choices=choices)


def chosen(recipe: Recipe, basis: Basis, card: Card, machine: Machine) -> tuple[Recipe, tuple[Choice, ...]]:
    """The recipe resolved for a card or a CPU, and all choices, in the order of the recipe's options."""
    picks = _of_the_model(recipe, basis)
    if not card.is_cpu:
        machine = machine if machine.card is not None else machine_with(card, machine)
        picks += _Chooser(with_choices(recipe, picks), basis, card, machine).picks()
    resolved, rest = resolve(with_choices(recipe, picks), machine)
    found = sorted([*picks, *rest], key=lambda choice: _ORDER.get(choice.key, len(_ORDER)))
    return resolved, tuple(found)


def _of_the_model(recipe: Recipe, basis: Basis) -> list[Choice]:
    """What the model alone decides."""
    lora = recipe.lora
    if recipe.method.adapter != "lora" or lora.lora_dropout is not None:
        return []
    experts = any(each.copies > 1 for each in targets(basis.shape, recipe))
    why = "experts are tuned as whole tensors, where PEFT has no dropout"
    return [Choice("lora.lora_dropout", 0.0, why)] if experts else []


_ORDER = {option.key: place for place, option in enumerate(each for name in TABLE_NAMES for each in options(name))}


@dataclass(frozen=True)
class _Way:
    """One way to train: whether packed, checkpointed, how many at once and how often, with its cost."""

    packing: bool
    again: bool
    rows: int
    steps: int
    peak: float
    fits: bool
    speed: float | None


class _Chooser:
    """Weighs the ways that a recipe leaves open on a card."""

    def __init__(self, recipe: Recipe, basis: Basis, card: Card, machine: Machine) -> None:
        self.recipe, self.train = recipe, recipe.train
        self.card, self.machine = card, machine
        self.shape, self.sizes = basis.shape, basis.sizes
        self.mean = min(basis.sizes.mean, recipe.train.max_length)
        self.longest = basis.sizes.longest * (1 if basis.sizes.counted else _GUESSED)

    def picks(self) -> Iterator[Choice]:
        """A choice for each option that the recipe leaves out, and the estimate decides."""
        packing, why = self._packing()
        if self.train.packing is None:
            yield Choice(_PACKING, packing, why)
        refused = varlen_refused(self.shape)
        if packing and refused and self.recipe.model.attn_implementation is None:
            yield Choice(_ATTENTION, "sdpa", f"this model {refused}, which varlen cannot do: PyTorch's, with a mask")
        ways = list(self._ways(packing))
        best = self._best(ways)
        if self.train.per_device_train_batch_size is None:
            yield Choice(_ROWS, best.rows, self._why_rows(best, ways, packing=packing))
        if self.train.gradient_accumulation_steps is None:
            yield Choice(_STEPS, best.steps, self._why_steps(best, packing=packing))
        if self.train.gradient_checkpointing is None:
            yield Choice(_AGAIN, best.again, self._why_again(best, ways))

    # Packing

    def _packing(self) -> tuple[bool, str]:
        train, mean, length = self.train, self.mean, self.train.max_length
        if train.packing is not None:
            return train.packing, ""
        if train.per_device_train_batch_size is not None or train.gradient_accumulation_steps is not None:
            return False, "the batch that the recipe says counts rows, and packed sequences hold several each"
        if not self._has_varlen() or varlen_refused(self.shape):
            return False, "packed rows would need a mask here, which costs more than padding does"
        if mean * _SHORT > length:
            return False, f"rows are long already: {mean:,.0f} tokens on average, of {length:,} that a row may have"
        if length / mean > _MORE_ROWS * ROWS_A_STEP:
            fitting = max(64 * math.ceil(ROWS_A_STEP * mean / 64), 64)
            return False, (
                f"a packed sequence would hold {length / mean:,.0f} rows, and a step learns from {ROWS_A_STEP}; "
                f"with max_length = {fitting:,} rows would be packed"
            )
        return True, (
            f"rows are short, {mean:,.0f} tokens on average where {length:,} are allowed: packed without padding, "
            "which is faster; no row sees another"
        )

    def _has_varlen(self) -> bool:
        card = self.machine.card
        whole = self.recipe.model.dtype == "float32"
        said = self.recipe.model.attn_implementation not in (None, BY_ROWS)
        return card is not None and card.bf16 and not whole and not said

    # Rows at once, steps, checkpointing

    def _ways(self, packing: bool) -> Iterator[_Way]:
        for again in (
            (False, True) if self.train.gradient_checkpointing is None else (self.train.gradient_checkpointing,)
        ):
            for rows, steps in self._batches(packing):
                picks = [Choice(_PACKING, packing, ""), Choice(_AGAIN, again, ""), Choice(_ROWS, rows, ""),
                         Choice(_STEPS, steps, "")]  # fmt: skip
                if packing and varlen_refused(self.shape) and self.recipe.model.attn_implementation is None:
                    picks.append(Choice(_ATTENTION, "sdpa", ""))
                recipe = resolve(with_choices(self.recipe, picks), self.machine)[0]
                peak = peak_gib(recipe, self.shape, self.longest, cpu=False)
                speed = speed_of(recipe, self.shape, self.card, self.mean, self.longest)
                yield _Way(packing, again, rows, steps, peak, has_room(peak * _MARGIN, self.card), speed)

    def _batches(self, packing: bool) -> Iterator[tuple[int, int]]:
        """Rows at once and steps that make the batch of a step; in packed sequences, about its rows."""
        rows, steps = self.train.per_device_train_batch_size, self.train.gradient_accumulation_steps
        whole = max(round(ROWS_A_STEP * self.mean / self.train.max_length), 1) if packing else ROWS_A_STEP
        if rows is not None:
            yield rows, steps if steps is not None else max(round(whole / rows), 1)
        elif steps is not None:
            yield max(round(whole / steps), 1), steps
        else:
            yield from ((each, whole // each) for each in range(1, whole + 1) if whole % each == 0)

    def _best(self, ways: list[_Way]) -> _Way:
        fitting = [way for way in ways if way.fits]
        if not fitting:
            return min(ways, key=lambda way: way.peak)
        fastest = max((way.speed or 0.0 for way in fitting), default=0.0)
        if not fastest:
            return max(fitting, key=lambda way: (not way.again, way.rows))
        return min((way for way in fitting if (way.speed or 0.0) >= _AS_FAST * fastest), key=lambda way: way.peak)

    # Reasons

    def _room(self, way: _Way) -> str:
        longer = "" if self.sizes.counted or way.packing else f", if rows are {_GUESSED - 1:.0%} longer than guessed"
        return f"{way.peak:.1f} of {self.card.memory:.0f} GiB{longer}"

    def _why_rows(self, best: _Way, ways: list[_Way], *, packing: bool) -> str:
        if packing:
            held = best.rows * self.train.max_length / self.mean
            what = f"sequences of {self.train.max_length:,} tokens, about {held:,.0f} rows at once"
        else:
            what = "rows at once"
        if not best.fits:
            return f"{what}: the fewest, and it does not fit even so ({self._room(best)})"
        larger = [way for way in ways if way.again == best.again and way.rows > best.rows]
        if not larger:
            return f"{what}: the whole batch of a step, and it fits ({self._room(best)})"
        if not any(way.fits for way in larger):
            return f"{what}: the most that fits ({self._room(best)})"
        return f"{what}: more would fit, and would be no faster ({self._room(best)})"

    def _why_steps(self, best: _Way, *, packing: bool) -> str:
        if packing:
            held = best.rows * best.steps * self.train.max_length / self.mean
            return f"{best.rows} x {best.steps} sequences are about {held:,.0f} rows a step; 8 to 32 is usual for LoRA"
        return f"{best.rows} x {best.steps} = {best.rows * best.steps} rows a step; 8 to 32 is usual for LoRA"

    def _why_again(self, best: _Way, ways: list[_Way]) -> str:
        without = [way for way in ways if not way.again]
        if not best.again:
            return f"it fits without ({self._room(best)}), and computing twice takes a third more time"
        least = min(without, key=lambda way: way.peak)
        if not least.fits:
            has = f"{self.card.name} has {room_words(self.card)}, and {_MARGIN - 1:.0%} are a margin"
            return f"without, {least.peak:.1f} GiB would be needed at the least; {has}"
        return f"without, only {least.rows} at once would fit, and be slower than {best.rows} with it"
