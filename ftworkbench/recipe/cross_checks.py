"""What is wrong between options that are each right by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ftworkbench.printable import one_line
from ftworkbench.recipe.tables import Recipe

# How PEFT may start an adapter (tuners/lora/config.py), but for the ways that take options of their own.
_STARTS = re.compile(r"gaussian|orthogonal|eva|olora|loftq|pissa(_niter_[1-9]\d*)?", re.IGNORECASE)
# Those that take the adapter out of the base's own weights.
_OUT_OF_THE_BASE = ("pissa", "olora")


def cross_problems(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """The key that a problem is shown at, and the problem in words that follow it."""
    yield from _precision(recipe)
    yield from _adapter(recipe)
    yield from _rhythm(recipe)
    yield from _rows(recipe)
    yield from _contestants(recipe)


def _precision(recipe: Recipe) -> Iterator[tuple[str, str]]:
    quantization, train = recipe.quantization, recipe.train
    if quantization.load_in_4bit and quantization.load_in_8bit:
        yield "quantization.load_in_8bit", "and load_in_4bit exclude each other; keep one"
    if train.bf16 and train.fp16:
        yield "train.fp16", "and bf16 exclude each other; keep bf16 on a card that has it (Ampere and later)"


def _adapter(recipe: Recipe) -> Iterator[tuple[str, str]]:
    targets = recipe.lora.target_modules
    if "lm_head" in ((targets,) if isinstance(targets, str) else targets):
        yield "lora.target_modules", "names lm_head, which takes no adapter: the loss is computed from its weight"
    if isinstance(targets, str) and targets.isidentifier():
        yield "lora.target_modules", f'as text is a pattern for whole paths; to name a layer, write ["{targets}"]'
    elif isinstance(targets, str) and not _is_pattern(targets):
        yield "lora.target_modules", "is text that is no pattern; say all-linear, a list of names, or a pattern"
    yield from _start(recipe)


def _start(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """What is wrong with how the adapter starts."""
    start, key = recipe.lora.init_lora_weights, "lora.init_lora_weights"
    if start is None:
        return
    if _STARTS.fullmatch(start) is None:
        yield (
            key,
            f"is gaussian, orthogonal, eva, olora, pissa, pissa_niter_16 or loftq, not {one_line(start, 40)}",
        )
        return
    kind = start.lower()
    quantization = recipe.quantization
    quantized = quantization.load_in_4bit or quantization.load_in_8bit
    if kind.startswith(_OUT_OF_THE_BASE) and quantized:
        yield (
            key,
            f"{kind} takes the adapter out of the base's own weights, and quantized ones cannot be taken from; "
            "say load_in_4bit = false, or loftq",
        )
    if kind == "loftq" and not quantization.load_in_4bit:
        yield key, "loftq makes up for 4-bit rounding, so it wants quantization.load_in_4bit = true"
    if kind == "loftq" and quantization.bnb_4bit_quant_type != "nf4":
        yield key, "loftq is for quantization.bnb_4bit_quant_type = nf4"
    if kind == "eva" and recipe.lora.bias != "none":
        yield key, "eva is for lora.bias = none"


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _rhythm(recipe: Recipe) -> Iterator[tuple[str, str]]:
    train = recipe.train
    if train.eval_strategy == "steps" and train.eval_steps is None:
        yield "train.eval_strategy", "is steps, so that eval_steps must say how many"
    if train.save_strategy == "steps" and train.save_steps is None:
        yield "train.save_strategy", "is steps, so that save_steps must say how many"
    for name, steps in (("eval_steps", train.eval_steps), ("save_steps", train.save_steps)):
        if steps is not None and steps > 1 and steps != int(steps):
            yield f"train.{name}", f"must be a whole number of steps, or a share below 1, not {steps:g}"
    if recipe.method.early_stopping_patience is not None and train.eval_strategy == "no":
        yield "method.early_stopping_patience", "watches the validation loss, but train.eval_strategy is no"
    if train.extra.get("load_best_model_at_end") is True and train.eval_strategy != train.save_strategy:
        yield "train.load_best_model_at_end", "needs eval_strategy and save_strategy to be the same"


def _rows(recipe: Recipe) -> Iterator[tuple[str, str]]:
    data = recipe.data
    kept_back = (0 if data.validation else data.validation_fraction) + (0 if data.test else data.test_fraction)
    if kept_back >= 1:
        yield (
            "data.test_fraction",
            "and validation_fraction leave no rows to train on; together they must be below 1",
        )
    if recipe.train.eval_strategy != "no" and data.validation is None and data.validation_fraction == 0:
        yield (
            "train.eval_strategy",
            f"is {recipe.train.eval_strategy}, but there are no validation rows: "
            "give data.validation or data.validation_fraction, or say no",
        )
    if (data.prompt_column is None) != (data.answer_column is None):
        given, other = ("prompt_column", "answer_column") if data.prompt_column else ("answer_column", "prompt_column")
        yield f"data.{given}", f"needs data.{other} beside it"
    if data.prompt_column is not None and data.prompt_column == data.answer_column:
        yield "data.answer_column", "is the same column as prompt_column"
    files = [name for name in (data.train, data.validation, data.test) if name is not None]
    if len(set(files)) < len(files):
        yield "data", "names one file twice; train, validation and test must be different rows"


def _contestants(recipe: Recipe) -> Iterator[tuple[str, str]]:
    shots = recipe.prompt.few_shot
    if not shots:
        yield "prompt.few_shot", "is empty; [0] asks without examples, [0, 6] also with six"
    if len(set(shots)) < len(shots):
        yield "prompt.few_shot", "names a number twice"
