"""What is wrong between the options of an adapter: what PEFT and the worker refuse (peft 0.21, bitsandbytes 0.50)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields
from typing import Any

from ftworkbench.printable import one_line
from ftworkbench.recipe.tables import Ia3, Lora, Recipe

# How PEFT may start an adapter (tuners/lora/config.py), but for the ways that take options of their own.
_STARTS = re.compile(r"gaussian|orthogonal|eva|olora|loftq|pissa(_niter_[1-9]\d*)?", re.IGNORECASE)
_EVERY = "all-linear"
_PATTERNS = ("rank_pattern", "alpha_pattern")
_EVA_ROWS = 8  # of a batch that it looks at


def adapter_problems(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """The key that a problem is shown at, and the problem in words that follow it."""
    if recipe.method.adapter == "ia3":
        yield from _ia3(recipe)
        return
    lora = recipe.lora
    yield from _targets("lora.target_modules", lora.target_modules)
    yield from _start(recipe)
    yield from _variants(lora)
    yield from _of_the_other("ia3", _said(recipe.ia3, Ia3()), "lora")


def _ia3(recipe: Recipe) -> Iterator[tuple[str, str]]:
    ia3 = recipe.ia3
    yield from _of_the_other("lora", _said(recipe.lora, Lora()), "ia3")
    if recipe.method.loraplus_lr_ratio is not None:
        yield "method.loraplus_lr_ratio", "is for LoRA's two matrices, and IA3 has none; take it out"
    if ia3.target_modules is not None:
        yield from _targets("ia3.target_modules", ia3.target_modules)
    inward = ia3.feedforward_modules
    if isinstance(inward, str) and not _is_pattern(inward):
        yield "ia3.feedforward_modules", "is text that is no pattern; say a list of names, or a pattern"
    if isinstance(inward, tuple) and isinstance(ia3.target_modules, tuple):
        missing = sorted(set(inward) - set(ia3.target_modules))
        if missing:
            yield "ia3.feedforward_modules", f"names {_list(missing)}, which target_modules does not; add it there"


def _of_the_other(table: str, names: list[str], adapter: str) -> Iterator[tuple[str, str]]:
    if names:
        others = f", and so {'is' if len(names) == 2 else 'are'} {_list(names[1:])}" if names[1:] else ""
        yield f"{table}.{names[0]}", f"is for another adapter than method.adapter = {adapter}{others}; take it out"


def _said(given: Lora | Ia3, default: Lora | Ia3) -> list[str]:
    """The options that are not as they are where nothing is said."""
    found = [each.name for each in fields(given) if getattr(given, each.name) != getattr(default, each.name)]
    return [name for name in found if name != "extra"] + sorted(given.extra)


def _targets(key: str, targets: str | tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if "lm_head" in ((targets,) if isinstance(targets, str) else targets):
        yield key, "names lm_head, which takes no adapter: the loss is computed from its weight"
    elif isinstance(targets, str) and targets.isidentifier():
        yield key, f'as text is a pattern for whole paths; to name a layer, write ["{targets}"]'
    elif isinstance(targets, str) and not _is_pattern(targets):
        yield key, "is text that is no pattern; say all-linear, a list of names, or a pattern"
    elif isinstance(targets, tuple) and _EVERY in targets:
        yield key, 'names all-linear in a list, where it would be a layer\'s name; write "all-linear"'


def _variants(lora: Lora) -> Iterator[tuple[str, str]]:
    """Options of LoraConfig that exclude each other (tuners/lora/config.py, __post_init__)."""
    extra = lora.extra
    if extra.get("lora_bias") and lora.use_dora:
        yield "lora.use_dora", "and lora_bias exclude each other: DoRA has no bias"
    if extra.get("lora_bias") and lora.init_lora_weights is not None:
        yield "lora.lora_bias", f"does not go with init_lora_weights = {one_line(lora.init_lora_weights, 40)}"
    for name in ("layers_to_transform", "layers_pattern"):
        if extra.get(name) is not None and isinstance(lora.target_modules, str):
            yield f"lora.{name}", "needs target_modules to be a list of names: a pattern names the layers itself"
    if extra.get("layers_pattern") and extra.get("layers_to_transform") is None:
        yield "lora.layers_pattern", "needs layers_to_transform beside it"
    for name in _PATTERNS:
        yield from _pattern(name, extra.get(name))
    both = sorted(set(_names(extra.get("modules_to_save"))) & set(_names(lora.target_modules)))
    if both:
        yield "lora.modules_to_save", f"names {_list(both)}, which target_modules does too; keep one"


def _pattern(name: str, said: Any) -> Iterator[tuple[str, str]]:
    """PEFT takes a pattern for the end of a path, and the number that holds there."""
    if said is None:
        return
    if not isinstance(said, Mapping) or not all(isinstance(each, int) and each > 0 for each in said.values()):
        yield f"lora.{name}", "is a table of patterns and whole numbers, as { q_proj = 8 }"
        return
    for pattern in said:
        if not _is_pattern(str(pattern)):
            yield f"lora.{name}", f"{one_line(str(pattern), 40)} is no pattern"


def _start(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """What is wrong with how the adapter starts."""
    start, key = recipe.lora.init_lora_weights, "lora.init_lora_weights"
    if start is None:
        return
    if _STARTS.fullmatch(start) is None:
        names = "gaussian, orthogonal, eva, olora, pissa, pissa_niter_16 or loftq"
        yield key, f"is {names}, not {one_line(start, 40)}"
        return
    kind, lora, quantization = start.lower(), recipe.lora, recipe.quantization
    if recipe.out_of_base:
        if quantization.load_in_4bit or quantization.load_in_8bit:
            yield (
                key,
                f"{kind} takes the adapter out of the base's own weights, and quantized ones cannot be taken from; "
                "say load_in_4bit = false, or loftq",
            )
        for name in _PATTERNS:
            if lora.use_rslora and lora.extra.get(name):
                yield key, f"{kind} cannot be saved with use_rslora and {name} together; keep one of the two"
    if kind == "orthogonal" and lora.r % 2:
        yield key, f"orthogonal wants an even rank, and lora.r is {lora.r}"
    if kind == "loftq" and not quantization.load_in_4bit:
        yield key, "loftq makes up for 4-bit rounding, so it wants quantization.load_in_4bit = true"
    if kind == "loftq" and quantization.bnb_4bit_quant_type != "nf4":
        yield key, "loftq is for quantization.bnb_4bit_quant_type = nf4"
    if kind == "eva":
        yield from _eva(recipe)


def _eva(recipe: Recipe) -> Iterator[tuple[str, str]]:
    key = "lora.init_lora_weights"
    if recipe.lora.bias != "none":
        yield key, "eva is for lora.bias = none"
    for name in _PATTERNS:
        if recipe.lora.extra.get(name):
            yield f"lora.{name}", "is what eva finds out itself; take it out"
    if recipe.data.limit is not None and recipe.data.limit < _EVA_ROWS:
        yield key, f"eva looks where the rows vary, and data.limit leaves {recipe.data.limit}; it wants {_EVA_ROWS}"


def _names(value: Any) -> Collection[str]:
    return tuple(value) if isinstance(value, list | tuple) else ()


def _list(names: Collection[str]) -> str:
    return one_line(", ".join(names), 80)


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True
