"""How many tokens a second a card's arithmetic allows for the recipe of a job."""

from __future__ import annotations

from ftworkbench.data.sources.source import open_source
from ftworkbench.errors import WorkbenchError
from ftworkbench.estimate.cards import find_card
from ftworkbench.estimate.shape import read_shape
from ftworkbench.estimate.speed import flops_per_token
from ftworkbench.jobs.folder import Job, read_manifest
from ftworkbench.jobs.submitted import recipe_of
from ftworkbench.machine import host, this_machine
from ftworkbench.recipe.tables import Recipe
from ftworkbench.steps.basis import BYTES_PER_TOKEN

_FIRST_SECONDS = 0.05
_SAMPLE = 200


def tokens_limit(job: Job) -> float | None:
    """Tokens a second at which the card of this machine would compute without a pause, if it computed nothing else.

    None where that is not known: for a CPU, a card without a data sheet here, a job of another machine, a model whose
    shape cannot be read.
    """
    try:
        machine = this_machine()
        if machine.card is None or read_manifest(job).get("host") != host():
            return None
        recipe = recipe_of(job)
        card = find_card(None, machine)
        if recipe.launch.device == "cpu" or card.is_cpu or card.tflops is None:
            return None
        shape = read_shape(recipe.model.model_id, job.workspace, recipe.model.revision)
        return card.tflops * 1e12 / flops_per_token(shape, recipe, _mean_tokens(job, recipe))
    except (WorkbenchError, OSError, ValueError):
        return None


def _mean_tokens(job: Job, recipe: Recipe) -> float:
    """The mean length of the first rows, about: attention, which it is for, is a small part of the work."""
    source = open_source(job.workspace.root / recipe.data.train, recipe.data)
    try:
        source.index_some(_FIRST_SECONDS)
        sizes = [len(source.raw(index)) for index in range(min(source.known, _SAMPLE))]
    finally:
        source.close()
    mean = sum(sizes) / len(sizes) / BYTES_PER_TOKEN if sizes else 1.0
    return min(mean, float(recipe.train.max_length or mean))
