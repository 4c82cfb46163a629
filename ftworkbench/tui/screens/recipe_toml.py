"""The recipe's file beside its form: line numbers, colours, what is not saved yet."""

from __future__ import annotations

import re

from textual.content import Content

from ftworkbench.tui.recipe_draft import Draft
from ftworkbench.tui.text import shown_line

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
