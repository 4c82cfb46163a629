"""Asking a person which of two answers is better, a line at a time: on a terminal, or from whatever is piped in."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from ftworkbench.commands.columns import column_width, columns, wrapped
from ftworkbench.commands.show import say
from ftworkbench.evaluate.votes import WORDS, Word
from ftworkbench.printable import one_line

Other = Literal["skip", "undo", "quit"]
HOW = "l: left is better, r: right is better, t: tie, b: both bad, s: skip, u: take the last one back, q: leave off"
_KEYS: dict[str, Word | Other] = {
    **{word: word for word in WORDS},
    **{word: word for word in get_args(Other)},
    "l": "left", "r": "right", "t": "tie", "=": "tie", "b": "both bad", "-": "both bad",
    "s": "skip", "u": "undo", "q": "quit",
}  # fmt: skip


def show_pair(title: str, messages: Sequence[Mapping[str, Any]], reference: str, answers: tuple[str, str]) -> None:
    """Says, on stderr, what was asked, the reference where there is one, and both answers beside each other."""
    width = min(shutil.get_terminal_size((100, 24)).columns, 160)
    column = column_width(2, width)
    told = [
        (str(each.get("role")), str(each.get("content") or "")) for each in messages if each.get("role") != "system"
    ]
    say(f"── {title} ".ljust(width, "─"))
    for name, text in [*told, *([("reference", reference)] if reference else [])]:
        for line in wrapped(f"{name}: {text}", width):
            say(line)
    sides = zip(("left", "right"), answers, strict=True)
    for line in columns([[name, "─" * column, *wrapped(text or "(nothing)", column)] for name, text in sides], column):
        say(line)


def ask_choice() -> Word | Other:
    """What a person says of the pair that was shown; "quit" too where there is no further line."""
    while True:
        if sys.stdin.isatty():
            sys.stderr.write("which is better? ")
            sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            return "quit"
        found = _KEYS.get(line.strip().lower())
        if found is not None:
            return found
        say(f"{one_line(line.strip(), 40)!r} says nothing here: {HOW}")
