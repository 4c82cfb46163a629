"""From TOML to a recipe, with every problem of it said at once, each by place and key."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ftworkbench.errors import InputError, RecipeError
from ftworkbench.paths import POCKET_ID, model_folder
from ftworkbench.printable import one_line
from ftworkbench.recipe.cross_checks import cross_problems
from ftworkbench.recipe.declare import Value
from ftworkbench.recipe.libraries import library_options, value_problem
from ftworkbench.recipe.metric_names import metric_file_problem
from ftworkbench.recipe.options import TABLE_NAMES, find_option, options, problem, settle
from ftworkbench.recipe.own_tables import HUB
from ftworkbench.recipe.places import SET, Places
from ftworkbench.recipe.refused import REFUSED, RENAMED
from ftworkbench.recipe.suite_names import split_suite
from ftworkbench.recipe.tables import TABLES, Recipe

_HUB_ID = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", re.ASCII)


def load(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe in a file. `overrides` are "train.learning_rate=0": the value is TOML, or else plain text.

    An empty value leaves the option out. The files that it names are looked for beside it. Raises RecipeError
    with a line for every problem; those between options are looked for once each is right by itself.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecipeError([f"{path.name}: is not UTF-8 text (byte {error.start + 1})"]) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    reading = _Reading(text, path.name, overrides)
    recipe = reading.recipe(path.stem)
    reading.look_for_files(path.parent)
    return reading.finish(recipe)


def parse(text: str, name: str, where: str = "") -> Recipe:
    """The recipe in a text; `where` is the file that problems are said of. Raises RecipeError.

    Does not look for the files that the recipe names: they are relative to its workspace.
    """
    reading = _Reading(text, where or f"{name}.toml")
    return reading.finish(reading.recipe(name))


def examine(text: str, name: str, where: str) -> tuple[Recipe | None, tuple[str, ...]]:
    """The recipe in a text that is being written, and all problems; None where an option is wrong by itself.

    With problems between options there is a recipe all the same: it cannot be run, but it can be estimated.
    """
    try:
        reading = _Reading(text, where)
    except RecipeError as error:
        return None, error.problems
    return reading.recipe(name), tuple(reading.problems)


def value_of(text: str) -> Value:
    """What `text` says as a TOML value; the text itself where it is none."""
    try:
        parsed = tomllib.loads(f"value = {text}\n")
    except (ValueError, RecursionError):
        return text
    return parsed["value"] if len(parsed) == 1 else text


def override_value(key: str, text: str) -> Value:
    """The value that "KEY=TEXT" gives: the text itself for a text option, unless it is quoted; else TOML."""
    known = find_option(key)
    if known is not None and known.type == "str" and not _quoted(text):
        return text
    return value_of(text)


class _Reading:
    """One recipe while it is read: its tables as found, and the problems so far."""

    def __init__(self, text: str, where: str, overrides: Sequence[str] = ()) -> None:
        self.where = where
        self.problems: list[str] = []
        self.places = Places(text, where)
        try:
            self.tables: dict[str, Value] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise RecipeError([_syntax(where, error)]) from None
        except (ValueError, RecursionError) as error:  # a number without end, or brackets within brackets
            raise RecipeError([f"{where}: cannot be read: {one_line(str(error), 120)}"]) from None
        self.values: dict[str, dict[str, Value]] = {}
        for override in overrides:
            self._override(override)

    def recipe(self, name: str) -> Recipe | None:
        """The recipe; None where a table could not be made."""
        for key in self.tables:
            if key not in TABLES:
                self._unknown_table(key)
        for table in TABLE_NAMES:
            self._read_table(table)
        if self.problems:
            return None
        tables: dict[str, Any] = {table: TABLES[table](**self.values[table]) for table in TABLE_NAMES}
        recipe = Recipe(name=name, **tables)
        for key, text in cross_problems(recipe):
            self._say(key, text)
        return recipe

    def look_for_files(self, folder: Path) -> None:
        """Adds a problem for each data file, regression suite and model folder that is not there, or metric's file."""
        data = self.values.get("data", {})
        named = [(f"data.{part}", data.get(part)) for part in ("train", "validation", "test")]
        named.append(("judge.rubric_file", self.values.get("judge", {}).get("rubric_file")))
        suites = self.values.get("evaluate", {}).get("regression", ())
        named += [("evaluate.regression", split_suite(suite).file or None) for suite in suites]
        tasks = self.values.get("harness", {}).get("tasks")
        if tasks is not None and not _is_dir(folder / tasks):
            self._say("harness.tasks", f"{one_line(tasks, 80)}: there is no such folder ({one_line(str(folder), 80)})")
        for line in self.values.get("prompt", {}).get("contestants", ()):
            if line.retrieve is not None and not _is_dir(folder / line.retrieve):
                self._say("prompt.contestants", f"{one_line(line.retrieve, 80)}: there is no such folder")
            named.append(("prompt.contestants", line.system_file))
        for key, name in named:
            if name is None or name.startswith(HUB) or _is_file(folder / name):
                continue
            is_folder = _is_dir(folder / name)
            if not (is_folder and key.startswith("data.")):
                what = "is a folder, not a file" if is_folder else "there is no such file"
                todo = "; write your file's name here" if key == "data.train" else ""
                self._say(key, f"{one_line(name, 80)}: {what} ({one_line(str(folder), 80)}){todo}")
        measured = self.values.get("evaluate", {})
        for key in ("metric", "metrics"):
            names = measured.get(key) or ()
            for name in [names] if isinstance(names, str) else names:
                wrong = metric_file_problem(name, folder)
                if wrong is not None:
                    self._say(f"evaluate.{key}", wrong)
        model_id = self.values.get("model", {}).get("model_id")
        if model_id is not None:
            text = model_problem(model_id, folder)
            if text is not None:
                self._say("model.model_id", text)

    def finish(self, recipe: Recipe | None) -> Recipe:
        if recipe is None or self.problems:
            raise RecipeError(self.problems)
        return recipe

    def _say(self, key: str, text: str) -> None:
        self.problems.append(f"{self.places.of(key)}: {one_line(key, 80)} {text}")

    def _override(self, override: str) -> None:
        key, equals, text = override.partition("=")
        key = key.strip()
        table, dot, name = key.partition(".")
        if not (equals and dot and table and name):
            self.problems.append(f"{SET} {one_line(override, 60)}: say TABLE.OPTION=VALUE, as train.learning_rate=1e-4")
            return
        self.places.override(key)
        values = self.tables.setdefault(table, {})
        if not isinstance(values, dict):
            return
        known = find_option(key)
        if not text and (known is None or not known.required):
            values.pop(name, None)
        else:
            values[name] = override_value(key, text)

    def _read_table(self, table: str) -> None:
        given = self.tables.get(table, {})
        settled: dict[str, Value] = {}
        self.values[table] = settled
        if not isinstance(given, Mapping):
            self._say(table, f"must be a table, [{table}], not a value")
            return
        typed = {each.name: each for each in options(table)}
        extra: dict[str, Value] = {}
        for name, value in given.items():
            key = f"{table}.{name}"
            if name in typed:
                wrong = problem(typed[name], value)
                if wrong is None:
                    settled[name] = settle(typed[name], value)
                else:
                    self._say(key, wrong)
            else:
                wrong = unknown_option(table, name) or value_problem(table, name, value)
                if wrong is None:
                    extra[name] = value
                else:
                    self._say(key, wrong)
        if extra:
            settled["extra"] = extra
        for each in typed.values():
            if each.required and each.name not in given:
                self._say(each.key, f"is missing: {each.help[0].lower()}{each.help[1:]}")

    def _unknown_table(self, key: str) -> None:
        if isinstance(self.tables[key], Mapping):
            near = difflib.get_close_matches(key, TABLE_NAMES, 1)
            hint = f"did you mean [{near[0]}]?" if near else f"those are {', '.join(TABLE_NAMES)}"
            self.problems.append(f"{self.places.of(key)}: [{one_line(key, 40)}] is not a table of a recipe; {hint}")
            return
        homes = [table for table in TABLE_NAMES if find_option(f"{table}.{key}") is not None]
        hint = f"it belongs in [{homes[0]}]" if homes else "each option belongs in one"
        self._say(key, f"stands in no table; {hint}")


