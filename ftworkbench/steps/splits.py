"""The split of a recipe: frozen when it is first needed, then kept."""

from __future__ import annotations

from ftworkbench.data.splits import Split, find_split, freeze, load_parts
from ftworkbench.steps.recipe import Opened


def require_split(opened: Opened) -> Split:
    """The frozen split of the recipe; freezes one where there is none.

    Raises InputError where leaks are undecided, or the rows or settings are not those that were frozen any more.
    """
    name, data = opened.recipe.name, opened.recipe.data
    if find_split(opened.workspace, name, data) is None:
        return freeze(opened.workspace, name, data)
    return load_parts(opened.workspace, name, data).split


def input_hashes(split: Split) -> dict[str, str]:
    """What a job's manifest records of its data, so that a figure can be traced to the rows behind it."""
    return {"split": split.sha256, "test": split.test_sha256}
