"""How fast a recipe trains: arithmetic, the memory traffic beside it, and the time to launch it all."""

from __future__ import annotations

import math

from ftworkbench.estimate.adapters import targets, trainable
from ftworkbench.estimate.cards import Card
from ftworkbench.estimate.memory import Batch, is_fused, is_quantized
from ftworkbench.estimate.shape import Shape
from ftworkbench.recipe.tables import Recipe

# Fitted to the measured tables of Llama and Qwen shapes on one H200 (790 TFLOP/s, 4.8 TB/s; tests/bench/README.md):
# bytes moved beside them for each FLOP of them (elementwise work), with LoRA's dropout,
_BYTES_PER_FLOP = 1.03 * 4.8 / 790
# what is left of that without dropout, with LoRA layers in one step, with fused kernels too, and with an adapter in the
# base's own format where they are not in one step,
_WITHOUT_DROPOUT = 0.96
_ONE_STEP = 0.48
_FUSED = 0.44
_SAME_FORMAT = 0.74
# and the seconds that Python takes to launch one pass through one block with seven adapters, and what is left of that
# where they are in one step.
_LAUNCH = 6e-3
_LAUNCH_ONE_STEP = 0.88
# How many times as long it takes with DoRA's norms, or LLM.int8's quantization of inputs; by one measure each.
_LAUNCH_DORA = 1.7
_LAUNCH_INT8 = 1.75
_ADAPTERS = 7
# Bytes that DoRA moves for each weight at its norm, in each forward pass: the adapter's product in float32, its cast,
# the sum with the weight, the norm. Counted from peft's tuners/lora/dora.py, not measured.
_DORA_BYTES = 30
# 4-bit weights on a CPU are put back into float32 for every product.
_CPU_QUANTIZED = 0.5


def tokens_per_second(shape: Shape, recipe: Recipe, card: Card, batch: Batch, mean_tokens: float) -> float | None:
    """Tokens of rows, padding not counted, that are trained on in a second; None for an unknown card."""
    if card.tflops is None or card.bandwidth is None:
        return None
    useful, computed = _micro_batch(recipe, batch, mean_tokens)
    work = computed * flops_per_token(shape, recipe, batch.length)
    if card.is_cpu:
        rate = card.tflops * 1e12 * (_CPU_QUANTIZED if is_quantized(recipe) else 1)
        return useful / (work / rate)
    busy = work / (card.tflops * 1e12) + work * _traffic(recipe) / (card.bandwidth * 1e12)
    busy += _dora(shape, recipe) / (card.bandwidth * 1e12)
    # Launching runs ahead of the card, so that the longer of the two decides, softly.
    return useful / math.hypot(busy, _launch(shape, recipe))


def _dora(shape: Shape, recipe: Recipe) -> float:
    """Bytes that DoRA moves in a micro-batch, however many tokens it has."""
    if recipe.method.adapter != "lora" or not recipe.lora.use_dora:
        return 0.0
    weights = shape.layers * sum(each.inputs * each.outputs for each in targets(shape, recipe) if each.copies == 1)
    return _DORA_BYTES * weights * (2 if recipe.train.gradient_checkpointing else 1)


def flops_per_token(shape: Shape, recipe: Recipe, length: float) -> float:
    """FLOPs of a training step for each token: forward, again where it is checkpointed, and backward.

    A frozen weight costs 2 FLOPs forward and 2 backward (the gradient of its input alone), an adapter's twice
    that backward; causal attention 2 x length x width forward on average (Kaplan, arXiv 2001.08361, table 1).
    Layers in one step do not repeat the frozen product that a checkpointed block ends in.
    """
    met = sum(each.inputs * each.outputs * each.met for each in shape.linears)
    frozen = 2.0 * (shape.layers * met + shape.vocabulary * shape.hidden + shape.layers * length * shape.query)
    adapter = 2 * trainable(shape, recipe)
    again = 1 if recipe.train.gradient_checkpointing else 0
    spared = 0.0
    if again and is_fused(recipe) and shape.last in targets(shape, recipe):
        spared = 2.0 * shape.layers * shape.last.inputs * shape.last.outputs
    return frozen * (2 + again) - spared + adapter * (3 + again)


def _micro_batch(recipe: Recipe, batch: Batch, mean_tokens: float) -> tuple[float, float]:
    """The rows' own tokens in a micro-batch on average, and the tokens that are computed for them.

    Unpacked rows are padded to the longest among them: about 1 + 0.6 ln(rows) times the mean for lengths that
    vary as those of chats do, never more than the longest.
    """
    if recipe.train.packing:
        return batch.tokens, batch.tokens
    mean = min(mean_tokens, batch.length)
    padded = min(mean * (1 + 0.6 * math.log(batch.rows)), batch.length)
    return batch.rows * mean, batch.rows * padded


def _traffic(recipe: Recipe) -> float:
    traffic = _BYTES_PER_FLOP
    if is_fused(recipe) or recipe.method.adapter == "ia3":
        traffic *= _ONE_STEP
    elif not recipe.lora.lora_dropout:
        traffic *= _WITHOUT_DROPOUT
    if recipe.method.liger_kernels:
        traffic *= _FUSED
    return traffic * (_SAME_FORMAT if is_quantized(recipe) and not is_fused(recipe) else 1)


def _launch(shape: Shape, recipe: Recipe) -> float:
    passes = 3 if recipe.train.gradient_checkpointing else 2
    adapters = len(targets(shape, recipe)) / _ADAPTERS
    launch = _LAUNCH * (_LAUNCH_ONE_STEP if is_fused(recipe) or recipe.method.adapter == "ia3" else 1)
    if recipe.method.adapter == "lora" and recipe.lora.use_dora:
        launch *= _LAUNCH_DORA
    if recipe.quantization.load_in_8bit:
        launch *= _LAUNCH_INT8
    return launch * shape.layers * passes * (0.3 + 0.7 * adapters)
