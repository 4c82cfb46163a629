"""The split of a recipe: frozen when it is first needed, then kept."""

from __future__ import annotations

from ftworkbench.data.splits import Split, find_split, freeze
from ftworkbench.steps.recipe import Opened


def require_split(opened: Opened) -> Split:
    """The frozen split of the recipe; freezes one where there is none. Raises InputError where leaks are undecided."""
    found = find_split(opened.workspace, opened.recipe.name, opened.recipe.data)
    return found or freeze(opened.workspace, opened.recipe.name, opened.recipe.data)


def input_hashes(split: Split) -> dict[str, str]:
    """What a job's manifest records of its data, so that a figure can be traced to the rows behind it."""
    return {"split": split.sha256, "test": split.test_sha256}
