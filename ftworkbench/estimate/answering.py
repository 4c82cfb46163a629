"""How long an evaluation answers, at most, and roughly: prompts in, tokens out, no training."""

from __future__ import annotations

import math

from ftworkbench.estimate.cards import Card
from ftworkbench.estimate.memory import compute_bytes, is_quantized
from ftworkbench.estimate.shape import Shape
from ftworkbench.recipe.tables import Recipe

# Seconds that a block takes for one token of a batch besides reading its weights. On a card, whose steps are played
# from a recording: 0.12 ms of small kernels for the base of an 8B Llama shape at one row on an H200, 0.35 for the tuned
# at 32. Where a model cannot be recorded (sliding windows, code of its own) it is 1 to 1.5. On two CPU cores it is what
# Python takes: 15 ms for the 8 of the small model.
_STEP = 0.35e-3
_STEP_CPU = 1.8e-3
# 4-bit and 8-bit weights are read, written out in the compute format, and read again, for each product.
_STORED = {4: 0.5625, 8: 1.0}


def answering_seconds(
    recipe: Recipe, shape: Shape, card: Card, mean_tokens: float, *, test: int, validation: int
) -> float | None:
    """Seconds, about and at most, in which the recipe's own model answers; None for a card that is not known.

    Each prompted contestant answers the validation rows; the one with most examples stands for the best, and answers
    the test rows as the tuned model does. Every answer is taken to be as long as evaluate.max_new_tokens allows. The
    prompts cost 2 FLOPs for each parameter and token; a token of all answers of a batch costs one reading of the
    weights, at the card's bandwidth, and a step of all blocks (on a CPU softly whichever is longer). Loading the model,
    endpoints, judges, regression suites and the measure of what serving takes are not in it.
    """
    if card.tflops is None or card.bandwidth is None:
        return None
    shots = _shots(recipe)
    asked = [(test, 0), (test, max(shots)), *((validation, each) for each in shots)]
    read = _weight_bytes(recipe, shape) / (card.bandwidth * 1e12)
    token = math.hypot(read, shape.layers * _STEP_CPU) if card.is_cpu else read + shape.layers * _STEP
    flops = 2 * shape.parameters / (card.tflops * 1e12)
    batch, length = recipe.evaluate.batch_size, recipe.evaluate.max_new_tokens
    seconds = 0.0
    for rows, examples in asked:
        seconds += math.ceil(rows / batch) * length * token
        seconds += rows * (mean_tokens * (1 + examples) + length) * flops
    return seconds


def _shots(recipe: Recipe) -> list[int]:
    """The numbers of examples of the contestants that the recipe's own model answers for."""
    own = [each.shots for each in recipe.prompt.contestants if each.endpoint is None]
    return [*recipe.prompt.few_shot, *own]


def _weight_bytes(recipe: Recipe, shape: Shape) -> float:
    """Bytes that move for the weights in one forward pass."""
    size = compute_bytes(recipe)
    inside: float = size
    if is_quantized(recipe):
        inside = _STORED[4 if recipe.quantization.load_in_4bit else 8] + 2 * size
    return shape.in_blocks * inside + shape.outside * size
