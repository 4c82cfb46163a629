"""The jobs of the workspace, newest first; below them the sessions, which only serve others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textual.content import Content

from ftworkbench.tui.widgets.item_list import ItemList
from ftworkbench.tui.widgets.job_words import job_line

Entry = Mapping[str, Any]


class JobList(ItemList[Entry]):
    """Entries as `steps.jobs.summary` gives them."""

    def __init__(self, *, empty: str, id: str | None = None) -> None:  # noqa: A002
        super().__init__(self._line, lambda entry: entry["job"], empty=empty, id=id)
        self._signs: Mapping[str, tuple[str, str]] = {}

    def show_signs(self, signs: Mapping[str, tuple[str, str]]) -> None:
        """Shows these signs, each with its style, before the jobs of these names; a column for them where there are."""
        self._signs = dict(signs)
        self.show(self.items)

    def _line(self, entry: Entry, width: int) -> Content:
        if not self._signs:
            return job_line(entry, width)
        sign, style = self._signs.get(str(entry["job"]), (" ", ""))
        return Content.assemble((sign, style), " ", job_line(entry, width - 2))

    def show_jobs(self, entries: Sequence[Entry]) -> None:
        """Shows `entries`, which come oldest first."""
        self.show(newest_first(entries))


def newest_first(entries: Sequence[Entry]) -> list[Entry]:
    """Entries that come oldest first, turned round; sessions behind all others."""
    newest = list(reversed(entries))
    newest.sort(key=lambda entry: entry["kind"] == "session")
    return newest
