"""The form of a recipe: one line for each option, its value, and where the value comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from ftworkbench.printable import one_line
from ftworkbench.tui.widgets.cursor_list import CursorList
from ftworkbench.tui.widgets.row_pen import fit

_NAME_WIDTH = 28
_WAS_WIDTH = 16
LEFT_OUT = "left out"


@dataclass(frozen=True)
class FormLine:
    """A line of the form: an option, or (with no name) the heading of a table.

    `origin` says where the value comes from: "" the file, "default", or "chosen" for this machine. `was` is what it is
    in the recipe that is compared with, where that is something else.
    """

    table: str
    name: str = ""
    value: str = ""
    origin: str = ""
    unit: str = ""
    wrong: bool = False
    was: str = ""
    noted: bool = False
    note: str = ""

    @property
    def key(self) -> str:
        return f"{self.table}.{self.name}"


class Form(CursorList):
    """The options of a recipe by table. Headings cannot hold the cursor."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "form--cursor", "form--blurred", "form--heading", "form--muted", "form--value", "form--changed", "form--wrong",
    }  # fmt: skip
    DEFAULT_CSS = """
    Form .form--cursor { background: $row-cursor; }
    Form .form--blurred { background: $row-cursor-blurred; }
    Form .form--heading { color: $accent; }
    Form .form--muted { color: $text-muted; }
    Form .form--value { color: $primary; }
    Form .form--changed { color: $warning; }
    Form .form--wrong { color: $error; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes="pane")
        self._lines: Sequence[FormLine] = ()

    @property
    def count(self) -> int:
        return len(self._lines)

    def can_stand_on(self, place: int) -> bool:
        return bool(self._lines[place].name)

    @property
    def line(self) -> FormLine | None:
        """The option under the cursor."""
        if 0 <= self.cursor < len(self._lines) and self._lines[self.cursor].name:
            return self._lines[self.cursor]
        return None

    def show(self, lines: Sequence[FormLine]) -> None:
        """Shows these lines; the cursor stays on its option where that is still there."""
        here = self.line.key if self.line is not None else ""
        self._lines = lines
        self.resize()
        place = next((place for place, line in enumerate(lines) if line.name and line.key == here), 0)
        before = self.cursor
        self.move_to(place)
        self.scroll_to_cursor()
        self.refresh()
        if self.cursor == before:
            self.tell_moved()

    def go_to(self, key: str) -> bool:
        """Puts the cursor on that option; False where it is not shown."""
        for place, line in enumerate(self._lines):
            if line.name and line.key == key:
                self.move_to(place)
                return True
        return False

    def render_line(self, y: int) -> Strip:
        place = y + round(self.scroll_y)
        width = self.scrollable_content_region.width
        if not 0 <= place < len(self._lines):
            return Strip.blank(width, self.rich_style)
        line = self._lines[place]
        if not line.name:
            heading = f" [{line.table}]"
            note = fit(f"  {line.note}", width - cell_len(heading))
            parts = [Segment(heading, self.rich_style + self._colour("heading") + Style(bold=True)),
                     Segment(note, self.rich_style + self._colour("muted"))]  # fmt: skip
            return Strip(parts).adjust_cell_length(width, self.rich_style)
        look = ("cursor" if self.has_focus else "blurred") if place == self.cursor else ""
        return self._draw(line, look, width)

    def _draw(self, line: FormLine, look: str, width: int) -> Strip:
        base = self.get_component_rich_style(f"form--{look}") if look else self.rich_style
        mark, mark_style = " ", "muted"
        if line.wrong:
            mark, mark_style = "!", "wrong"
        elif line.was:
            mark, mark_style = "*", "changed"
        elif line.noted:
            mark, mark_style = "i", "changed"
        name_width = min(_NAME_WIDTH, width // 2)
        origin = _was(line.was) if line.was else f" {line.origin}" if line.origin else ""
        room = width - 4 - name_width - cell_len(origin) - 1
        shown = one_line(line.value, 200) + (f" {line.unit}" if line.unit and line.value else "")
        style = "wrong" if line.wrong else "muted" if line.origin else "value"
        return Strip(
            [
                Segment("▸" if look else " ", base),
                Segment(f"{mark} ", base + self._colour(mark_style)),
                Segment(fit(one_line(line.name), name_width), base),
                Segment(" ", base),
                Segment(fit(shown or "not set", max(room, 4)), base + self._colour(style)),
                Segment(f"{origin} ", base + self._colour("changed" if line.was else "muted")),
            ]
        ).adjust_cell_length(width, base)

    def _colour(self, name: str) -> Style:
        return Style(color=self.get_component_rich_style(f"form--{name}", partial=True).color)


def _was(value: str) -> str:
    return " added" if value == LEFT_OUT else f" was {one_line(value, _WAS_WIDTH)}"
