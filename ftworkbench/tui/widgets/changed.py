"""Which cells of a line differ: what is sent to a terminal far away is only these."""

from __future__ import annotations

from itertools import repeat

from rich.cells import get_character_cell_size
from rich.style import Style
from textual.strip import Strip


def _cells(strip: Strip | None) -> list[tuple[str, Style | None]]:
    cells: list[tuple[str, Style | None]] = []
    for text, style, _ in strip or ():
        if text.isascii():
            cells += zip(text, repeat(style))
            continue
        for char in text:
            cells.append((char, style))
            cells += [("", style)] * (get_character_cell_size(char) - 1)
    return cells


def changed_cells(before: Strip | None, now: Strip | None) -> tuple[int, int] | None:
    """The first cell that differs, and the one after the last; None where the two look the same."""
    if before == now:
        return None
    old, new = _cells(before), _cells(now)
    length = max(len(old), len(new))
    blank = ("\0", None)
    old += [blank] * (length - len(old))
    new += [blank] * (length - len(new))
    first = next((place for place in range(length) if old[place] != new[place]), None)
    if first is None:
        return None
    last = next(place for place in range(length - 1, -1, -1) if old[place] != new[place])
    return first, last + 1
