"""Which cells of a line differ: what is sent to a terminal far away is only these."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

from rich.cells import get_character_cell_size
from rich.style import Style
from textual.strip import Strip

# Cells: two regions to paint take longer than one.
_GAP = 12


Cell = tuple[str, Style | None]
"""What stands in a cell; the second one of a wide character holds nothing."""


def cells(strip: Strip | None) -> list[Cell]:
    """The cells of a line: as many as it is wide, but where it has characters without a width."""
    found: list[Cell] = []
    for text, style, _ in strip or ():
        if text.isascii():
            found += zip(text, repeat(style))
            continue
        for char in text:
            found.append((char, style))
            found += [("", style)] * (get_character_cell_size(char) - 1)
    return found


def changed_cells(before: Strip | None, now: Strip | None) -> tuple[int, int] | None:
    """The first cell that differs, and the one after the last; None where the two look the same."""
    runs = changed_runs(before, now)
    return (runs[0][0], runs[-1][1]) if runs else None


def changed_runs(before: Strip | None, now: Strip | None) -> list[tuple[int, int]]:
    """The stretches of cells that differ, as `differing` gives them."""
    if before == now:
        return []
    old, new = cells(before), cells(now)
    length = max(len(old), len(new))
    blank = ("\0", None)
    return differing(old + [blank] * (length - len(old)), new + [blank] * (length - len(new)))


def differing(old: Sequence[Cell], new: Sequence[Cell], gap: int = _GAP) -> list[tuple[int, int]]:
    """The stretches in which two lines of the same length differ, each with its first cell and the one after its last.

    Where fewer than `gap` cells between two stretches are the same, they are one. None begins or ends within a wide
    character.
    """
    runs: list[tuple[int, int]] = []
    for place, (one, other) in enumerate(zip(old, new, strict=True)):
        if one == other:
            continue
        if runs and place - runs[-1][1] < gap:
            runs[-1] = (runs[-1][0], place + 1)
        else:
            runs.append((place, place + 1))
    return [_whole(old, new, *run) for run in runs]


def _whole(old: Sequence[Cell], new: Sequence[Cell], first: int, end: int) -> tuple[int, int]:
    while first > 0 and not (old[first][0] and new[first][0]):
        first -= 1
    while end < len(new) and not (old[end][0] and new[end][0]):
        end += 1
    return first, end
