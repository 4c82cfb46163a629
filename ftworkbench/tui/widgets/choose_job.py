"""A dialog to choose a job in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from ftworkbench.tui.actions import bindings
from ftworkbench.tui.widgets.job_list import Entry, JobList


class ChooseJob(ModalScreen[str | None]):
    """Gives the name of the job that was chosen with enter; None for escape or `q`. `entries` come oldest first."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("choice")]
    CSS_PATH = "../styles/choose_job.tcss"

    def __init__(self, title: str, entries: Sequence[Entry], chosen: str | None) -> None:
        super().__init__(classes="dialog")
        self._title, self._entries, self._chosen = title, entries, chosen

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = "enter choose · esc close"
            yield JobList(empty="There is none yet.")

    def on_mount(self) -> None:
        jobs = self.query_one(JobList)
        jobs.remove_class("pane")
        jobs.show_jobs(self._entries)
        jobs.go_to(self._chosen)

    def action_choose(self) -> None:
        entry = self.query_one(JobList).item
        self.dismiss(None if entry is None else str(entry["job"]))

    def action_cancel(self) -> None:
        self.dismiss(None)
