"""Will it fit, and how long will it take: by formula at once, or measured by a job."""

from __future__ import annotations

from dataclasses import replace

from ftworkbench.data.sources.source import open_source
from ftworkbench.estimate.cards import Card, find_card, machine_with
from ftworkbench.estimate.fit import Fit, estimate
from ftworkbench.estimate.shape import read_shape
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.launch import submit
from ftworkbench.machine import this_machine
from ftworkbench.recipe.resolve import resolve
from ftworkbench.recipe.tables import Recipe
from ftworkbench.steps.recipe import Opened
from ftworkbench.steps.splits import input_hashes, require_split

_SAMPLE = 200
# Byte-level BPE on English; only used where no tokenizer may be loaded.
_BYTES_PER_TOKEN = 4.0


def fit(opened: Opened, card_name: str | None = None) -> Fit:
    """Memory and time of the recipe on the named card, on this machine's, or on its CPU."""
    shape = read_shape(opened.recipe.model.model_id, opened.workspace, opened.recipe.model.revision)
    card = find_card(card_name, this_machine())
    resolved = opened.resolved if card_name is None else _resolved_for(opened.recipe, card)
    rows, mean_tokens = _size(opened)
    return estimate(resolved, shape, card, rows, mean_tokens)


def _resolved_for(recipe: Recipe, card: Card) -> Recipe:
    """The recipe with what is left out chosen as on a machine with `card`, and launched there."""
    device = "cpu" if card.is_cpu else "cuda"
    there = replace(recipe, launch=replace(recipe.launch, device=device))
    return resolve(there, machine_with(card, this_machine()))[0]


def _size(opened: Opened) -> tuple[int, float]:
    """The number of rows and their mean length in tokens, from the sizes of the file and of its first rows."""
    path = opened.workspace.root / opened.recipe.data.train
    source = open_source(path, opened.recipe.data)
    try:
        while not source.index_some(1.0):
            pass
        rows = source.known
        sample = [len(source.raw(index)) for index in range(min(rows, _SAMPLE))]
    finally:
        source.close()
    mean = sum(sample) / len(sample) if sample else 0.0
    limit = opened.recipe.data.limit
    return min(rows, limit) if limit else rows, max(mean / _BYTES_PER_TOKEN, 1.0)


def start_fit(opened: Opened) -> Job:
    """Launches a job that runs the worst step that the data holds, and reports its memory and speed."""
    hashes = input_hashes(require_split(opened))
    return submit(opened.workspace, "fit", opened.resolved, {}, hashes=hashes, choices=opened.choices)
