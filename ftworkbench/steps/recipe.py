"""Opening a recipe: as written, as resolved for this machine, and the workspace that it lives in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ftworkbench.data.sources.files import write_whole
from ftworkbench.errors import InputError, RecipeError
from ftworkbench.machine import this_machine
from ftworkbench.recipe.declare import Value
from ftworkbench.recipe.harness_tasks import task_problems
from ftworkbench.recipe.read import load, override_value
from ftworkbench.recipe.resolve import Choice, resolve
from ftworkbench.recipe.tables import Recipe
from ftworkbench.recipe.write import set_option, unset_option
from ftworkbench.workspace import Workspace, find_recipe, workspace_of


@dataclass(frozen=True)
class Opened:
    """A recipe that was read, with what was said beside it: `overrides`, such as `train.learning_rate=1e-4`.

    `resolved` has no option left out that this machine decides; `choices` says why.
    """

    path: Path
    recipe: Recipe
    resolved: Recipe
    choices: tuple[Choice, ...]
    workspace: Workspace
    overrides: tuple[str, ...] = ()

    @property
    def data_files(self) -> list[Path]:
        """The data files that the recipe names, each once: train first, then validation and test if they have own."""
        data = self.recipe.data
        names = [name for name in (data.train, data.validation, data.test) if name]
        return [self.workspace.root / name for name in dict.fromkeys(names)]


def open_recipe(path: Path, overrides: Sequence[str] = ()) -> Opened:
    """Reads the recipe at `path`, or the only one in that folder, with overrides such as `train.learning_rate=1e-4`.

    Raises RecipeError with every problem of the recipe, InputError where there is none.
    """
    path = find_recipe(path)
    recipe = load(path, overrides)
    resolved, choices = resolve(recipe, this_machine())
    return Opened(path, recipe, resolved, choices, workspace_of(path), tuple(overrides))


def require_model(opened: Opened) -> None:
    """Raises InputError where the recipe's model cannot be had: no such folder, nothing of it here or at the hub.

    Asks the hub for its configuration only; the weights are the job's to load.
    """
    from ftworkbench.estimate.shape import read_shape

    model = opened.recipe.model
    try:
        read_shape(model.model_id, opened.workspace, model.revision)
    except InputError as error:
        raise InputError(f"{opened.path.name}: model.model_id: {error}") from error


def task_lines(opened: Opened) -> list[str]:
    """A line for each task of evaluate.regression that cannot be asked: it is none, or its library is not here."""
    found = task_problems(opened.recipe, opened.workspace.root)
    return [f"{opened.path.name}: evaluate.regression: {text}" for text in found]


def require_tasks(opened: Opened) -> None:
    """Raises RecipeError with those lines."""
    lines = task_lines(opened)
    if lines:
        raise RecipeError(lines)


def write_options(path: Path, options: Mapping[str, Value | None]) -> None:
    """Writes options such as `data.format` into the recipe itself, its comments kept; those that are None go.

    Raises InputError where it cannot be written.
    """
    text = path.read_text(encoding="utf-8-sig")
    for key, value in options.items():
        text = unset_option(text, key) if value is None else set_option(text, key, value)
    write_whole(path, text.encode())


def write_overrides(path: Path, overrides: Sequence[str]) -> None:
    """Writes overrides into the recipe itself, its comments kept. They were found good by `open_recipe`."""
    if not overrides:
        return
    text = path.read_text(encoding="utf-8-sig")
    for override in overrides:
        key, _, value = override.partition("=")
        text = set_option(text, key.strip(), override_value(key.strip(), value))
    write_whole(path, text.encode())
