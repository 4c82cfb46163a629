"""The history: every job of the workspace on a line, and the one under the cursor in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content

from ftworkbench.figures import count, size
from ftworkbench.jobs.matching import matches
from ftworkbench.tui.actions import bindings
from ftworkbench.tui.text import entitle
from ftworkbench.tui.widgets.history_words import detail_lines, head_line, history_line
from ftworkbench.tui.widgets.item_list import ItemList
from ftworkbench.tui.widgets.job_list import Entry, newest_first
from ftworkbench.tui.widgets.lines_view import LinesView

_EMPTY = "No job has run here yet. The Recipe screen (2) trains; b there measures the baseline first."


class HistoryList(ItemList[Entry]):
    """Jobs, one a line."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(self._line, lambda entry: entry["job"], empty=_EMPTY, id=id, classes="inner")
        self.with_cost = False

    def _line(self, entry: Entry, width: int) -> Content:
        return history_line(entry, width, with_cost=self.with_cost)


class HistoryPane(Vertical):
    """Shows entries as `steps.jobs.summary` gives them, and only those that match `words`."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("history")]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes="pane")
        self.words = ""
        self._entries: Sequence[Entry] = ()
        self._bin = (0, 0)

    def compose(self) -> ComposeResult:
        yield LinesView(id="history-head", classes="inner")
        yield HistoryList(id="history-list")
        yield LinesView(id="history-detail", classes="inner")

    def on_mount(self) -> None:
        for name in ("history-head", "history-detail"):
            self.query_one(f"#{name}").can_focus = False

    @property
    def jobs(self) -> HistoryList:
        return self.query_one(HistoryList)

    @property
    def item(self) -> Entry | None:
        """The job under the cursor."""
        return self.jobs.item

    def show_jobs(self, entries: Sequence[Entry]) -> None:
        """Shows the jobs of the workspace, which come oldest first."""
        self._entries = entries
        self._refresh()

    def search(self, words: str) -> None:
        """Shows only the jobs with all of these words; all with none."""
        self.words = words.strip()
        self._refresh()

    def show_bin(self, jobs: int, held: int) -> None:
        """Says how many jobs are in the bin, and how many bytes they take."""
        self._bin = (jobs, held)
        self._entitle()

    def show_chosen(self) -> None:
        """Shows the job under the cursor in full."""
        entry = self.item
        self.query_one("#history-detail", LinesView).show(
            lambda width: [] if entry is None else detail_lines(entry, width), top=False
        )

    def _refresh(self) -> None:
        found = newest_first([entry for entry in self._entries if matches(entry, self.words)])
        jobs = self.jobs
        jobs.with_cost = any(entry["cost"] is not None for entry in self._entries)
        with_cost = jobs.with_cost
        self.query_one("#history-head", LinesView).show(lambda width: [head_line(width - 1, with_cost=with_cost)])
        jobs.show(found, empty=f"No job has all of these words: {self.words}" if self.words else _EMPTY)
        self.show_chosen()
        self._entitle()

    def _entitle(self) -> None:
        every = len(self._entries)
        title = f"History: {self.words}" if self.words else "History"
        shown = f"{self.jobs.count:,} of {every:,} jobs" if self.words else count(every, "job")
        held = f"{shown}, {size(sum(int(entry['bytes']) for entry in self._entries))}" if every else ""
        costs = [entry["cost"] for entry in self._entries if entry["cost"] is not None]
        held += f", cost {sum(costs):,.2f}" if costs else ""
        jobs, room = self._bin
        removed = f" · {count(jobs, 'removed', 'removed')}, {size(room)} in the bin, u brings back" if jobs else ""
        entitle(self, title, f"{held}{removed}".removeprefix(" · "))
