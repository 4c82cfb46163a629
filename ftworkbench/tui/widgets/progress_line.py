"""A bar in a line of text."""

from __future__ import annotations

from textual.content import Content


def bar(fraction: float | None, width: int, style: str = "$primary") -> Content:
    """`fraction` of `width` cells drawn heavy, to half a cell; all of it light where nothing is known."""
    if width <= 0:
        return Content("")
    if fraction is None:
        return Content.styled("─" * width, "$line")
    halves = round(2 * width * max(0.0, min(fraction, 1.0)))
    whole, half = divmod(halves, 2)
    rest = width - whole - half
    return Content.assemble(("━" * whole + "╸" * half, style), ("─" * rest, "$line"))
