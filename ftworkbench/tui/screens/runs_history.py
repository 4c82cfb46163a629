"""The part of the Runs screen that remembers: the history, marks, differences, running again, the queue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import on
from textual.widget import Widget

from ftworkbench.tui.screens.runs_bin import REMEMBERING, RunsBin
from ftworkbench.tui.widgets.history_pane import HistoryPane
from ftworkbench.tui.widgets.item_list import ItemList
from ftworkbench.tui.widgets.job_list import Entry, JobList
from ftworkbench.tui.widgets.job_words import job_title

if TYPE_CHECKING:
    from ftworkbench.jobs.folder import Job
    from ftworkbench.steps.differences import Difference, Side
    from ftworkbench.steps.rerun import Again


class RunsHistory(RunsBin):
    """The history stands in the place of the run, over the same jobs: the cursors of both lists go together."""

    def compose_history(self) -> Iterator[Widget]:
        yield HistoryPane(id="history")

    def show_history(self, entries: Sequence[Entry]) -> None:
        """Shows the workspace's jobs, oldest first, where the history is seen."""
        if self._remembers:
            self._history.show_jobs(entries)

    def action_history(self) -> None:
        """Shows the history, or the run again."""
        if self._remembers:
            self.action_show_run()
            return
        self.minimize()
        self.add_class(REMEMBERING)
        self._history.show_jobs(self.workbench.jobs)
        entry = self._chosen_entry()
        if entry is not None:
            self._history.jobs.go_to(entry["job"])
        self._history.jobs.focus()
        self._count_bin()

    def action_show_run(self) -> None:
        self.remove_class(REMEMBERING)
        self.query_one("#jobs", JobList).focus()

    @on(ItemList.Moved, "#history-list")
    def _history_moved(self) -> None:
        pane = self._history
        pane.show_chosen()
        if pane.item is not None:
            self.query_one("#jobs", JobList).go_to(pane.item["job"])

    def close_open(self) -> bool:
        if super().close_open():
            return True
        if self._remembers and self._history.words:
            self._history.search("")
            return True
        if self._remembers:
            self.action_show_run()
            return True
        return False

    def action_find(self) -> None:
        from ftworkbench.tui.widgets.dialogs import AskLine

        self.app.push_screen(
            AskLine("Find jobs", self._history.words, hint="Words of name, recipe, changes, verdict or note; or: star"),
            lambda words: None if words is None else self._history.search(words),
        )

    # Marks

    def action_star(self) -> None:
        entry = self._need_entry()
        if entry is not None:
            self._mark(entry, star=not entry["star"])

    def action_note(self) -> None:
        from ftworkbench.jobs.marks import LONGEST_NOTE
        from ftworkbench.tui.widgets.dialogs import AskLine

        entry = self._need_entry()
        if entry is None:
            return
        hint = f"A line of at most {LONGEST_NOTE} characters; an empty one takes the note away."
        self.app.push_screen(
            AskLine(f"Note on {job_title(entry)}", entry["note"], hint=hint),
            lambda note: None if note is None else self._mark(entry, note=note),
        )

    def _mark(self, entry: Entry, **change: Any) -> None:
        job = self.job_named(entry["job"])

        def work() -> Mapping[str, Any]:
            from ftworkbench.jobs.marks import change_marks

            marks = change_marks(job, **change)
            return {"star": marks.star, "note": marks.note}

        self.launch(work, partial(self._show_marks, entry["job"]), doing="marking it", group=f"marks of {job.name}")

    def _show_marks(self, name: str, marks: Mapping[str, Any]) -> None:
        """Shows it at once; the watch of the jobs will find the same."""
        self.take_jobs([{**each, **marks} if each["job"] == name else each for each in self.entries.values()])

    # Differences

    def action_diff(self) -> None:
        from ftworkbench.tui.widgets.choose_job import ChooseJob

        entry = self._need_entry()
        if entry is None:
            return
        others = [each for each in self.entries.values() if each["job"] != entry["job"] and each["kind"] != "session"]
        if not others:
            self.workbench.tell(f"{job_title(entry)} is the only job; D compares it with the recipe as it is now")
            return
        self.app.push_screen(
            ChooseJob(f"Compare {job_title(entry)} with", others, entry["against"]),
            lambda other: None if other is None else self._diff(self.job_named(entry["job"]), self.job_named(other)),
        )

    def action_diff_recipe(self) -> None:
        entry = self._need_entry()
        if entry is not None:
            self._diff(self.job_named(entry["job"]), None)

    def _diff(self, job: Job, other: Job | None) -> None:
        """Compares the job with an earlier or later one, or with its recipe as it is now; the older stands first."""

        def work() -> tuple[Side, Side, Sequence[Difference]]:
            from ftworkbench.steps.differences import all_differences, side_of_job, side_of_recipe_of

            sides = [side_of_job(job), side_of_recipe_of(job) if other is None else side_of_job(other)]
            names = list(self.entries)
            if other is not None and names.index(other.name) < names.index(job.name):
                sides.reverse()
            return sides[0], sides[1], all_differences(*sides)

        self.launch(work, self._show_diff, doing="comparing them", group="diff")

    def _show_diff(self, found: tuple[Side, Side, Sequence[Difference]]) -> None:
        from ftworkbench.tui.widgets.diff_view import RecipeDiff

        self.app.push_screen(RecipeDiff(*found))

    # Once more

    def action_rerun(self) -> None:
        from ftworkbench.tui.widgets.dialogs import Answer, Ask

        entry = self._need_entry()
        if entry is None:
            return
        if entry["kind"] != "train":
            self.workbench.tell(f"{job_title(entry)} is no training job; only training is run again", "warning")
            return
        text = "Its own recipe trains as a new job, on the frozen split. What the recipe says by now plays no part."
        self.app.push_screen(
            Ask(f"Run {job_title(entry)} again?", text, [Answer("R", "run again", "again")]),
            lambda said: self._run_again(self.job_named(entry["job"])) if said else None,
        )

    def _run_again(self, job: Job) -> None:
        def work() -> Again:
            from ftworkbench.steps.rerun import run_again

            return run_again(job)

        self.workbench.launch(work, self._runs_again, doing="starting it", group="rerun")

    def _runs_again(self, again: Again) -> None:
        if self._remembers:
            self.action_show_run()
        self._wanted = again.job.name
        self.workbench.job_started(again.job, what="training again")
        for note in again.notes:
            self.workbench.tell(note, "warning")

    # The queue

    def action_queue(self) -> None:
        from ftworkbench.tui.widgets.queue_view import QueueScreen

        entry = self._chosen_entry()
        self.app.push_screen(QueueScreen(None if entry is None else entry["job"]))
