"""A recipe while it is edited: its text, what is wrong with it, and the way back."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ftworkbench.errors import InputError, RecipeError
from ftworkbench.machine import this_machine
from ftworkbench.recipe.declare import Value
from ftworkbench.recipe.libraries import value_problem
from ftworkbench.recipe.metric_names import metric_file_problem, metric_problem
from ftworkbench.recipe.options import TABLE_NAMES, Option, find_option, options, problem
from ftworkbench.recipe.places import Places
from ftworkbench.recipe.read import examine, unknown_option, value_of
from ftworkbench.recipe.resolve import Choice, resolve
from ftworkbench.recipe.tables import ContestantLine, Recipe
from ftworkbench.recipe.write import set_option, unset_option
from ftworkbench.steps.recipe import Opened
from ftworkbench.workspace import workspace_of

if TYPE_CHECKING:
    from ftworkbench.steps.fit import Fitted

_KEY = re.compile(r"\b([a-z]+\.\w+)\b")


@dataclass(frozen=True)
class Reading:
    """What a text comes to: the recipe, as resolved for this machine, or what is wrong with it."""

    recipe: Recipe | None
    resolved: Recipe | None
    choices: tuple[Choice, ...]
    problems: tuple[str, ...]


def read(text: str, path: Path) -> Reading:
    """Reads a recipe's text; never raises for what is wrong with it."""
    recipe, problems = examine(text, path.stem, path.name)
    if recipe is None:
        return Reading(None, None, (), problems)
    try:
        resolved, choices = resolve(recipe, this_machine())
    except RecipeError as error:
        return Reading(recipe, None, (), problems + error.problems)
    return Reading(recipe, resolved, choices, problems)


@dataclass(frozen=True)
class Preview:
    """A recipe that is being written: as the steps want it, or None, and what would be wrong with it, in words."""

    opened: Opened | None
    wrong: str


@dataclass(frozen=True)
class Found:
    """What the model's configuration says of a recipe: problems, a line each, and notes by option."""

    problems: tuple[str, ...]
    notes: Mapping[str, str]


_NOTHING = Found((), {})


@dataclass(frozen=True)
class Base:
    """What changes are marked against: its name, and its options by key, every default written out."""

    name: str
    values: Mapping[str, Value]


def _opened(path: Path, reading: Reading) -> Opened | None:
    if reading.recipe is None or reading.resolved is None:
        return None
    return Opened(path, reading.recipe, reading.resolved, reading.choices, workspace_of(path))


def _without_place(line: str) -> str:
    """A problem without the line of the file that it stands at."""
    return line.partition(": ")[2]


