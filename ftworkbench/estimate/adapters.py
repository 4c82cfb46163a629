"""What an adapter adds to a model: the layers that it stands at, and the parameters that are trained.

The rules are PEFT's own (0.21, tuners/tuners_utils.py and the layers of lora and ia3), held against it in a test.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from ftworkbench.errors import InputError
from ftworkbench.estimate.shape import Linear, Shape
from ftworkbench.recipe.libraries import library_mapping
from ftworkbench.recipe.tables import Recipe

_EVERY = "all-linear"
_CONSTANTS = "utils/constants.py"
_OF_FAMILY = "TRANSFORMERS_MODELS_TO_IA3_{}_MODULES_MAPPING"
Wanted = str | Collection[str]
"""Modules as PEFT takes them: a pattern for whole paths, or ends of paths."""


def trainable(shape: Shape, recipe: Recipe) -> int:
    """The parameters that are trained.

    For each target LoRA's A (r x in) and B (out x r), DoRA's sizes (out); IA3's factors (out; of feed-forward layers
    in); and the modules that are saved whole.
    """
    if recipe.method.adapter == "ia3":
        inward = ia3_modules(shape, recipe)[1]
        count = sum(
            each.inputs if _matches_end(inward, shape.path(layer, each)) else each.outputs
            for each in shape.linears
            for layer in _adapted_layers(each, shape, recipe)
        )
        return count + _saved_whole(shape, recipe.ia3.extra)
    lora = recipe.lora
    count = 0
    for each in shape.linears:
        layers = _adapted_layers(each, shape, recipe)
        fixed = each.outputs if lora.use_dora else 0
        fixed += each.outputs if lora.bias == "lora_only" and each.bias else 0
        fixed += each.outputs if lora.extra.get("lora_bias") else 0
        per_rank = each.ranks * each.copies * (each.inputs + each.outputs)
        count += len(layers) * fixed + per_rank * sum(_rank(shape.path(layer, each), recipe) for layer in layers)
        count += shape.layers * each.outputs if lora.bias == "all" and each.bias else 0
    return count + _saved_whole(shape, lora.extra)


def targets(shape: Shape, recipe: Recipe) -> tuple[Linear, ...]:
    """The linear layers of a block that get an adapter, in any block."""
    return tuple(each for each in shape.linears if _adapted_layers(each, shape, recipe))


def ia3_modules(shape: Shape, recipe: Recipe) -> tuple[Wanted, Wanted]:
    """The modules that IA3 scales, and those of them whose inputs it scales; PEFT's own for the family if left out.

    Raises InputError where PEFT has none for the family.
    """
    found = []
    for name, said in (("target", recipe.ia3.target_modules), ("feedforward", recipe.ia3.feedforward_modules)):
        known = library_mapping("peft", _CONSTANTS, _OF_FAMILY.format(name.upper()))
        if said is None and shape.family not in known:
            raise InputError(f"ia3.{name}_modules: PEFT knows none for a {shape.family or 'nameless'} model; say them")
        found.append(known[shape.family] if said is None else said)
    return found[0], found[1]


def _adapted_layers(linear: Linear, shape: Shape, recipe: Recipe) -> list[int]:
    """The blocks in which a linear layer gets an adapter."""
    if recipe.method.adapter == "ia3":
        wanted, extra = ia3_modules(shape, recipe)[0], recipe.ia3.extra
        if linear.copies > 1:
            return []  # experts that stand in one stack are no linear layers, which is all that IA3 takes
    else:
        wanted, extra = recipe.lora.target_modules, recipe.lora.extra
    only = extra.get("layers_to_transform")
    layers = [only] if isinstance(only, int) else only if isinstance(only, list) and only else range(shape.layers)
    layers = [layer for layer in layers if isinstance(layer, int) and 0 <= layer < shape.layers]
    left_out = _wanted(extra.get("exclude_modules"))
    if isinstance(wanted, str) and wanted.lower() == _EVERY and not left_out:
        return layers
    return [layer for layer in layers if _is_target(shape.path(layer, linear), wanted, left_out)]


def _is_target(path: str, wanted: Wanted, left_out: Wanted) -> bool:
    """As tuners_utils.check_target_module_exists decides it."""
    if left_out and _matches(left_out, path):
        return False
    return (isinstance(wanted, str) and wanted.lower() == _EVERY) or _matches(wanted, path)


def _wanted(said: Any) -> Wanted:
    return said if isinstance(said, str) else _names(said)


def _names(said: Any) -> tuple[str, ...]:
    return tuple(each for each in said if isinstance(each, str)) if isinstance(said, list | tuple) else ()


def _matches(wanted: Wanted, path: str) -> bool:
    if isinstance(wanted, str):
        return _fits(wanted, path)
    return any(path == each or path.endswith(f".{each}") for each in wanted)


def _fits(pattern: str, path: str) -> bool:
    try:
        return re.fullmatch(pattern, path) is not None
    except re.error:
        return False


def _matches_end(wanted: Wanted, path: str) -> bool:
    """As IA3 decides which of its layers are feed-forward ones: by the bare end of a path."""
    if isinstance(wanted, str):
        return _matches(wanted, path)
    return any(path.endswith(each) for each in wanted)


def _rank(path: str, recipe: Recipe) -> int:
    """The rank at a module: rank_pattern's, where one of its patterns fits the end of the path."""
    patterns = recipe.lora.extra.get("rank_pattern")
    for pattern, rank in patterns.items() if isinstance(patterns, Mapping) else ():
        if isinstance(rank, int) and _fits(rf"(.*\.)?({pattern})", path):
            return rank
    return recipe.lora.r


def _saved_whole(shape: Shape, extra: Any) -> int:
    """Embedding and head, where modules_to_save has them trained and saved whole."""
    names = _names(extra.get("modules_to_save"))
    return sum(shape.vocabulary * shape.hidden for name in ("embed_tokens", "lm_head") if name in names)
