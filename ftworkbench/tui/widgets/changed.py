"""Which cells of a line differ: what is sent to a terminal far away is only these."""

from __future__ import annotations

from itertools import repeat

from rich.cells import get_character_cell_size
from rich.style import Style
from textual.strip import Strip

# Cells: to place the cursor and to say a style again takes some forty bytes.
_GAP = 12


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
    runs = changed_runs(before, now)
    return (runs[0][0], runs[-1][1]) if runs else None


def changed_runs(before: Strip | None, now: Strip | None) -> list[tuple[int, int]]:
    """The stretches of cells that differ, each with its first cell and the one after its last.

    Where fewer than twelve cells between two stretches are the same, they are one: to move on costs more.
    """
    if before == now:
        return []
    old, new = _cells(before), _cells(now)
    length = max(len(old), len(new))
    blank = ("\0", None)
    old += [blank] * (length - len(old))
    new += [blank] * (length - len(new))
    runs: list[tuple[int, int]] = []
    for place, (one, other) in enumerate(zip(old, new, strict=True)):
        if one == other:
            continue
        if runs and place - runs[-1][1] < _GAP:
            runs[-1] = (runs[-1][0], place + 1)
        else:
            runs.append((place, place + 1))
    return runs
