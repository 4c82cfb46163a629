"""How a row looks in a list: mark, number, first words, answer, tags, in one line."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from ftworkbench.printable import one_line
from ftworkbench.tui.rows import MARKS, RowLine

_ANSWER_FROM = 44
_LOOKS = ("cursor", "blurred", "range")
_PARTS = ("accepted", "rejected", "muted", "problem", "tag")


class RowPen:
    """Draws rows with the styles that a widget has for them."""

    STYLES: ClassVar[set[str]] = {f"row-list--{name}" for name in (*_LOOKS, *_PARTS)}

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._shades: dict[str, dict[str, Style]] = {}

    def forget_styles(self) -> None:
        """They may be others now."""
        self._shades.clear()

    def draw(self, line: RowLine, look: str, width: int, digits: int, *, ranged: bool) -> Strip:
        """The row in `width` cells, its number in `digits`. `look` is `cursor`, `blurred`, `range` or nothing."""
        colour = self._shades_of(look)
        base, muted = colour[""], colour["muted"]
        pointer = "▸" if look in ("cursor", "blurred") else "┃" if ranged else " "
        segments = [
            Segment(pointer, colour["accepted"] if ranged else base),
            Segment(MARKS.get(line.status, "?"), colour.get(line.status, muted)),
            Segment("e" if line.edited else " ", colour["tag"] if line.edited else muted),
            Segment(f" {line.number:>{digits}} ", muted),
            Segment("! " if line.problems else "  ", colour["problem"] if line.problems else muted),
        ]
        room = width - 5 - len(segments[3].text)
        answer_room = min(24, room // 3) if room >= _ANSWER_FROM else 0
        tags = f" {one_line(' '.join(line.tags), 18)}" if line.tags and room > 24 else ""
        text_room = max(room - answer_room - cell_len(tags), 0)
        text = fit(one_line(line.text.strip(), room * 2), text_room)
        segments.append(Segment(text, muted if line.status == "rejected" else base))
        if tags:
            segments.append(Segment(tags, colour["tag"]))
        if answer_room:
            answer = one_line(line.answer.strip(), answer_room * 2) or (line.problems[0] if line.problems else "")
            segments.append(Segment(f" {fit(answer, answer_room - 1)}", muted))
        cells = width - room + text_room + cell_len(tags) + answer_room
        # Fewer segments are fewer bytes over the line
        return Strip(Segment.simplify(segments), cells).adjust_cell_length(width, base)

    def _shades_of(self, look: str) -> dict[str, Style]:
        """The colours of the parts of a line of that look, by name, each on its ground; of the rest by no name.

        Kept until the theme is another: asking for them costs as much as drawing a line.
        """
        shades = self._shades.get(look)
        if shades is None:
            base = self._component(look) if look else self._widget.rich_style
            shades = {part: base + Style(color=self._component(part, partial=True).color) for part in _PARTS}
            shades[""] = base
            self._shades[look] = shades
        return shades

    def _component(self, name: str, *, partial: bool = False) -> Style:
        return self._widget.get_component_rich_style(f"row-list--{name}", partial=partial)


def fit(text: str, width: int) -> str:
    """`text` in exactly `width` cells, cut with an ellipsis or filled with spaces."""
    if width <= 0:
        return ""
    if text.isascii():
        return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"
    if cell_len(text) > width:
        return set_cell_size(text, width - 1) + "…"
    return set_cell_size(text, width)
