"""Checking the data of a recipe, or of files that belong to none yet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ftworkbench.aside import Progress
from ftworkbench.data.checks.advice import RULES
from ftworkbench.data.checks.check import Report, check_files
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.recipe.tables import Check, Data
from ftworkbench.steps.recipe import Opened
from ftworkbench.workspace import Workspace


def check_recipe(opened: Opened, progress: Progress | None = None) -> Report:
    """The report on all data files of the recipe, with what the workspace's ledger has decided."""
    recipe = opened.recipe
    return _checked(opened.data_files, recipe.data, opened.workspace.ledger, progress, recipe.check)


def check_paths(paths: Sequence[Path], data: Data | None = None, progress: Progress | None = None) -> Report:
    """The report on `paths`. The ledger beside the first of them counts, if there is one."""
    return _checked(paths, data, Workspace(paths[0].parent).ledger, progress)


def _checked(
    paths: Sequence[Path], data: Data | None, ledger: Path, progress: Progress | None, rules: Check = RULES
) -> Report:
    return check_files(paths, data, Ledger.open(ledger) if ledger.exists() else None, progress, rules)


def check_undecided(opened: Opened, progress: Progress | None = None) -> Report:
    """The report on all data files of the recipe as they lie there, whatever was decided about them."""
    return check_files(opened.data_files, opened.recipe.data, None, progress, opened.recipe.check)
