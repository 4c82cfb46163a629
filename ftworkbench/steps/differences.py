"""What differs between two recipes as they ran, or as one would run now: option by option."""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from ftworkbench.data.splits.split import frozen_sha256
from ftworkbench.errors import InputError
from ftworkbench.jobs.folder import Job, read_manifest
from ftworkbench.jobs.launch import library_versions
from ftworkbench.printable import one_line
from ftworkbench.recipe.declare import Value
from ftworkbench.recipe.options import TABLE_NAMES, find_option, options
from ftworkbench.recipe.write import dumps
from ftworkbench.steps.choose import choose
from ftworkbench.steps.recipe import Opened, open_recipe

SPLIT, VERSIONS = "split", "versions"
"""What differs beside the recipe: the frozen rows, and the libraries."""
_SHORT = 24  # characters of a value in a line


@dataclass(frozen=True)
class Difference:
    """An option whose values differ. None stands for one that was left out."""

    table: str
    name: str
    before: Value
    after: Value

    @property
    def key(self) -> str:
        return f"{self.table}.{self.name}"

    def as_json(self) -> dict[str, Any]:
        """With the values as JSON can hold them; what it cannot, in words."""
        return {"option": self.key, "before": _as_json(self.before), "after": _as_json(self.after)}


@dataclass(frozen=True)
class Side:
    """One of two that are compared: its name, its options by key, and what it ran on. None is not known."""

    name: str
    options: Mapping[str, Value] = field(repr=False)
    split: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict, repr=False)


def side_of_job(job: Job) -> Side:
    """A job's recipe as it was resolved when the job was submitted."""
    manifest = read_manifest(job)
    split = manifest.get("hashes", {}).get("split")
    return Side(job.short, options_of(job), str(split) if split else None, dict(manifest.get("versions") or {}))


def side_of_recipe(opened: Opened) -> Side:
    """A recipe as it would train now on this machine, with all that it leaves out chosen."""
    opened = choose(opened)
    split = frozen_sha256(opened.workspace, opened.recipe.name)
    return Side(f"{opened.path.name} as it is now", _flat(dumps(opened.resolved)), split, library_versions())


def side_of_recipe_of(job: Job) -> Side:
    """The recipe that a job came from, as it is now, without what was said beside it for the job.

    Raises InputError where it is not there any more, RecipeError where it cannot be run.
    """
    path = job.workspace.root / f"{read_manifest(job)['recipe']}.toml"
    if not path.is_file():
        raise InputError(f"{job.short}: its recipe is not in the workspace any more; name another job to compare with")
    return side_of_recipe(open_recipe(path))


def options_of(job: Job) -> Mapping[str, Value]:
    """The options in a job's recipe.toml by key; none where it cannot be read."""
    try:
        return _options(job.recipe, job.recipe.stat().st_mtime_ns)
    except OSError:
        return {}


@lru_cache(maxsize=1024)
def _options(path: Path, changed: int) -> Mapping[str, Value]:
    try:
        return _flat(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return {}


def _flat(text: str) -> dict[str, Value]:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}
    found: dict[str, Value] = {}
    for table, values in tables.items():
        if isinstance(values, dict):
            found |= {f"{table}.{name}": value for name, value in values.items()}
    return found


def option_differences(before: Mapping[str, Value], after: Mapping[str, Value]) -> tuple[Difference, ...]:
    """The options that differ, in the order of a recipe.

    One that only one of the two has, and that is at its default there, is none: an older version did not write it.
    """
    return tuple(
        Difference(key.partition(".")[0], key.partition(".")[2], before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys(), key=_place)
        if _or_default(before, key) != _or_default(after, key)
    )


def all_differences(before: Side, after: Side) -> tuple[Difference, ...]:
    """The options that differ, the split where it is known to be another, and the versions that do."""
    found = list(option_differences(before.options, after.options))
    if before.split and after.split and before.split != after.split:
        found.append(Difference(SPLIT, "sha256", before.split[:12], after.split[:12]))
    if before.versions and after.versions:
        for name in sorted(before.versions.keys() | after.versions.keys()):
            was, now = before.versions.get(name), after.versions.get(name)
            if was != now:
                found.append(Difference(VERSIONS, name, was, now))
    return tuple(found)


def by_table(differences: Sequence[Difference]) -> Iterator[tuple[str, list[Difference]]]:
    """The differences table by table, in their order."""
    for table, each in groupby(differences, key=lambda difference: difference.table):
        yield table, list(each)


def difference_words(differences: Sequence[Difference]) -> str:
    """`learning_rate 2e-4 → 1e-4, r 16 → 32`; with the table where two options have the same name."""
    names = Counter(each.name for each in differences)
    return ", ".join(
        f"{each.key if names[each.name] > 1 else each.name} "
        f"{one_line(value_words(each.before), _SHORT)} → {one_line(value_words(each.after), _SHORT)}"
        for each in differences
    )


def _as_json(value: Value) -> Any:
    if isinstance(value, list | tuple):
        return [_as_json(each) for each in value]
    if isinstance(value, dict):
        return {str(name): _as_json(each) for name, each in value.items()}
    plain = value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))
    return value if plain else str(value)


def value_words(value: Value) -> str:
    """A value as short as it can be written and still be the same: `2e-4`, `16`, `true`, `[0, 6]`, `–` for none."""
    match value:
        case None:
            return "–"
        case bool():
            return str(value).lower()
        case float():
            return _shortest(value)
        case list() | tuple():
            return f"[{', '.join(value_words(each) for each in value)}]"
        case dict():
            return "{" + ", ".join(f"{name} = {value_words(each)}" for name, each in value.items()) + "}"
        case _:
            return str(value)


def _shortest(number: float) -> str:
    plain = repr(number).removesuffix(".0")
    if not math.isfinite(number):
        return plain
    for places in range(17):
        mantissa, _, exponent = f"{number:.{places}e}".partition("e")
        scientific = f"{mantissa}e{int(exponent)}"
        if float(scientific) == number:
            return scientific if len(scientific) < len(plain) else plain
    return plain


def _or_default(options_given: Mapping[str, Value], key: str) -> Any:
    if key in options_given:
        value = options_given[key]
    else:
        option = find_option(key)
        value = None if option is None else option.default
    return list(value) if isinstance(value, tuple) else value


@lru_cache(maxsize=1024)
def _place(key: str) -> tuple[int, int, str]:
    table, _, name = key.partition(".")
    if table not in TABLE_NAMES:
        return len(TABLE_NAMES), 0, key
    names = [each.name for each in options(table)]
    return TABLE_NAMES.index(table), names.index(name) if name in names else len(names), name
