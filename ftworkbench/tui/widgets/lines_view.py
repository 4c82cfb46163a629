"""A text of styled lines that scrolls, and draws anew only the lines that changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style
from textual.visual import Visual

from ftworkbench.tui.actions import bindings
from ftworkbench.tui.widgets.changed import changed_runs
from ftworkbench.tui.widgets.framed import FramedLines, FramePainted

Lines = Callable[[int], Sequence[Content]]
"""What is to be seen in so many cells, one Content a line. It has to be made by `tui.text`, as all data has."""


class LinesView(ScrollView, FramePainted, can_focus=True, inherit_bindings=False):
    """Shows lines; they are worked out again when the width changes."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("text")]
    DEFAULT_CSS = "LinesView { overflow-x: hidden; }"

    def __init__(self, *, id: str | None = None, classes: str = "pane") -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._styles_cache = FramedLines()
        self._lines: Lines = lambda _: ()
        self._strips: list[Strip] = []
        self._width = 0
        self._drawn_in: tuple[object, ...] = ()

    def show(self, lines: Lines, *, top: bool = True) -> None:
        """Shows other lines, from their top unless told to stay where it is."""
        self._lines = lines
        self._draw()
        if top or len(self._strips) <= self.scrollable_content_region.height:
            # By force: a page that fits has no scroll bar that would allow it.
            self.scroll_to(y=0, animate=False, immediate=True, force=True)

    def fit(self) -> None:
        """Takes no more lines than there are, where it is as high as it has to be: it only grows by itself."""
        self.virtual_size = Size(self._width, len(self._strips))

    def _draw(self, *, all_anew: bool = False, again: bool = False) -> None:
        width = self.scrollable_content_region.width
        if width <= 0:
            return
        before, old_width = self._strips, self._width
        self._drawn_in = self._appearance
        strips = self._strips_of(self._lines(width), width)
        self._strips, self._width = strips, width
        # Another virtual size lays the whole screen out anew, so it stays the same while everything fits.
        self.virtual_size = Size(width, max(len(strips), self.scrollable_content_region.height))
        self._refresh_scrollbars()
        if not again and self.scrollable_content_region.width != width:
            self._draw(all_anew=True, again=True)  # a scroll bar came, or went
            return
        if all_anew or old_width != width:
            self.paint_all()
            return
        top = round(self.scroll_y)
        regions = []
        for y in range(self.scrollable_content_region.height):
            runs = changed_runs(self._strip(before, top + y), self._strip(strips, top + y))
            regions += [Region(first, y, min(end, width) - first, 1) for first, end in runs]
        if regions:
            self.refresh(*regions)

    def _strips_of(self, lines: Sequence[Content], width: int) -> list[Strip]:
        """The lines drawn. Those that fit need none of what Textual does for any content: wrapping and aligning it."""
        base = self.visual_style
        ground = (base + Style(reverse=False)).rich_style
        looks: dict[Style, RichStyle] = {}
        strips: list[Strip] = []
        for line in lines:
            if line.cell_length > width or "\n" in line.plain:
                strips += Visual.to_strips(self, line, width, 1, base, apply_selection=False, pad=True)
                continue
            segments = []
            for text, style in line.render(base, end="", parse_style=self._get_style):
                if style not in looks:
                    looks[style] = (base + style).rich_style
                segments.append(Segment(text, looks[style]))
            strips.append(Strip(segments, line.cell_length).extend_cell_length(width, ground))
        return strips

    @staticmethod
    def _strip(strips: list[Strip], place: int) -> Strip | None:
        return strips[place] if place < len(strips) else None

    def on_resize(self) -> None:
        self._draw()

    def notify_style_update(self) -> None:
        """Draws anew where it looks different: not because the focus, or a border, is elsewhere."""
        super().notify_style_update()
        if self._strips and self._appearance != self._drawn_in:
            self.call_later(self._draw, all_anew=True)

    @property
    def _appearance(self) -> tuple[object, ...]:
        """What the looks of the lines come from: the theme that names its colours, and this widget's own style."""
        return self.app.theme, self.visual_style

    def render_line(self, y: int) -> Strip:
        place = y + round(self.scroll_y)
        if place < len(self._strips):
            return self._strips[place]
        return Strip.blank(self.scrollable_content_region.width, self.rich_style)

    # Moving

    def scroll_lines(self, lines: int) -> None:
        self.scroll_to(y=self.scroll_y + lines, animate=False, immediate=True)

    def action_scroll_down(self) -> None:
        self.scroll_lines(1)

    def action_scroll_up(self) -> None:
        self.scroll_lines(-1)

    def action_half_down(self) -> None:
        self.scroll_lines(max(self.size.height // 2, 1))

    def action_half_up(self) -> None:
        self.scroll_lines(-max(self.size.height // 2, 1))

    def action_page_down(self) -> None:
        self.scroll_lines(self.size.height)

    def action_page_up(self) -> None:
        self.scroll_lines(-self.size.height)

    def action_scroll_home(self) -> None:
        self.scroll_to(y=0, animate=False, immediate=True)

    def action_scroll_end(self) -> None:
        self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True)


def wrapped(content: Content, width: int, label: Content | None = None, gutter: int = 0) -> list[Content]:
    """`content` wrapped to `width` cells, its lines after a gutter whose first line has the label."""
    inner = max(width - gutter, 8)
    lines: list[Content] = []
    for part in content.split("\n", allow_blank=True) or [Content("")]:
        lines += part.wrap(inner) or [Content("")]
    blank = Content(" " * gutter)
    first = blank if label is None else label.truncate(gutter, pad=True)
    return [Content.assemble(first if place == 0 else blank, line) for place, line in enumerate(lines)]


def beside(blocks: Sequence[Sequence[Content]], widths: Sequence[int], gap: int = 0) -> list[Content]:
    """Blocks of lines beside each other, each cut or filled to its width, with so many cells between them."""
    height = max(map(len, blocks), default=0)
    last, space = len(blocks) - 1, Content(" " * gap)
    return [
        space.join(
            (block[row] if row < len(block) else Content("")).truncate(width, pad=place < last)
            for place, (block, width) in enumerate(zip(blocks, widths, strict=True))
        )
        for row in range(height)
    ]
