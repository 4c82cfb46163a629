"""The split of a recipe: frozen when it is first needed, then kept."""

from __future__ import annotations

import shlex

from ftworkbench.data.splits.split import Split, find_split, freeze, frozen_sha256, load_parts
from ftworkbench.errors import InputError
from ftworkbench.jobs.find import names_of
from ftworkbench.jobs.folder import Job
from ftworkbench.steps.recipe import Opened
from ftworkbench.steps.verdicts import is_void, split_of, verdicts_on
from ftworkbench.steps.voting import renew_preferences


def require_split(opened: Opened) -> Split:
    """The frozen split of the recipe; freezes one where there is none.

    Raises InputError where leaks are undecided, or the rows or settings are not those that were frozen any more.
    """
    name, data = opened.recipe.name, opened.recipe.data
    if find_split(opened.workspace, name, data) is None:
        return freeze(opened.workspace, name, data)
    return load_parts(opened.workspace, name, data).split


def freeze_again(opened: Opened, *, void: bool = False) -> tuple[Split, list[Job]]:
    """Freezes the split of the recipe anew; gives it, and the evaluations whose verdicts are void by that.

    Raises InputError where there are such and `void` does not allow it: then all stays as it was. A split that comes
    out as it was voids nothing. Preferences on rows that are test rows now go from their file.
    """
    workspace, name = opened.workspace, opened.recipe.name
    resting = verdicts_on(workspace, name, frozen_sha256(workspace, name))

    def guard(sha256: str) -> None:
        lost = [job for job in resting if split_of(job) != sha256]
        if lost and not void:
            command = shlex.join(["ftworkbench", "split", str(opened.path), "--again", "--void"])
            verdicts = "the verdict" if len(lost) == 1 else f"{len(lost)} verdicts"
            raise InputError(
                f"{verdicts} of {names_of(lost)} would be void: reached on the split that is frozen now; "
                f"`{command}` replaces it all the same"
            )

    split = freeze(workspace, name, opened.recipe.data, again=True, guard=guard)
    if workspace.preferences.exists():
        renew_preferences(workspace)
    return split, [job for job in resting if is_void(job)]


def input_hashes(split: Split) -> dict[str, str]:
    """What a job's manifest records of its data, so that a figure can be traced to the rows behind it."""
    return {"split": split.sha256, "test": split.test_sha256}
