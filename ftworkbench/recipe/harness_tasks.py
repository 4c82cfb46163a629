"""Which tasks lm-evaluation-harness has here, read from its YAML files: neither it nor torch is imported for that."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from ftworkbench.printable import one_line
from ftworkbench.recipe.suite_names import HARNESS, split_suite
from ftworkbench.recipe.tables import Recipe

_LIBRARY = "lm_eval"
_KNOWN = "0.4.13"  # what is asked of it is not the same in others
_INSTALL = f"pip install lm-eval=={_KNOWN}"
_LARGEST = 2**20  # bytes of a file that may say what a task is: what is larger is data
_TASK = re.compile(rb"""^["']?task["']?:[ \t]*(["']?)([^\s"'#\[][^\n]*?)\1[ \t]*(?:#.*)?$""", re.MULTILINE)
# A group or a tag; what a list names, a tag perhaps.
_OTHERS = re.compile(
    rb"""^(?:["']?(?:group|tag)["']?:|[ \t]*-)[ \t]*(["']?)([^\s"'#\[][^\n]*?)\1[ \t]*(?:#.*)?$""", re.MULTILINE
)


def library_folder() -> Path | None:
    """The folder of the library's own tasks; None where it is not installed."""
    spec = find_spec(_LIBRARY)
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) / "tasks" if places else None


def task_file(folder: Path, name: str) -> Path | None:
    """The YAML file in the folder that says what the task is; None for none, and for a group of tasks or a tag."""
    wanted = name.encode()
    files = ((path, body) for path, body in _files(folder) if path.suffix == ".yaml" and wanted in body)
    return min((path for path, body in files if wanted in _names(_TASK, body)), key=Path.as_posix, default=None)


def tasks_of(recipe: Recipe) -> list[str]:
    """The tasks that evaluate.regression names."""
    return [named.task for named in map(split_suite, recipe.evaluate.regression) if named.task]


def missing_library(recipe: Recipe) -> str | None:
    """That the recipe names a task and its library is not here, or not as it is known, in words that follow the option.

    None where it is.
    """
    tasks = tasks_of(recipe)
    if not tasks:
        return None
    first = f"{HARNESS}:{one_line(tasks[0], 60)} is a task of lm-evaluation-harness"
    if library_folder() is None:
        return f"{first}, which is not installed here: {_INSTALL}"
    found = version("lm-eval")
    return None if found == _KNOWN else f"{first}, which is known as {_KNOWN}, and here is {found}: {_INSTALL}"


def task_problems(recipe: Recipe, workspace: Path) -> Iterator[str]:
    """What is in the way of asking the tasks that evaluate.regression names, in words that follow it."""
    missing, library = missing_library(recipe), library_folder()
    if missing is not None:
        yield missing
    tasks = tasks_of(recipe)
    if not tasks or missing is not None or library is None:
        return
    known = _known(library)
    if recipe.harness.tasks:
        known |= _known_in(workspace / recipe.harness.tasks)
    for task in tasks:
        if task.encode() not in known:
            near = difflib.get_close_matches(task, [name.decode("utf-8", "replace") for name in known], 1)
            there = "" if recipe.harness.tasks else "; harness.tasks names a folder with tasks of your own"
            hint = f"; did you mean {near[0]}?" if near else there
            yield f"{HARNESS}:{one_line(task, 60)}: lm-evaluation-harness has no such task{hint}"


def _known_in(folder: Path) -> frozenset[bytes]:
    """What the files of a folder call tasks, groups and tags; also what their lists name, which may be tags."""
    found = (_names(_TASK, body) | _names(_OTHERS, body) for _, body in _files(folder))
    return frozenset().union(*found)


_known = cache(_known_in)  # of the library's own folder, which stays as it is


def _files(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """The YAML files, and those that they include, which are mostly called without an ending."""
    for where, _, names in os.walk(folder):
        for name in names:
            if "yaml" in name or "." not in name:
                path = Path(where) / name
                with suppress(OSError):
                    if path.stat().st_size <= _LARGEST:
                        yield path, path.read_bytes()


def _names(pattern: re.Pattern[bytes], body: bytes) -> set[bytes]:
    return {found[1] for found in pattern.findall(body)}
