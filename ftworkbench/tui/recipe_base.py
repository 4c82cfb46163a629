"""What the changes of a recipe may be marked against: the saved file, a sample, or a job that ran."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ftworkbench.errors import RecipeError
from ftworkbench.machine import this_machine
from ftworkbench.paths import sample_configs
from ftworkbench.recipe.declare import Value
from ftworkbench.recipe.read import parse
from ftworkbench.recipe.resolve import resolve
from ftworkbench.recipe.write import dumps
from ftworkbench.tui.recipe_draft import Base
from ftworkbench.workspace import Workspace

_MOST_JOBS = 4


@dataclass(frozen=True)
class Comparable:
    """A recipe to compare with: what it is called, and how to get it (None is the saved file)."""

    title: str
    load: Callable[[], Base | None]


def comparables(workspace: Workspace, recipe: str) -> list[Comparable]:
    """What the recipe of that name may be compared with: the saved file, its newest jobs, the samples."""
    from ftworkbench.jobs.folder import list_jobs, read_manifest

    found = [Comparable("the saved file", lambda: None)]
    jobs = [job for job in reversed(list_jobs(workspace)) if job.kind == "train"]
    ours = [job for job in jobs if read_manifest(job).get("recipe") == recipe][:_MOST_JOBS]
    found += [Comparable(f"the job {job.short}", partial(_of_file, job.recipe, job.short)) for job in ours]
    return found + [Comparable(f"the sample {path.stem}", partial(_of_sample, path)) for path in sample_configs()]


def _of_file(path: Path, name: str) -> Base | None:
    try:
        return Base(name, flat(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None


def _of_sample(path: Path) -> Base | None:
    """A sample as it would be resolved here, but for where it runs: a laptop shows the differences too."""
    recipe = parse(path.read_text(encoding="utf-8"), path.stem)
    with suppress(RecipeError):  # it may ask for what is not here
        recipe = resolve(recipe, this_machine())[0]
    return Base(f"sample {path.stem}", flat(dumps(recipe)))


def flat(text: str) -> Mapping[str, Value]:
    """The options of a recipe's text by key."""
    return {
        f"{table}.{name}": value
        for table, values in tomllib.loads(text).items()
        if isinstance(values, dict)
        for name, value in values.items()
    }
