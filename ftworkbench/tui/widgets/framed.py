"""Border and padding around the lines of a pane, worked out once for all of its lines.

Textual looks the styles of border, padding, outline and opacity up anew for each line that it draws: a third of the
time of a page of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual._border import get_box
from textual._styles_cache import StylesCache
from textual.color import Color
from textual.css.styles import StylesBase
from textual.css.types import EdgeType
from textual.geometry import Size, Spacing
from textual.strip import Strip
from textual.style import Style


@dataclass(frozen=True)
class _Frame:
    """What stands left and right of each line of content, and which lines those are."""

    top: int
    end: int
    ground: RichStyle
    left: tuple[Segment, ...]
    right: tuple[Segment, ...]


class FramedLines(StylesCache):
    """Draws the lines of content between their borders; leaves all else, and all that is not plain, to Textual."""

    def __init__(self) -> None:
        super().__init__()
        self._frame: _Frame | None = None
        self._is_known = False

    def render(self, *styles: Any, **more: Any) -> list[Strip]:
        self._is_known = False  # any style may be another since
        return super().render(*styles, **more)

    def render_line(self, styles: StylesBase, y: int, size: Size, *rest: Any) -> Strip:
        content_size, padding, base_background, background, render_content_line, _, _, opacity, *_ = rest
        if not self._is_known:
            plain = opacity == 1 and _is_plain(styles)
            self._frame = self._framed(styles, content_size, padding, base_background, background) if plain else None
            self._is_known = True
        frame = self._frame
        if frame is None or not frame.top <= y < frame.end:
            return super().render_line(styles, y, size, *rest)
        line = render_content_line(y - frame.top).adjust_cell_length(content_size.width, frame.ground)
        return Strip((*frame.left, *line, *frame.right), size.width)

    def _framed(self, styles: StylesBase, content: Size, padding: Spacing, base: Color, background: Color) -> _Frame:
        inner, outer = self.get_inner_outer(base, background)
        _, (right, right_colour), _, (left, left_colour) = styles.border

        def border(kind: EdgeType, colour: Color, place: int) -> list[Segment]:
            return [get_box(kind, inner, outer, Style(foreground=base + colour))[1][place]] if kind else []

        def room(cells: int) -> list[Segment]:
            return [Segment(" " * cells, inner.rich_style)] if cells else []

        top = styles.gutter.top
        return _Frame(
            top,
            top + content.height,
            inner.rich_style,
            (*border(left, left_colour, 0), *room(padding.left)),
            (*room(padding.right), *border(right, right_colour, 2)),
        )


def _is_plain(styles: StylesBase) -> bool:
    """Whether lines have border and padding beside them, and nothing is done to them themselves."""
    changed = styles.tint.a or styles.text_opacity != 1 or styles.has_rule("hatch")
    return not changed and not any(kind for kind, _ in styles.outline)
