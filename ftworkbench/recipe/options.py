"""Every typed option of a recipe with its help, unit, bounds and choices, for forms, messages and checks."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any

from ftworkbench.errors import InputError
from ftworkbench.printable import one_line
from ftworkbench.recipe.declare import Facts, Value
from ftworkbench.recipe.tables import TABLES

TABLE_NAMES: tuple[str, ...] = tuple(TABLES)

_KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list[int]": "a list of whole numbers",
    "list[str]": "a list of texts",
    "str | list[str]": "text, or a list of texts",
    "list[table]": "a list of inline tables",
}


@dataclass(frozen=True)
class Option:
    """One option. `type` is one of str, int, float, bool, list[int], list[str], `str | list[str]`, list[table].

    `optional`: it may be left out without a value of its own (default None). `required`: it must be given.
    `open_ends` says which of `low` and `high` are not allowed themselves: "", "low", "high" or "both". With a `check`,
    which says what is wrong with a text, `choices` are not all that may be written. `of` is the dataclass of the tables
    that it lists.
    """

    table: str
    name: str
    type: str
    default: Value
    help: str
    why: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    open_ends: str = ""
    choices: tuple[str, ...] = ()
    common: bool = False
    optional: bool = False
    required: bool = False
    check: Callable[[str], str | None] | None = field(default=None, compare=False, repr=False)
    of: Any = None

    @property
    def key(self) -> str:
        """As it is written in messages and overrides: `train.learning_rate`."""
        return f"{self.table}.{self.name}"

    @property
    def low_is_open(self) -> bool:
        return self.open_ends in ("low", "both")

    @property
    def high_is_open(self) -> bool:
        return self.open_ends in ("high", "both")

    @property
    def bounds(self) -> str:
        """The bounds in words, `0 or more and below 1`; empty where there are none."""
        parts = []
        if self.low is not None:
            parts.append(f"above {self.low:.10g}" if self.low_is_open else f"{self.low:.10g} or more")
        if self.high is not None:
            parts.append(f"below {self.high:.10g}" if self.high_is_open else f"at most {self.high:.10g}")
        return " and ".join(parts)


@cache
def options(table: str) -> tuple[Option, ...]:
    """The typed options of a table, in the order they are written in. Raises InputError for no such table."""
    if table not in TABLES:
        raise InputError(f"[{one_line(table, 40)}] is not a table of a recipe ({', '.join(TABLE_NAMES)})")
    held: Any = TABLES[table]
    return _declared(held, table)


@cache
def _declared(held: Any, table: str) -> tuple[Option, ...]:
    """The options that a dataclass declares, as those of `table`."""
    found = []
    for each in fields(held):
        facts = each.metadata.get("facts")
        if not isinstance(facts, Facts):
            continue
        required = each.default is MISSING
        annotation = str(each.type)
        kind = annotation.removesuffix(" | None").replace("tuple[int, ...]", "list[int]")
        found.append(
            Option(
                table=table,
                name=each.name,
                type="list[table]" if facts.of else kind.replace("tuple[str, ...]", "list[str]"),
                default=None if required else each.default,
                help=facts.help,
                why=facts.why,
                unit=facts.unit,
                low=facts.low,
                high=facts.high,
                open_ends=facts.open_ends,
                choices=facts.choices,
                common=facts.common,
                optional=annotation.endswith(" | None"),
                required=required,
                check=facts.check,
                of=facts.of,
            )
        )
    return tuple(found)


def parts_of(option: Option) -> tuple[Option, ...]:
    """The options of the inline tables that an option lists; none of one that lists no tables."""
    return () if option.of is None else _declared(option.of, option.key)


def find_option(key: str) -> Option | None:
    """The typed option that `train.learning_rate` names; None where it is not one."""
    table, _, name = key.partition(".")
    if table not in TABLES:
        return None
    return next((each for each in options(table) if each.name == name), None)


def problem(option: Option, value: Value) -> str | None:
    """What is wrong with `value` for this option, in words that follow its name; None where nothing is."""
    if not _has_type(option.type, value):
        return f"must be {_KINDS[option.type]}, not {_shown(value)}"
    if option.of is not None:
        return _tables_problem(option, option.of, value)
    for part in value if isinstance(value, list | tuple) else [value]:
        wrong = _part_problem(option, part)
        if wrong is not None:
            return wrong
    return None


def _tables_problem(option: Option, of: type, value: Value) -> str | None:
    """What is wrong with a list of inline tables, each named by its number."""
    for number, part in enumerate(value, 1):
        wrong = None if isinstance(part, of) else _table_problem(option, of, part)
        if wrong is not None:
            return f"{number}: {wrong}"
    return None


def _table_problem(option: Option, of: type, part: Mapping[str, Value]) -> str | None:
    declared = {each.name: each for each in _declared(of, option.key)}
    for name, given in part.items():
        if name not in declared:
            near = difflib.get_close_matches(name, declared, 1)
            hint = f"did you mean {near[0]}?" if near else f"those are {', '.join(declared)}"
            return f"{one_line(name, 40)} is not an option of it; {hint}"
        wrong = problem(declared[name], given)
        if wrong is not None:
            return f"{name} {wrong}"
    found: str | None = _made(option, of, part).problem()
    return found


def _made(option: Option, of: type, part: Mapping[str, Value]) -> Value:
    declared = {each.name: each for each in _declared(of, option.key)}
    return of(**{name: settle(declared[name], given) for name, given in part.items()})


def settle(option: Option, value: Value) -> Value:
    """`value`, already found good, as the table holds it: floats as float, lists as tuples, tables as dataclasses."""
    if option.of is not None:
        of = option.of
        return tuple(part if isinstance(part, of) else _made(option, of, part) for part in value)
    if isinstance(value, list | tuple):
        return tuple(value)
    return float(value) if option.type == "float" else value


def _part_problem(option: Option, part: Value) -> str | None:
    if option.check is not None and isinstance(part, str):
        return option.check(part) if part.strip() else "is empty"
    if option.choices and part not in option.choices:
        if len(option.choices) == 1:
            return f"can only be {option.choices[0]} so far, not {_shown(part)}"
        return f"must be one of {', '.join(option.choices)}, not {_shown(part)}"
    if isinstance(part, str) and not part.strip() and not option.name.endswith("system"):
        return "is empty"
    if isinstance(part, int | float) and not _in_bounds(option, part):
        return f"must be {option.bounds or 'a finite number'}, not {_shown(part)}"
    return None


def _in_bounds(option: Option, number: float) -> bool:
    try:
        if not math.isfinite(number):
            return False
    except OverflowError:  # of an integer that no float can be
        return False
    above = option.low is None or number > option.low or (number == option.low and not option.low_is_open)
    below = option.high is None or number < option.high or (number == option.high and not option.high_is_open)
    return above and below


def _has_type(kind: str, value: Value) -> bool:
    match kind:
        case "str":
            return isinstance(value, str)
        case "bool":
            return isinstance(value, bool)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "float":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "list[int]":
            return _is_list(value) and all(_has_type("int", part) for part in value)
        case "list[table]":
            return _is_list(value) and all(isinstance(part, Mapping) or is_dataclass(part) for part in value)
        case "list[str]":
            return _is_list(value) and all(isinstance(part, str) for part in value)
        case _:
            return isinstance(value, str) or (_has_type("list[str]", value) and len(value) > 0)


def _is_list(value: Value) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return one_line(f'"{value}"' if isinstance(value, str) else str(value), 60)
