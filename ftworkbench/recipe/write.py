"""From a recipe to TOML, and small edits of TOML that keep its comments."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ftworkbench.errors import InputError, RecipeError
from ftworkbench.printable import one_line
from ftworkbench.recipe.declare import Value
from ftworkbench.recipe.options import TABLE_NAMES, options
from ftworkbench.recipe.tables import ContestantLine, Recipe

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.items import Item


def dumps(recipe: Recipe) -> str:
    """The recipe as TOML, every value written out in a fixed order; what is left out (None) is not there.

    `parse` gives the same recipe again.
    """
    blocks = []
    for table in TABLE_NAMES:
        values = getattr(recipe, table)
        given = [(each.name, getattr(values, each.name)) for each in options(table)]
        given += sorted(getattr(values, "extra", {}).items())
        lines = [line(name, value) for name, value in given if value is not None]
        blocks.append("\n".join([f"[{table}]", *lines]) + "\n")
    return "\n".join(blocks)


def set_option(text: str, key: str, value: Value) -> str:
    """The TOML with `key` ("train.learning_rate") set to `value`; comments and order stay. None takes it out.

    A key that is not there yet goes below the last one of its table, a table that is not there to the end.
    """
    if value is None:
        return unset_option(text, key)
    import tomlkit
    from tomlkit.items import Table

    table, name = _split(key)
    document = _document(text)
    if table not in document:
        before = f"{text.rstrip()}\n\n" if text.strip() else ""
        return f"{before}[{tomlkit.key(table).as_string()}]\n{line(name, value)}\n"
    holder = document[table]
    if not isinstance(holder, dict):
        raise InputError(f"{one_line(table, 40)} is not a table in this recipe")
    if name in holder or not isinstance(holder, Table):
        holder[name] = _item(value)
        return tomlkit.dumps(document)
    body = holder.value.body
    trailing = []
    while body and body[-1][0] is None:
        trailing.append(body.pop())
    holder.add(name, _item(value))
    body.extend(reversed(trailing))
    return tomlkit.dumps(document)


def append_option(text: str, key: str, value: Value) -> str:
    """The TOML with `value` added at the end of the list `key`, which is made where it is not there."""
    import tomlkit
    from tomlkit.items import AoT, Array, InlineTable

    table, name = _split(key)
    document = _document(text)
    holder = document.get(table)
    found = holder.get(name) if isinstance(holder, dict) else None
    if found is None:
        return set_option(text, key, [value])
    item = _item(value, inline=True)
    if isinstance(found, AoT) and isinstance(item, InlineTable):  # written as [[prompt.contestants]]
        table_of_its_own = tomlkit.table()
        table_of_its_own.update(item)
        found.append(table_of_its_own)
    elif isinstance(found, Array):
        found.append(item)
    else:
        raise InputError(f"{one_line(key, 60)} is no list in this recipe")
    changed = tomlkit.dumps(document)
    if len(tomllib.loads(changed)[table][name]) == len(tomllib.loads(text)[table][name]):
        raise InputError(f"{one_line(key, 60)} stands in several places of this recipe; bring them together first")
    return changed


def unset_option(text: str, key: str) -> str:
    """The TOML without `key`; comments and order stay, and so does its table."""
    import tomlkit

    table, name = _split(key)
    document = _document(text)
    holder = document.get(table)
    if not isinstance(holder, dict) or name not in holder:
        return text
    del holder[name]
    return tomlkit.dumps(document)


def _split(key: str) -> tuple[str, str]:
    table, dot, name = key.partition(".")
    if not (table and dot and name):
        raise InputError(f"{one_line(key, 60)} names no option; say TABLE.OPTION, as train.learning_rate")
    return table, name


def _document(text: str) -> TOMLDocument:
    import tomlkit
    from tomlkit.exceptions import ParseError

    try:
        return tomlkit.parse(text)
    except ParseError as error:
        raise RecipeError([f"this recipe is not TOML: {one_line(str(error), 200)}"]) from None


def line(name: str, value: Value) -> str:
    """`name = value`, as TOML writes it."""
    import tomlkit

    return f"{tomlkit.key(name).as_string()} = {_item(value).as_string()}"


def _item(value: Value, *, inline: bool = False) -> Item:
    import tomlkit

    if isinstance(value, str):
        return tomlkit.string(value, multiline="\n" in value and "\r" not in value and not inline)
    if isinstance(value, Mapping):
        table = tomlkit.inline_table()
        for name, part in value.items():
            table.append(name, _item(part, inline=True))
        return table
    if isinstance(value, ContestantLine):
        return _item(value.as_toml(), inline=inline)
    if isinstance(value, list | tuple):
        array = tomlkit.array()
        if any(isinstance(part, Mapping | ContestantLine) for part in value):
            array.multiline(True)  # each on a line of its own
        for part in value:
            array.append(_item(part, inline=inline))
        return array
    return tomlkit.item(value)
