"""Texts beside each other, as a terminal shows them."""

from __future__ import annotations

from collections.abc import Sequence

from ftworkbench.printable import cell_width, printable

GAP = 3


def column_width(many: int, width: int) -> int:
    """The cells that each of so many columns has."""
    return max((width - GAP * (many - 1)) // max(many, 1), 10)


def columns(blocks: Sequence[Sequence[str]], column: int) -> list[str]:
    """Blocks of lines beside each other; each line has to be printable, and of at most `column` cells."""
    height = max(map(len, blocks), default=0)
    lines = []
    for index in range(height):
        cells = [block[index] if index < len(block) else "" for block in blocks]
        lines.append((" " * GAP).join(cell + " " * (column - cell_width(cell)) for cell in cells).rstrip())
    return lines


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` cells, broken anywhere: what was answered, to the letter."""
    lines = []
    for paragraph in printable(text).split("\n"):
        line = ""
        for char in paragraph:
            if cell_width(line + char) > width:
                lines.append(line)
                line = ""
            line += char
        lines.append(line)
    return lines
