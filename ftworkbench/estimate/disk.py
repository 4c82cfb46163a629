"""What a training job writes to the disk."""

from __future__ import annotations

from ftworkbench.estimate.adapters import trainable
from ftworkbench.estimate.memory import adapter_bytes
from ftworkbench.estimate.shape import Shape
from ftworkbench.recipe.tables import Recipe

# Tokenizer, events, the trainer's state: some MB, whatever is trained.
_SMALL_FILES = 20 * 10**6


def job_bytes(shape: Shape, recipe: Recipe) -> int:
    """The most that a job's folder takes at once: its checkpoints, the next one before an old one goes, the adapter.

    A checkpoint holds what is trained and AdamW's two numbers for each of it.
    """
    trained = trainable(shape, recipe) * adapter_bytes(recipe)
    train = recipe.train
    checkpoints = 0
    if train.save_strategy != "no":
        best = recipe.method.early_stopping_patience is not None or train.extra.get("load_best_model_at_end") is True
        checkpoints = train.save_total_limit + 1 + int(best)
    # One that was taken out of the base is kept as it began, and saved at twice its rank.
    adapters = 3 if recipe.out_of_base else 1
    return (3 * checkpoints + adapters) * trained + _SMALL_FILES