def unknown_option(table: str, name: str) -> str | None:
    """What is wrong with an option that `table` does not type; None where its library takes it."""
    if name in REFUSED.get(table, {}):
        return f"is not taken: {REFUSED[table][name]}"
    if name in RENAMED.get(table, {}):
        return f"is not an option; it is called {RENAMED[table][name]}"
    taken = library_options(table)
    if name in taken:
        return None
    elsewhere = [other for other in TABLE_NAMES if find_option(f"{other}.{name}") is not None]
    if elsewhere:
        return f"is not an option; it belongs in [{elsewhere[0]}]"
    near = difflib.get_close_matches(name, [*(each.name for each in options(table)), *sorted(taken)], 1)
    return "is not an option" + (f"; did you mean {near[0]}?" if near else f" of [{table}]")


def model_problem(model_id: str, workspace: Path) -> str | None:
    """What is wrong with a model id, seen from a workspace; None for `pocket`, a folder and a hub id."""
    shown = one_line(model_id, 80)
    folder = model_folder(model_id, workspace)
    if model_id == POCKET_ID:
        return None
    if folder is not None:
        return None if (folder / "config.json").is_file() else f"{shown}: this folder holds no model (no config.json)"
    if model_id.startswith(("/", "./", "../", "~")) or model_id.count("/") > 1:
        return f"{shown}: there is no such folder"
    if _HUB_ID.fullmatch(model_id) is None:
        return f"{shown}: is neither a folder nor a hub id (owner/name)"
    return None


def _is_file(path: Path) -> bool:
    """As Path.is_file, also for what can be the name of no file at all: too long, or with a NUL in it."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _is_dir(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _quoted(text: str) -> bool:
    return len(text) > 1 and text[0] in "\"'" and isinstance(value_of(text), str)


def _syntax(where: str, error: tomllib.TOMLDecodeError) -> str:
    match = re.search(r"^(.*) \(at line (\d+), column (\d+)\)$", str(error), re.DOTALL)
    if match is None:
        return f"{where}: is not TOML: {one_line(str(error), 200)}"
    return f"{where}:{match[2]}:{match[3]}: is not TOML: {one_line(match[1], 200)}"