class Draft:
    """The text of a recipe's file with its changes, each of which can be taken back.

    `fitted` is the estimate of the text as it is, as soon as it is known, and what the estimate chose and found; `base`
    is what changes are marked against: the saved file, where it is None.
    """

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.saved = text
        self.text = text
        self.reading = read(text, path)
        self.base: Base | None = None
        self.fitted: Fitted | None = None
        self._found: Found = _NOTHING
        self._undo: list[str] = []
        self._redo: list[str] = []

    @property
    def changed(self) -> bool:
        return self.text != self.saved

    def opened(self) -> Opened | None:
        """The recipe as the steps want it, to be estimated; None while an option of it is wrong by itself."""
        return _opened(self.path, self.reading)

    def preview(self, key: str, written: str) -> Preview:
        """What the recipe would be with an option set so, and what would then be wrong that is not wrong now."""
        option = find_option(key)
        value = read_value(option, written) if written.strip() else None
        try:
            reading = read(set_option(self.text, key, value), self.path)
        except InputError:
            return Preview(None, "")
        known = {_without_place(line) for line in self.reading.problems}
        wrong = next((line for line in reading.problems if _without_place(line) not in known), "")
        return Preview(_opened(self.path, reading), _without_place(wrong))

    def take_estimate(
        self, fitted: Fitted | None, problems: Sequence[tuple[str, str]], notes: Mapping[str, str]
    ) -> None:
        """Takes over the estimate of the text as it is, and what the model's configuration forbids, or makes dear."""
        places = Places(self.text, self.path.name)
        self.fitted = fitted
        self._found = Found(tuple(f"{places.of(key)}: {key} {text}" for key, text in problems), dict(notes))

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What was left out and chosen, and why: by the estimate where it is there, else by the machine alone."""
        return self.fitted.opened.choices if self.fitted is not None else self.reading.choices

    @property
    def resolved(self) -> Recipe | None:
        """The recipe with all that was chosen; None while something is wrong with it."""
        return self.fitted.opened.resolved if self.fitted is not None else self.reading.resolved

    @property
    def problems(self) -> tuple[str, ...]:
        """All that keeps the recipe from being run, a line each."""
        return self.reading.problems + self._found.problems

    @property
    def notes(self) -> Mapping[str, str]:
        """What will cost something unexpected, by option."""
        return self._found.notes

    def wrong_value(self, key: str, written: str) -> str | None:
        """What is wrong with `written` as the value of an option, in words; None where nothing is."""
        option = find_option(key)
        if option is None:
            table, _, name = key.partition(".")
            wrong = unknown_option(table, name)
            if wrong is None and written.strip():
                wrong = value_problem(table, name, read_value(None, written))
            return None if wrong is None else f"{name} {wrong}"
        if not written.strip():
            return f"{option.name} must be given" if option.required else None
        value = read_value(option, written)
        wrong = problem(option, value)
        if wrong is None and option.check is metric_problem:
            names = [value] if isinstance(value, str) else value
            wrong = next(filter(None, (metric_file_problem(name, self.path.parent) for name in names)), None)
        return None if wrong is None else f"{option.name} {wrong}"

    def write(self, key: str, written: str) -> None:
        """Sets an option to what was written; nothing written leaves it out. Raises InputError for what cannot be."""
        if wrong := self.wrong_value(key, written):
            raise InputError(wrong)
        option = find_option(key)
        if not written.strip():
            self.replace(unset_option(self.text, key))
        else:
            self.replace(set_option(self.text, key, read_value(option, written)))

    def leave_out(self, key: str) -> None:
        """Takes an option out of the file: its default holds, or what is chosen for the machine."""
        self.replace(unset_option(self.text, key))

    def replace(self, text: str) -> None:
        """Another text in the place of this one."""
        if text != self.text:
            self._undo.append(self.text)
            self._redo.clear()
            self._take(text)

    def undo(self) -> bool:
        return self._step(self._undo, self._redo)

    def redo(self) -> bool:
        return self._step(self._redo, self._undo)

    def _step(self, source: list[str], goal: list[str]) -> bool:
        if not source:
            return False
        goal.append(self.text)
        self._take(source.pop())
        return True

    def _take(self, text: str) -> None:
        self.text = text
        self.reading = read(text, self.path)
        self.fitted, self._found = None, _NOTHING

    def save(self) -> None:
        """Writes the file, whole or not at all. Raises OSError where it cannot be written."""
        from ftworkbench.data.sources.files import write_whole

        write_whole(self.path, self.text.encode())
        self.saved = self.text

    def on_disk(self) -> str | None:
        """The text that the file has now; None where it cannot be read."""
        try:
            return self.path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            return None

    def changed_lines(self) -> frozenset[int]:
        """The 0-based lines of the text that are not in the saved file."""
        matcher = difflib.SequenceMatcher(a=self.saved.splitlines(), b=self.text.splitlines(), autojunk=False)
        return frozenset(
            line for tag, _, _, first, last in matcher.get_opcodes() if tag != "equal" for line in range(first, last)
        )

    def problems_by_key(self) -> Mapping[str, str]:
        """Each problem by the option that it is about; those about none have the key ""."""
        found: dict[str, str] = {}
        for line in self.problems:
            match = _KEY.search(line.partition(": ")[2] or line)
            key = match[1] if match and match[1].partition(".")[0] in TABLE_NAMES else ""
            found.setdefault(key, line)
        return found


def read_value(option: Option | None, written: str) -> Value:
    """The value that a person wrote: as TOML has it; text needs no quotes."""
    if option is not None and option.type == "str" and not written.strip().startswith(('"', "'")):
        return written.strip()
    if option is not None and option.type == "bool" and written.strip().lower() in ("yes", "no", "on", "off"):
        return written.strip().lower() in ("yes", "on")
    return value_of(written.strip())


def written_value(value: Value) -> str:
    """A value as a person would write it in the form."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, ContestantLine):
        return written_value(value.as_toml())
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {_in_quotes(part)}" for name, part in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_in_quotes, value)) + "]"
    if isinstance(value, float):
        return f"{value:.10g}" if value == 0 or 1e-3 <= abs(value) < 1e6 else f"{value:g}"
    return str(value)


def _in_quotes(value: Value) -> str:
    """A value within a list or a table: text as TOML quotes it."""
    if not isinstance(value, str):
        return written_value(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def all_options(table: str) -> tuple[Option, ...]:
    """The typed options of a table, the common ones first, each group in the order they are written in."""
    found = options(table)
    return tuple(sorted(found, key=lambda option: not (option.common or option.required)))
