"""The line at the top: the six screens, the workspace, and the job that is at work."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from ftworkbench.printable import cell_width
from ftworkbench.tui.actions import SCREENS
from ftworkbench.tui.text import shown_line
from ftworkbench.tui.watch import Live


class TopBar(Widget):
    """One line. The present screen is bold and stands in brackets of a kind, so that it needs no colour."""

    current: reactive[str] = reactive("")
    workspace: reactive[str] = reactive("")
    live: reactive[Live | None] = reactive(None)

    def __init__(self, current: str, workspace: str) -> None:
        super().__init__()
        self.set_reactive(TopBar.current, current)
        self.set_reactive(TopBar.workspace, workspace)

    def render(self) -> Content:
        width = self.size.width
        tabs = _tabs(self.current)
        right = _live_text(self.live)
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


def short_name(job: str) -> str:
    """A job's name without its date: `triage-3f2a`."""
    parts = job.split("-", 3)
    return parts[3] if len(parts) == 4 and parts[0].isdigit() else job


def _live_text(live: Live | None) -> Content:
    if live is None:
        return Content("")
    figures = f" {live.phase}" if live.fraction is None else f" {live.fraction:.0%}"
    if live.loss is not None:
        figures += f" {live.loss:.2f}"
    name = short_name(live.name)
    return Content.assemble(
        Content.styled("● ", "$success"),
        shown_line(name, 24, "bold"),
        shown_line(figures, cell_width(figures)),
    )
