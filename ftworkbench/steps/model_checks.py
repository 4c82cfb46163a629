"""What is wrong between a recipe and its model, or will cost something: known from the model's configuration and the
lengths of the rows, before any weights are loaded."""

from __future__ import annotations

from collections.abc import Iterator

from ftworkbench.errors import InputError, RecipeError
from ftworkbench.estimate.adapters import ia3_modules, targets
from ftworkbench.estimate.memory import is_fused
from ftworkbench.estimate.shape import Shape
from ftworkbench.recipe.harness_tasks import missing_library
from ftworkbench.recipe.library_checks import package_problems
from ftworkbench.recipe.model_tables import BY_ROWS
from ftworkbench.recipe.tables import Recipe
from ftworkbench.steps.basis import Basis
from ftworkbench.steps.recipe import Opened

Said = tuple[str, str]
"""The key that something is shown at, and the words that follow it."""

# Families whose layers are known by their names: tests/worker/test_worker_adapter_counts.py.
_KNOWN = frozenset(
    {
        "llama", "mistral", "mixtral", "qwen2", "qwen3", "qwen3_moe", "gemma2", "gemma3_text", "phi3", "phi", "opt",
        "gpt2", "gpt_neox",
    }
)  # fmt: skip
_DIRECTIONS = ("pissa", "olora", "eva", "orthogonal")
_WIDEST_HEAD = 256
_NF4_WIDTH = 64  # the CPU kernels of bitsandbytes take rows of whole blocks only


def require_sound(opened: Opened, basis: Basis) -> None:
    """Raises RecipeError with a line for all that cannot be run on this model."""
    found = [f"{opened.path.name}: {key} {text}" for key, text in model_problems(opened.resolved, basis)]
    if found:
        raise RecipeError(found)


def model_problems(recipe: Recipe, basis: Basis) -> Iterator[Said]:
    """What cannot be run. `recipe` is resolved."""
    shape = basis.shape
    yield from _length(recipe, basis)
    yield from _attention(recipe, shape)
    yield from _adapter(recipe, shape)
    yield from package_problems(recipe)
    if recipe.quantization.load_in_4bit and recipe.launch.device == "cpu":
        uneven = sorted({each.inputs for each in shape.linears if each.inputs % _NF4_WIDTH})
        if uneven:
            yield (
                "quantization.load_in_4bit",
                f"needs layers whose widths are multiples of {_NF4_WIDTH} on a CPU, and this model has {uneven[0]:,}",
            )


def _length(recipe: Recipe, basis: Basis) -> Iterator[Said]:
    context, length = basis.shape.context, recipe.train.max_length
    if context is None or length <= context:
        return
    if not recipe.train.packing:
        yield "train.max_length", f"is {length:,}, and this model reads {context:,} tokens at most; say {context}"
    elif basis.sizes.counted and basis.sizes.longest > context:
        yield (
            "train.max_length",
            f"lets rows be {basis.sizes.longest:,.0f} tokens long, and this model reads {context:,} at most",
        )


def varlen_refused(shape: Shape) -> str:
    """What the model asks for that varlen cannot do, as worker.attention refuses it; empty where there is nothing."""
    if shape.soft_capped:
        return "soft-caps its attention scores"
    if shape.family.startswith("gpt_oss"):
        return "has attention sinks"
    head = shape.query // shape.heads
    return f"has heads of {head} numbers, and {_WIDEST_HEAD} is the most" if head > _WIDEST_HEAD else ""


def _attention(recipe: Recipe, shape: Shape) -> Iterator[Said]:
    refused = varlen_refused(shape)
    if recipe.model.attn_implementation == BY_ROWS and refused:
        yield "model.attn_implementation", f"is {BY_ROWS}, which cannot do what this model asks: it {refused}; say sdpa"


def _adapter(recipe: Recipe, shape: Shape) -> Iterator[Said]:
    if recipe.method.adapter == "ia3":
        try:
            ia3_modules(shape, recipe)
        except InputError as error:
            key, _, text = str(error).partition(": ")
            yield key, f"is left out, and {text}"
            return
    adapted = targets(shape, recipe)
    if not adapted and shape.family in _KNOWN:
        names = ", ".join(sorted({shape.path(0, each).rpartition(".")[2] for each in shape.linears}))
        key = f"{recipe.method.adapter}.target_modules"
        yield key, f"names no layer of this model; those are {names}"
    if recipe.method.adapter != "lora":
        return
    lora = recipe.lora
    if any(each.copies > 1 for each in adapted):
        what = "this model's experts are tuned as whole tensors, where PEFT has no"
        if lora.lora_dropout:
            yield "lora.lora_dropout", f"must be 0: {what} dropout"
        if lora.use_dora:
            yield "lora.use_dora", f"must be false: {what} DoRA"
        if lora.extra.get("lora_bias"):
            yield "lora.lora_bias", f"must be false: {what} bias"
    narrowest = min((min(each.inputs, each.outputs) for each in adapted), default=lora.r)
    start = (lora.init_lora_weights or "").lower()
    if start.startswith(_DIRECTIONS) and lora.r > narrowest:
        yield "lora.r", f"is {lora.r}, and {start} finds no more than {narrowest} directions in the narrowest layer"


def model_notes(recipe: Recipe, basis: Basis) -> Iterator[Said]:
    """What can be run, and costs something that one may not expect. `recipe` is resolved."""
    train, lora, on_card = recipe.train, recipe.lora, recipe.launch.device != "cpu"
    longest, length = basis.sizes.longest, train.max_length
    about = "" if basis.sizes.counted else "about "
    if longest > length and not train.packing:
        yield "train.max_length", f"cuts the ends of rows, which are up to {about}{longest:,.0f} tokens long"
    elif longest > length and train.extra.get("packing_strategy") == "bfd":
        yield "train.packing_strategy", f"bfd drops what is over {length:,} tokens; bfd_split keeps it"
    if on_card and recipe.method.adapter == "lora" and recipe.method.fused_lora and not is_fused(recipe):
        why = "DoRA" if lora.use_dora else "8-bit weights" if recipe.quantization.load_in_8bit else "dropout"
        key = {"DoRA": "lora.use_dora", "dropout": "lora.lora_dropout"}.get(why, "quantization.load_in_8bit")
        yield key, f"keeps LoRA's layers from being computed in one step ({why}): a quarter slower, and more memory"
    if recipe.method.adapter == "lora" and lora.use_dora:
        yield "lora.use_dora", "has base and tuned answer in two passes: an adapter of DoRA takes no mixed batches"
    if recipe.method.adapter == "ia3":
        yield "method.adapter", "ia3 has base and tuned answer in two passes: PEFT's IA3 takes no mixed batches"
        if 0 < train.learning_rate < _IA3_RATE:
            yield (
                "train.learning_rate",
                f"is LoRA's; the single numbers of IA3 have further to go: {_IA3_RATE:g} or more",
            )
    missing = missing_library(recipe)
    if missing is not None:
        yield "evaluate.regression", missing
    if not on_card and (train.optim or "").startswith("paged"):
        yield "train.optim", "pages nothing on a CPU: it is the plain one there"
    if train.packing and (train.per_device_train_batch_size or 1) * length / basis.sizes.mean > _MANY_ROWS:
        held = train.micro_batch * train.accumulation * length / basis.sizes.mean
        yield "train.packing", f"makes a step learn from about {held:,.0f} rows; 8 to 32 is usual for LoRA"


_MANY_ROWS = 64
_IA3_RATE = 1e-3  # T-Few trains them with 3e-3 (arXiv 2205.05638, section 3.4)
