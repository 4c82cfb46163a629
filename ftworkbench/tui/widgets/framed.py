"""Border and padding around the lines of a pane, worked out once for all of its lines, and painted without them.

Textual looks the styles of border, padding, outline and opacity up anew for each line that it draws: a third of the
time of a page of rows. And it paints all of a pane where only its border is another, as when the focus moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual._border import get_box
from textual._styles_cache import StylesCache
from textual.color import Color
from textual.css.styles import StylesBase
from textual.css.types import EdgeType
from textual.geometry import Region, Size, Spacing
from textual.strip import Strip
from textual.style import Style
from textual.widget import Widget


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


class FramePainted(Widget):
    """A pane that paints its frame where Textual asks it to paint itself: it knows best what changed within.

    `paint_all` paints the lines as well, and whoever draws them calls it when they are others.
    """

    _sides: tuple[object, ...] = ()
    _looks: tuple[object, ...] = ()

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        if repaint and not regions and not layout and not recompose:
            regions = tuple(self._frame_regions())
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def paint_all(self) -> None:
        super().refresh()

    def notify_style_update(self) -> None:
        """Paints all where the ground or the text look different: not because the focus, or a border, is elsewhere."""
        super().notify_style_update()
        looks = self.app.theme, self.visual_style
        if looks != self._looks:
            self._looks = looks
            self.paint_all()

    def _frame_regions(self) -> Iterator[Region]:
        """Above and below the content, and beside it where the border is another; regions count from its beginning."""
        styles, (width, height) = self.styles, self.outer_size
        frame = styles.gutter
        left, top = -self.content_offset.x, -self.content_offset.y
        yield Region(left, top, width, max(frame.top, 1))
        yield Region(left, top + height - max(frame.bottom, 1), width, max(frame.bottom, 1))
        sides = styles.border_left, styles.border_right
        if sides != self._sides:
            self._sides = sides
            yield Region(left, top, max(frame.left, 1), height)
            yield Region(left + width - max(frame.right, 1), top, max(frame.right, 1), height)
