"""How commands speak: data on stdout, everything said to a person on stderr, both made printable."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from ftworkbench.printable import attention, cell_width, one_line, printable


def emit(value: dict[str, Any]) -> None:
    """The one JSON object of `--json`, on stdout. Pure ASCII, so that no data in it can reach a terminal raw."""
    print(json.dumps(value, indent=2, ensure_ascii=True, allow_nan=False))


def say(text: str = "") -> None:
    """A line for the person, on stderr."""
    print(printable(text), file=sys.stderr, flush=True)


def tell(text: str = "") -> None:
    """A line of what was asked for, on stdout."""
    print(printable(text), flush=True)


def call(text: str) -> None:
    """A bell and a notification, where stderr is a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(attention(text, os.environ))
        sys.stderr.flush()


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> list[str]:
    """Lines of an aligned table with a head. Columns in `right` are flush right."""
    return aligned([head, *rows], right=right)


def aligned(rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> list[str]:
    """Lines of cells under each other, made printable, on one line each. Columns in `right` are flush right."""
    cells = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(cell_width, column)) for column in zip(*cells, strict=True)]
    lines = []
    for row in cells:
        parts = []
        for column, cell in enumerate(row):
            gap = " " * (widths[column] - cell_width(cell))
            parts.append(gap + cell if column in right else cell + gap)
        lines.append("  ".join(parts).rstrip())
    return lines
