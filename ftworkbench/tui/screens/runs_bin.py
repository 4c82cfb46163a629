"""The part of the Runs screen that removes jobs and brings them back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ftworkbench.figures import size
from ftworkbench.tui.screens.jobs_screen import JobsScreen
from ftworkbench.tui.widgets.history_pane import HistoryPane
from ftworkbench.tui.widgets.job_list import Entry, JobList
from ftworkbench.tui.widgets.job_words import job_title

if TYPE_CHECKING:
    from ftworkbench.jobs.folder import Job

REMEMBERING = "-history"
"""The class of the screen while the history is what is seen."""


class RunsBin(JobsScreen):
    """Removes the job under the cursor of what is seen, the jobs or the history, and brings back the last removed."""

    _wanted: str | None = None  # the job that the cursor goes to once it is listed

    @property
    def _history(self) -> HistoryPane:
        return self.query_one(HistoryPane)

    @property
    def _remembers(self) -> bool:
        """Whether the history is what is seen."""
        return self.has_class(REMEMBERING)

    def action_remove(self) -> None:
        entry = self._need_entry()
        if entry is None:
            return
        job = self.job_named(entry["job"])

        def work() -> list[str]:
            from ftworkbench.jobs.folder import list_jobs
            from ftworkbench.steps.removal import consequences

            return consequences(job, list_jobs(job.workspace))

        self.launch(work, partial(self._ask_to_remove, entry), doing="looking what refers to it", group="remove")

    def _ask_to_remove(self, entry: Entry, consequences: Sequence[str]) -> None:
        from ftworkbench.tui.widgets.dialogs import Answer, Ask

        held = size(entry["bytes"])
        text = f"It goes into the bin, from where u brings it back. Its {held} are free once the bin is emptied."
        lines = [text, *(f"{line[0].upper()}{line[1:]}." for line in consequences)]
        self.app.push_screen(
            Ask(f"Remove {job_title(entry)}?", "\n".join(lines), [Answer("X", "into the bin", "remove")]),
            lambda said: self._remove(entry) if said else None,
        )

    def _remove(self, entry: Entry) -> None:
        job = self.job_named(entry["job"])

        def work() -> None:
            from ftworkbench.jobs.bin import remove

            remove(job)

        self.launch(work, lambda _: self._removed(entry), doing="removing it", group="remove")

    def _removed(self, entry: Entry) -> None:
        """The cursor goes on to the job below, and not to the top."""
        for jobs in (self._history.jobs, self.query_one("#jobs", JobList)):
            names = [each["job"] for each in jobs.items]
            if entry["job"] in names and len(names) > 1:
                place = names.index(entry["job"])
                jobs.go_to(names[place + 1] if place + 1 < len(names) else names[place - 1])
        self.take_jobs([each for each in self.entries.values() if each["job"] != entry["job"]])
        self.workbench.tell(f"{job_title(entry)} is in the bin; u brings it back")
        self._count_bin()

    def action_bring_back(self) -> None:
        workspace = self.workbench.workspace

        def work() -> Job | None:
            from ftworkbench.jobs.bin import binned, restore

            there = binned(workspace)
            return restore(there[-1].job) if there else None

        self.launch(work, self._is_back, doing="bringing it back", group="remove")

    def _is_back(self, job: Job | None) -> None:
        if job is None:
            self.workbench.tell("the bin is empty: there is nothing to bring back")
            return
        self._wanted = job.name
        self.workbench.tell(f"{job.short} is back")
        self._count_bin()

    def _count_bin(self) -> None:
        workspace = self.workbench.workspace

        def work() -> tuple[int, int]:
            from ftworkbench.steps.removal import bin_entries

            entries = bin_entries(workspace)
            return len(entries), sum(entry["bytes"] for entry in entries)

        self.launch(work, lambda found: self._history.show_bin(*found), doing="looking into the bin", group="bin")

    def _chosen_entry(self) -> Entry | None:
        """The job under the cursor of what is seen."""
        return self._history.item if self._remembers else self.query_one("#jobs", JobList).item

    def _need_entry(self) -> Entry | None:
        entry = self._chosen_entry()
        if entry is None:
            self.workbench.tell("no job is chosen")
        return entry
