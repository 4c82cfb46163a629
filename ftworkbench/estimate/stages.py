"""Peak memory of the stages of a run: a training step, an evaluation, a save."""

from __future__ import annotations

from ftworkbench.estimate.adapters import trainable
from ftworkbench.estimate.memory import GIB, Batch, adapter_bytes, compute_bytes, logits_bytes, memory_parts
from ftworkbench.estimate.shape import Shape
from ftworkbench.recipe.tables import Recipe

Parts = dict[str, float]


def stage_parts(shape: Shape, recipe: Recipe, batch: Batch, evaluated: Batch, *, cpu: bool) -> dict[str, Parts]:
    """GiB by part, for each stage that there is: "step", "evaluation", "save"."""
    step = memory_parts(shape, recipe, batch, cpu=cpu)
    found = {"step": step}
    if recipe.train.eval_strategy != "no":
        found["evaluation"] = _evaluation(shape, recipe, evaluated, cpu=cpu)
    if recipe.train.save_strategy != "no":
        found["save"] = _save(shape, recipe, step, cpu=cpu)
    return found


def worst(stages: dict[str, Parts]) -> str:
    """The stage with the highest peak; the step where they are equal."""
    return max(stages, key=lambda name: sum(stages[name].values()))


def _evaluation(shape: Shape, recipe: Recipe, batch: Batch, *, cpu: bool) -> Parts:
    """Nothing is kept for a backward pass, and the gradients of the last step are gone.

    At its widest place a block holds its input, gate, up and their product, and the adapter's copy of it in its own
    format; the head is computed in tiles as in training, but without gradients.
    """
    size = compute_bytes(recipe)
    widest = 2 * shape.hidden * size + shape.inner * ((3 if shape.gated else 2) * size + adapter_bytes(recipe))
    return {
        **memory_parts(shape, recipe, batch, cpu=cpu),
        "gradients": 0.0,
        "activations": widest * batch.tokens / GIB,
        "logits": logits_bytes(shape, recipe, batch, cpu=cpu) / 2 / GIB,
    }


def _save(shape: Shape, recipe: Recipe, step: Parts, *, cpu: bool) -> Parts:
    """An adapter is written from a copy in the machine's memory.

    What was taken out of the base is saved as what it became less what it began as: three of its size.
    """
    adapter = trainable(shape, recipe) * adapter_bytes(recipe) / GIB
    copies = 3 if recipe.out_of_base else int(cpu)
    return {**step, "gradients": 0.0, "activations": 0.0, "logits": 0.0, "overhead": copies * adapter}
