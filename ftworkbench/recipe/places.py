"""Where in a file a key stands, for messages that say so."""

from __future__ import annotations

import re

SET = "--set"
_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?")
_KEY = re.compile(r"\s*([\w\"'.\- ]+?)\s*=")
_FENCES = ('"""', "'''")


class Places:
    """The lines of a recipe's keys; an overridden key stands on the command line instead."""

    def __init__(self, text: str, where: str) -> None:
        self._where = where
        self._lines = _lines(text)
        self._overridden: set[str] = set()

    def override(self, key: str) -> None:
        self._overridden.add(key)

    def of(self, key: str) -> str:
        """`triage.toml:12`, from the key itself or else its table; `triage.toml` where it is nowhere."""
        if key in self._overridden:
            return SET
        line = self._lines.get(key)
        return self._where if line is None else f"{self._where}:{line}"


def _lines(text: str) -> dict[str, int]:
    """1-based lines of tables and of `table.key`, for text whose syntax is right.

    Lines inside a multi-line string are skipped. A nested array that starts a line may pass for a header:
    then the keys after it have no line of their own.
    """
    found: dict[str, int] = {}
    table, fence = "", ""
    for number, line in enumerate(text.split("\n"), 1):
        if fence:
            fence = "" if fence in line else fence
            continue
        if header := _HEADER.fullmatch(line):
            table = header[1].strip("\"'")
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            name = key[1].replace('"', "").replace("'", "").replace(" ", "")
            found.setdefault(f"{table}.{name}" if table else name, number)
        fence = next((each for each in _FENCES if line.count(each) % 2), "")
    return found
