"""An adapter of a training job, on its base model."""

from __future__ import annotations

from typing import Any

from ftworkbench.errors import JobError
from ftworkbench.jobs.folder import Job
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker.checkpoints import sha256_of

WEIGHTS = "adapter_model.safetensors"


def attach(base: Any, job: Job) -> Any:
    """The base model with the job's adapter on it, switched on. The base's own weights stay as they are."""
    from peft import PeftModel

    model = PeftModel.from_pretrained(base, str(job.adapter), is_trainable=False)
    return model.eval()


def adapter_sha256(job: Job) -> str:
    """What proves who answers: the SHA-256 of the adapter's weights."""
    return sha256_of(job.adapter / WEIGHTS)


def require_same_base(recipe: Recipe, trained: Recipe, job: Job) -> None:
    """Raises JobError where the adapter was trained on another base model than the recipe's."""
    for name in ("model_id", "revision"):
        ours, theirs = getattr(recipe.model, name), getattr(trained.model, name)
        if ours != theirs:
            raise JobError(
                f"{job.short}: was trained on {theirs} (model.{name}), and the recipe now says {ours}: "
                "an adapter fits its own base only"
            )
