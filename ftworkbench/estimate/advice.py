"""What makes a recipe fit where it does not, or faster where there is room: the cheapest change first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ftworkbench.estimate.cards import Card
from ftworkbench.recipe.declare import Value
from ftworkbench.recipe.tables import Recipe

# The CUDA context and the libraries' workspaces, which torch does not count, and what a display may hold.
RESERVE_GIB = 0.8
# A gain that is worth being told.
_WORTH = 1.05
# Shorter rows than these say little that can be learned.
_SHORTEST = 128


@dataclass(frozen=True)
class Change:
    """Options to set, and the recipe that has them so."""

    settings: tuple[tuple[str, Value], ...]
    recipe: Recipe

    @property
    def words(self) -> str:
        parts = [f"{key} = {str(value).lower() if isinstance(value, bool) else value}" for key, value in self.settings]
        return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


@dataclass(frozen=True)
class Advice:
    """In words, and the options that it says to set; both empty where there is nothing to say."""

    words: str = ""
    settings: tuple[tuple[str, Value], ...] = ()


def has_room(peak_gib: float, card: Card) -> bool:
    return peak_gib + (0 if card.is_cpu else RESERVE_GIB) <= card.memory


def room_words(card: Card) -> str:
    """What a card holds, and what of it a job does not get: `15 GiB, of which CUDA itself takes 0.8`."""
    taken = "" if card.is_cpu else f", of which CUDA itself takes {RESERVE_GIB:g}"
    return f"{card.memory:.0f} GiB{taken}"


def advise(
    recipe: Recipe, card: Card, peak_of: Callable[[Recipe], float], speed_of: Callable[[Recipe], float | None]
) -> Advice:
    """What to change, if anything. `peak_of` gives a recipe's peak in GiB on the card, `speed_of` its tokens/s."""
    if has_room(peak_of(recipe), card):
        return _faster(recipe, card, peak_of, speed_of)
    least = peak_of(recipe)
    for change in _changes(recipe):
        needed = peak_of(change.recipe)
        least = min(least, needed)
        if has_room(needed, card):
            return Advice(f"It fits with {change.words}: {needed:.1f} GiB.", change.settings)
    return Advice(
        f"It does not fit on {card.name} in any way that is known here ({least:.1f} GiB at the least): "
        "take a smaller model or a larger card."
    )


def _faster(
    recipe: Recipe, card: Card, peak_of: Callable[[Recipe], float], speed_of: Callable[[Recipe], float | None]
) -> Advice:
    if card.is_cpu or not recipe.train.gradient_checkpointing:
        return Advice()
    change = _with(Change((), recipe), ("train.gradient_checkpointing", False))
    needed = peak_of(change.recipe)
    now, then = speed_of(recipe), speed_of(change.recipe)
    if not has_room(needed, card) or not now or not then or then < _WORTH * now:
        return Advice()
    words = f"It also fits with {change.words} ({needed:.1f} GiB), which is {then / now - 1:.0%} faster."
    return Advice(words, change.settings)


def _changes(recipe: Recipe) -> Iterator[Change]:
    """Changes that save memory, from the cheapest to the dearest.

    Fewer rows at once in evaluations change nothing; a smaller micro-batch with more accumulation learns the same;
    checkpointing takes a third more time; 4 bits cost a little quality; shorter rows lose the ends of long ones.
    """
    start = Change((), recipe)
    yield from _evaluations(start)
    yield from _micro_batches(start)
    base = start
    for key, value in _costly(recipe):
        base = _with(base, (key, value))
        yield base
        yield from _micro_batches(base)
    base = next(reversed(list(_micro_batches(base))), base)
    yield from _evaluations(base)
    length = recipe.train.max_length // 2
    while length >= _SHORTEST:
        yield _with(base, ("train.max_length", length))
        length //= 2


def _costly(recipe: Recipe) -> Iterator[tuple[str, Value]]:
    quantization = recipe.quantization
    if not recipe.train.gradient_checkpointing:
        yield "train.gradient_checkpointing", True
    if recipe.out_of_base:
        return  # what is taken out of the base's weights wants them whole
    if quantization.load_in_8bit:
        yield "quantization.load_in_8bit", False
    if not quantization.load_in_4bit:
        yield "quantization.load_in_4bit", True
    if not quantization.bnb_4bit_use_double_quant:
        yield "quantization.bnb_4bit_use_double_quant", True


def _micro_batches(base: Change) -> Iterator[Change]:
    rows, steps = base.recipe.train.micro_batch, base.recipe.train.accumulation
    while rows % 2 == 0:
        rows, steps = rows // 2, steps * 2
        smaller = _with(base, ("train.per_device_train_batch_size", rows))
        yield _with(smaller, ("train.gradient_accumulation_steps", steps))


def _evaluations(base: Change) -> Iterator[Change]:
    rows = base.recipe.train.per_device_eval_batch_size or 1
    while rows > base.recipe.train.micro_batch:
        rows = max(rows // 2, base.recipe.train.micro_batch)
        yield _with(base, ("train.per_device_eval_batch_size", rows))


def _with(base: Change, setting: tuple[str, Value]) -> Change:
    table, _, name = setting[0].partition(".")
    changed = replace(getattr(base.recipe, table), **{name: setting[1]})
    settings = {**dict(base.settings), setting[0]: setting[1]}
    return Change(tuple(settings.items()), replace(base.recipe, **{table: changed}))
