"""The line at the top: the six screens, the workspace, and the job that is at work."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Region
from textual.reactive import reactive
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from ftworkbench.jobs.names import short_name
from ftworkbench.printable import cell_width
from ftworkbench.tui.actions import SCREENS
from ftworkbench.tui.text import shown_line
from ftworkbench.tui.watch import Live
from ftworkbench.tui.widgets.changed import changed_cells

_LONGEST_NAME = 24
_SHORTEST_NAME = 8


class TopBar(Widget):
    """One line. The present screen is bold and stands in brackets of a kind, so that it needs no colour."""

    current: reactive[str] = reactive("")
    workspace: reactive[str] = reactive("")
    live: reactive[Live | None] = reactive(None, repaint=False)

    def __init__(self, current: str, workspace: str) -> None:
        super().__init__()
        self.set_reactive(TopBar.current, current)
        self.set_reactive(TopBar.workspace, workspace)
        self._drawn: tuple[object, Strip | None] | None = None

    def render(self) -> Content:
        return self._text(self.live)

    def watch_live(self, before: Live | None, now: Live | None) -> None:
        """Paints only the cells that differ: it changes every second while a job runs."""
        look = (self.size.width, self.visual_style)
        if self._drawn is None or self._drawn[0] != look:
            self._drawn = (look, self._strip(before))
        old, new = self._drawn[1], self._strip(now)
        self._drawn = (look, new)
        changed = changed_cells(old, new)
        if changed is not None:
            self.refresh(Region(changed[0], 0, changed[1] - changed[0], 1))

    def _strip(self, live: Live | None) -> Strip | None:
        strips = Visual.to_strips(self, self._text(live), self.size.width, 1, self.visual_style, pad=True)
        return strips[0] if strips else None

    def _text(self, live: Live | None) -> Content:
        """Tabs, workspace and job. Where there is little room the names are cut: no figure is."""
        figures = _figures(live)
        at_work = cell_width(figures) + 4 if live else 0
        tabs = self._tabs(at_work + _SHORTEST_NAME)
        room = self.size.width - tabs.cell_length - 2
        name = shown_line(self.workspace, max(room - at_work, 0), "$text-muted")
        right = _live_text(live, figures, room - min(name.cell_length, _SHORTEST_NAME) - 2)
        room -= right.cell_length + (2 if live else 0)
        fits = room >= min(name.cell_length, _SHORTEST_NAME)
        name = shown_line(self.workspace, room, "$text-muted") if fits and room > 0 else Content("")
        return Content.assemble(tabs, " " * max(room - name.cell_length + 1, 1), name, "  " if live else "", right, " ")

    def _tabs(self, wanted: int) -> Content:
        """The tabs by name where that leaves `wanted` cells beside them, else the others by their digits alone."""
        tabs = _tabs(self.current)
        return tabs if self.size.width - 2 - tabs.cell_length >= wanted else _tabs(self.current, digits=True)


def _tabs(current: str, *, digits: bool = False) -> Content:
    parts: list[Content | str] = []
    for number, name in enumerate(SCREENS, 1):
        if name == current:
            parts.append(Content.styled(f"▐{number} {name.capitalize()}▌", "bold reverse $primary"))
        else:
            parts += [" ", Content.styled(str(number), "$primary"), "" if digits else f" {name.capitalize()}", " "]
    return Content("").join(parts)


def _figures(live: Live | None) -> str:
    if live is None:
        return ""
    figures = live.phase if live.fraction is None else f"{live.fraction:.0%}"
    return figures if live.loss is None else f"{figures} {live.loss:.2f}"


def _live_text(live: Live | None, figures: str, room: int) -> Content:
    """The job at work in `room` cells: its name is cut, or left out, before its figures are."""
    if live is None:
        return Content("")
    left = min(_LONGEST_NAME, room - cell_width(figures) - 3)
    name = shown_line(short_name(live.name), left, "bold") if left > _SHORTEST_NAME else Content("")
    gap = " " if name else ""
    return Content.assemble(Content.styled("● ", "$success"), name, gap, shown_line(figures, cell_width(figures)))
