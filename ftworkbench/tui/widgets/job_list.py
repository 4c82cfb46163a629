"""The jobs of the workspace, newest first; below them the sessions, which only serve others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ftworkbench.tui.widgets.item_list import ItemList
from ftworkbench.tui.widgets.job_words import job_line

Entry = Mapping[str, Any]


class JobList(ItemList[Entry]):
    """Entries as `steps.jobs.summary` gives them."""

    def __init__(self, *, empty: str, id: str | None = None) -> None:  # noqa: A002
        super().__init__(job_line, lambda entry: entry["job"], empty=empty, id=id)

    def show_jobs(self, entries: Sequence[Entry]) -> None:
        """Shows `entries`, which come oldest first."""
        newest = list(reversed(entries))
        newest.sort(key=lambda entry: entry["kind"] == "session")
        self.show(newest)
