"""The line at the top: the six screens, the workspace, and the job that is at work."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Region
from textual.reactive import reactive
from textual.visual import Visual
from textual.widget import Widget

from ftworkbench.jobs.names import short_name
from ftworkbench.printable import cell_width
from ftworkbench.tui.actions import SCREENS
from ftworkbench.tui.text import shown_line
from ftworkbench.tui.watch import Live
from ftworkbench.tui.widgets.changed import changed_cells

_LONGEST_NAME = 24


class TopBar(Widget):
    """One line. The present screen is bold and stands in brackets of a kind, so that it needs no colour."""

    current: reactive[str] = reactive("")
    workspace: reactive[str] = reactive("")
    live: reactive[Live | None] = reactive(None, repaint=False)

    def __init__(self, current: str, workspace: str) -> None:
        super().__init__()
        self.set_reactive(TopBar.current, current)
        self.set_reactive(TopBar.workspace, workspace)

    def render(self) -> Content:
        return self._text(self.live)

    def watch_live(self, before: Live | None, now: Live | None) -> None:
        """Paints only the cells that differ: it changes twice a second while a job runs."""
        width = self.size.width
        old, new = (
            Visual.to_strips(self, self._text(live), width, 1, self.visual_style, pad=True) for live in (before, now)
        )
        changed = changed_cells(old[0], new[0]) if old and new else None
        if changed is not None:
            self.refresh(Region(changed[0], 0, changed[1] - changed[0], 1))

    def _text(self, live: Live | None) -> Content:
        width = self.size.width
        tabs = _tabs(self.current)
        right = _live_text(live, width - tabs.cell_length - 4)
        room = width - tabs.cell_length - right.cell_length - 3
        name = shown_line(self.workspace, max(room, 0), "$text-muted") if room >= 8 else Content("")
        gap = width - tabs.cell_length - right.cell_length - name.cell_length - (3 if right else 1)
        return Content.assemble(tabs, " " * max(gap, 1), name, "  " if right else "", right, " ")


def _tabs(current: str) -> Content:
    parts: list[Content | str] = []
    for number, name in enumerate(SCREENS, 1):
        label = f"{number} {name.capitalize()}"
        if name == current:
            parts.append(Content.styled(f"▐{label}▌", "bold reverse $primary"))
        else:
            parts += [" ", Content.styled(str(number), "$primary"), f" {name.capitalize()}", " "]
    return Content("").join(parts)


def _live_text(live: Live | None, room: int) -> Content:
    """The job at work in `room` cells: its name is cut before its figures are."""
    if live is None:
        return Content("")
    figures = f" {live.phase}" if live.fraction is None else f" {live.fraction:.0%}"
    if live.loss is not None:
        figures += f" {live.loss:.2f}"
    name = short_name(live.name)
    return Content.assemble(
        Content.styled("● ", "$success"),
        shown_line(name, max(min(_LONGEST_NAME, room - cell_width(figures) - 2), 1), "bold"),
        shown_line(figures, cell_width(figures)),
    )
