"""What is chosen, and why, where a recipe leaves an option to the machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec

from ftworkbench.errors import RecipeError
from ftworkbench.machine import Card, Machine
from ftworkbench.paths import POCKET_ID
from ftworkbench.recipe.declare import Value
from ftworkbench.recipe.model_tables import BY_ROWS
from ftworkbench.recipe.options import TABLE_NAMES
from ftworkbench.recipe.tables import Recipe

# TRL's own default drops what overflows a packed sequence; this strategy begins another one with it.
_KEEPS_OVERFLOW = "bfd_split"
# Of the steps: short enough to cost nothing, long enough for AdamW's second moment to settle.
_WARMUP = 0.03
# The QLoRA paper's for models of this size (arXiv 2305.14314, appendix B).
_DROPOUT = 0.05


@dataclass(frozen=True)
class Choice:
    """An option that was left out, what it was set to, and the reason in plain words."""

    key: str
    value: Value
    why: str


def resolve(recipe: Recipe, machine: Machine) -> tuple[Recipe, tuple[Choice, ...]]:
    """The recipe with nothing left to the machine, and the choices that made it so; what it says stays.

    Raises RecipeError where it asks for what the machine does not have.
    """
    device = recipe.launch.device
    if device == "auto":
        device = "cuda" if machine.cards else "cpu"
    card = machine.card if device == "cuda" else None
    problems = list(_impossible(recipe, device, card))
    if problems:
        raise RecipeError([f"{recipe.name}.toml: {problem}" for problem in problems])
    choices = tuple(_choices(recipe, machine, device, card))
    return with_choices(recipe, choices), choices


def _impossible(recipe: Recipe, device: str, card: Card | None) -> Iterator[str]:
    if device == "cuda" and card is None:
        yield "launch.device is cuda, but there is no NVIDIA card here; say auto or cpu"
    if recipe.model.attn_implementation == BY_ROWS and not _keeps_rows_apart(recipe):
        yield (
            f"model.attn_implementation is {BY_ROWS}, which takes packed rows only, and not wrapped ones; "
            "say train.packing = true, or sdpa"
        )
    if recipe.method.liger_kernels and card is None:
        yield "method.liger_kernels are for a GPU; leave it out"
    if recipe.start == "loftq" and card is None:
        yield "lora.init_lora_weights is loftq, which is computed on a GPU, and this runs on a CPU; leave it out"
    if recipe.train.extra.get("tf32") and (card is None or not card.bf16):
        yield "train.tf32 needs a card of Ampere or later; leave it out"
    if device == "cpu" and recipe.train.fp16:
        yield "train.fp16 needs a GPU; leave it out"
    if card is not None and not card.bf16:
        wants = {
            "train.bf16": recipe.train.bf16 is True,
            "train.bf16_full_eval": recipe.train.extra.get("bf16_full_eval") is True,
            "model.dtype": recipe.model.dtype == "bfloat16",
            "quantization.bnb_4bit_compute_dtype": recipe.quantization.bnb_4bit_compute_dtype == "bfloat16",
        }
        for key in (key for key, wanted in wants.items() if wanted):
            yield f"{key} asks for bfloat16, which {card.name} does not have; leave it out"


def _choices(recipe: Recipe, machine: Machine, device: str, card: Card | None) -> Iterator[Choice]:
    if recipe.launch.device == "auto":
        why = "there is no NVIDIA card here" if card is None else f"there is a card here: {card.name}"
        yield Choice("launch.device", device, why)
    if recipe.launch.threads is None and card is None:
        yield Choice("launch.threads", machine.cores, "one for each core that this process may use")
    yield from _precision(recipe, card)
    if recipe.model.attn_implementation is None:
        yield _attention(recipe, card)
    if recipe.method.liger_kernels is None:
        yield _kernels(card)
    if recipe.lora.lora_dropout is None and recipe.method.adapter == "lora":
        yield _dropout(recipe, card)
    if recipe.evaluate.serving_rows is None:
        yield _serving(card)
    yield from _training(recipe, card)


def _serving(card: Card | None) -> Choice:
    key = "evaluate.serving_rows"
    if card is None:
        return Choice(key, 6, "a CPU is slow, and unsteady: more rows narrow the intervals")
    return Choice(key, 24, "four times those of a CPU: intervals half as wide, as the few percent of an adapter need")


def _dropout(recipe: Recipe, card: Card | None) -> Choice:
    in_one_step = recipe.method.fused_lora and not recipe.lora.use_dora and not recipe.quantization.load_in_8bit
    if card is not None and in_one_step:
        return Choice("lora.lora_dropout", 0.0, "LoRA layers that are computed in one step need 0: a quarter faster")
    return Choice("lora.lora_dropout", _DROPOUT, "holds back overfitting, and costs little here")


def _attention(recipe: Recipe, card: Card | None) -> Choice:
    key = "model.attn_implementation"
    if card is not None and card.bf16 and recipe.model.dtype != "float32" and _keeps_rows_apart(recipe):
        return Choice(key, BY_ROWS, "PyTorch's FlashAttention for packed rows: each sees itself alone, without a mask")
    return Choice(key, "sdpa", "PyTorch's own attention: fast, nothing to install, and exact for packed rows")


def _kernels(card: Card | None) -> Choice:
    key = "method.liger_kernels"
    if card is None:
        return Choice(key, False, "they are for a GPU")
    if find_spec("liger_kernel") is None:
        return Choice(key, False, "not installed here: pip install liger-kernel makes training a fifth faster")
    return Choice(key, True, "installed here: a fifth faster, with a fifth less memory")


def _keeps_rows_apart(recipe: Recipe) -> bool:
    """Whether rows are packed so that the trainer knows where each begins."""
    return bool(recipe.train.packing) and recipe.train.extra.get("packing_strategy") != "wrapped"


def _precision(recipe: Recipe, card: Card | None) -> Iterator[Choice]:
    train = recipe.train
    if card is None:
        dtype, why = "float32", "a CPU is exact in float32, and seldom faster in anything else"
    elif card.bf16:
        dtype, why = "bfloat16", f"{card.name} has bfloat16: half the memory of float32, with its range"
    else:
        dtype, why = "float16", f"{card.name} has no bfloat16; float16 is its fast format"
    if recipe.model.dtype is None:
        yield Choice("model.dtype", dtype, why)
    if recipe.quantization.load_in_4bit and recipe.quantization.bnb_4bit_compute_dtype is None:
        yield Choice("quantization.bnb_4bit_compute_dtype", dtype, why)
    if train.bf16 is None:
        bf16 = dtype == "bfloat16" and train.fp16 is not True
        yield Choice("train.bf16", bf16, "train.fp16 was asked for" if train.fp16 else why)
    if train.fp16 is None:
        fp16 = dtype == "float16" and train.bf16 is not True
        yield Choice("train.fp16", fp16, "with loss scaling, as float16 needs" if fp16 else why)


def _training(recipe: Recipe, card: Card | None) -> Iterator[Choice]:
    train = recipe.train
    if train.packing is None:
        why = "packing is slower on a CPU"
        if card is not None:
            why = "true is mostly faster here, but changes how many rows a step holds: yours to say"
        yield Choice("train.packing", False, why)
    elif train.packing and "packing_strategy" not in train.extra:
        why = "a row that overflows a packed sequence goes on in another; TRL's default drops the rest"
        yield Choice("train.packing_strategy", _KEEPS_OVERFLOW, why)
    yield from _batch(recipe)
    if train.gradient_checkpointing is None:
        yield _checkpointing(recipe, card)
    if train.optim is None:
        optim, why = "adamw_torch_fused", "exact AdamW in one kernel; an adapter's state is small"
        if card is None:
            optim, why = "adamw_torch", "plain AdamW; an adapter's state is small"
        yield Choice("train.optim", optim, why)
    if train.warmup_steps is None:
        yield Choice("train.warmup_steps", _WARMUP, "a short rise over the first 3% of the steps")
    if train.per_device_eval_batch_size is None:
        why = "evaluation keeps no gradients, so what fits for training fits"
        yield Choice("train.per_device_eval_batch_size", train.micro_batch, why)


def _batch(recipe: Recipe) -> Iterator[Choice]:
    train = recipe.train
    step = train.micro_batch * train.accumulation
    if train.per_device_train_batch_size is None:
        why = f"small enough for most memories; {step} rows a step"
        yield Choice("train.per_device_train_batch_size", train.micro_batch, why)
    if train.gradient_accumulation_steps is None:
        why = f"{train.micro_batch} x {train.accumulation} = {step} rows a step; 8 to 32 is usual for LoRA"
        yield Choice("train.gradient_accumulation_steps", train.accumulation, why)


def _checkpointing(recipe: Recipe, card: Card | None) -> Choice:
    key = "train.gradient_checkpointing"
    if recipe.model.model_id == POCKET_ID:
        return Choice(key, False, "the model is small, so computing twice would save nothing that is short")
    if card is None:
        return Choice(key, False, "a CPU is short of time before it is short of memory")
    return Choice(key, True, "saves most of the memory that grows with the batch; false is a third faster if it fits")


def with_choices(recipe: Recipe, choices: Iterable[Choice]) -> Recipe:
    """The recipe with these options set."""
    choices = tuple(choices)
    changed = {}
    for table in TABLE_NAMES:
        current = getattr(recipe, table)
        chosen = {each.key.partition(".")[2]: each.value for each in choices if each.key.startswith(f"{table}.")}
        typed = {name: value for name, value in chosen.items() if hasattr(current, name)}
        extra = {name: value for name, value in chosen.items() if name not in typed}
        if extra:
            typed["extra"] = {**current.extra, **extra}
        if typed:
            changed[table] = replace(current, **typed)
    return replace(recipe, **changed)
