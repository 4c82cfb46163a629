"""What the Recipe screen shows, worked out apart from its widgets: form, help, TOML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from ftworkbench.recipe.libraries import library_fields
from ftworkbench.recipe.options import TABLE_NAMES, Option, find_option, options
from ftworkbench.tui.recipe_draft import Draft, all_options, written_value
from ftworkbench.tui.text import shown, shown_line
from ftworkbench.tui.widgets.form import FormLine
from ftworkbench.tui.widgets.lines_view import wrapped

if TYPE_CHECKING:
    from ftworkbench.recipe.declare import Value

_NOTES = {
    "model": "from_pretrained",
    "quantization": "BitsAndBytesConfig",
    "lora": "LoraConfig",
    "train": "SFTConfig",
    "method": "objective, adapter",
    "data": "rows",
    "check": "what the check advises",
    "prompt": "the prompted contestants",
    "evaluate": "measures, verdict",
    "launch": "where it runs",
}


# The form


def form_lines(draft: Draft, *, everything: bool, needle: str = "") -> list[FormLine]:
    """The lines of the form: the common options and those in the file, or everything, or what a search finds."""
    lines: list[FormLine] = []
    saved, given = _given(draft.saved), _given(draft.text)
    wrong = draft.problems_by_key()
    chosen = {choice.key: choice.value for choice in draft.reading.choices}
    for table in TABLE_NAMES:
        block = []
        for option in all_options(table):
            key = option.key
            if needle:
                wanted = needle in option.name or needle in option.help.lower()
            else:
                wanted = everything or option.common or option.required or key in given or key in wrong
            if wanted:
                value, origin = _value(option, given, chosen)
                changed = saved.get(key) != given.get(key)
                unit = _unit(option, value)
                block.append(FormLine(table, option.name, value, origin, unit, changed, key in wrong))
        block += _library_lines(table, given, saved, wrong, needle, everything=everything)
        if block:
            lines += [FormLine(table, note=_NOTES.get(table, "")), *block]
    return lines


def _library_lines(
    table: str,
    given: dict[str, Value],
    saved: dict[str, Value],
    wrong: object,
    needle: str,
    *,
    everything: bool,
) -> Iterator[FormLine]:
    """The library's own options that no table types: those in the file, and with a search all that it finds."""
    typed = {option.name for option in options(table)}
    names = {key.partition(".")[2] for key in given if key.partition(".")[0] == table}
    if needle:
        names = {name for name in [*names, *library_fields(table)] if needle in name}
    for name in sorted(names - typed):
        key = f"{table}.{name}"
        value = written_value(given[key]) if key in given else library_default(table, name)
        origin = "" if key in given else "default"
        is_wrong = isinstance(wrong, dict) and key in wrong
        yield FormLine(table, name, value, origin, "", saved.get(key) != given.get(key), is_wrong)


def library_default(table: str, name: str) -> str:
    """The default of a library's option, as its source says it."""
    field = library_fields(table).get(name)
    return field.default if field is not None else ""


def _given(text: str) -> dict[str, Value]:
    import tomllib

    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}
    return {f"{table}.{name}": value for table, values in tables.items() if isinstance(values, dict)
            for name, value in values.items()}  # fmt: skip


def _value(option: Option, given: dict[str, Value], chosen: dict[str, Value]) -> tuple[str, str]:
    if option.key in given:
        return written_value(given[option.key]), ""
    if option.key in chosen:
        return written_value(chosen[option.key]), "chosen"
    return written_value(option.default), "default" if option.default is not None else ""


def _unit(option: Option, value: str) -> str:
    """The unit of a value as it is: steps below 1 are a share of all steps."""
    if option.unit == "steps" and value.startswith("0."):
        return "of all steps"
    if value == "1":
        return option.unit.removesuffix("es" if option.unit.endswith("ches") else "s")
    return option.unit


def hint_for(option: Option | None) -> str:
    """What may be written for an option: its choices, or its bounds and its unit."""
    if option is None or option.choices:
        return ", ".join(option.choices) if option is not None else ""
    return " · ".join(part for part in (option.bounds, option.unit) if part)


# Help for one option


def help_lines(draft: Draft, key: str, width: int) -> list[Content]:
    """What there is to know of an option: what it is, why, its bounds, and what is wrong with its value."""
    option = find_option(key)
    lines: list[Content] = []
    wrong = draft.problems_by_key().get(key)
    if wrong:
        lines += wrapped(shown(wrong, "bold $error"), width)
    if option is None:
        return lines + _library_help(key, width)
    lines += wrapped(shown(option.help), width)
    if option.why:
        lines += wrapped(shown(option.why, "$text-muted"), width)
    facts = [("type", option.type), ("bounds", option.bounds), ("unit", option.unit),
             ("choices", ", ".join(option.choices)), ("default", written_value(option.default))]  # fmt: skip
    parts: list[Content | str] = []
    for name, value in facts:
        if value:
            parts += [Content.styled(f"{name} ", "$text-muted"), shown_line(value, 200), "   "]
    lines += wrapped(Content("").join(parts), width)
    choice = next((choice for choice in draft.reading.choices if choice.key == key), None)
    if choice is not None:
        why = Content.assemble(("chosen for this machine: ", "$accent"), shown(choice.why))
        lines += wrapped(why, width)
    return lines


def _library_help(key: str, width: int) -> list[Content]:
    table, _, name = key.partition(".")
    field = library_fields(table).get(name)
    if field is None:
        return wrapped(shown(f"{name} is no option of [{table}]", "$error"), width)
    lines = wrapped(shown(field.help or "The library's source says no more of it."), width)
    facts = Content.assemble(("type ", "$text-muted"), shown_line(field.type, 120), ("   default ", "$text-muted"),
                             shown_line(field.default, 120))  # fmt: skip
    return [*lines, *wrapped(facts, width)]


# The file


_TOML = re.compile(r"^(\s*)([\w.\"'-]+)(\s*=\s*)(.*)$")


def toml_lines(draft: Draft, key: str, width: int) -> list[Content]:
    """The recipe's file with its line numbers; what is not saved yet is marked, the option at `key` is bold."""
    texts = draft.text.splitlines()
    changed = draft.changed_lines()
    digits = len(str(len(texts)))
    here = line_of(draft.text, key)
    lines = []
    for number, text in enumerate(texts):
        mark = ("*", "bold $warning") if number in changed else (" ", "")
        body = _toml_line(text)
        if number == here:
            body = body.stylize("bold on $row-cursor")
        place = Content.assemble(mark, (f"{number + 1:>{digits}} ", "$text-disabled"), body)
        lines.append(place.truncate(width, ellipsis=True))
    return lines


def _toml_line(text: str) -> Content:
    stripped = text.strip()
    if stripped.startswith("#"):
        return shown_line(text, style="$text-muted")
    if stripped.startswith("["):
        return shown_line(text, style="bold $accent")
    match = _TOML.match(text)
    if match is None:
        return shown_line(text, style="$primary")
    value, hash_mark, comment = _split_comment(match[4])
    return Content.assemble(
        shown_line(match[1]),
        shown_line(match[2]),
        shown_line(match[3], style="$text-muted"),
        shown_line(value, style="$primary"),
        shown_line(hash_mark + comment, style="$text-muted"),
    )


def _split_comment(value: str) -> tuple[str, str, str]:
    quote = ""
    for place, char in enumerate(value):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == "#":
            return value[:place], "#", value[place + 1 :]
    return value, "", ""


def line_of(text: str, key: str) -> int | None:
    """The 0-based line of the file that sets an option; None where it is left out."""
    table, _, name = key.partition(".")
    current = ""
    for number, line in enumerate(text.splitlines()):
        stripped = line.strip()
        if stripped.startswith("["):
            current = stripped.strip("[] ")
        elif current == table and re.match(rf"{re.escape(name)}\s*=", stripped):
            return number
    return None


def problems_text(problems: Sequence[str]) -> Content:
    """Every problem of the recipe, one a line."""
    return Content("\n").join(Content.assemble(("! ", "bold $error"), shown(line)) for line in problems)
