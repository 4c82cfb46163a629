"""The Runs screen: is it learning, right now, and what ran before?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from ftworkbench.tui.actions import bindings
from ftworkbench.tui.screens.runs_history import RunsHistory
from ftworkbench.tui.screens.runs_marked import MarkedRuns
from ftworkbench.tui.screens.runs_rows import show_step_rows
from ftworkbench.tui.screens.runs_stopping import ask_to_stop
from ftworkbench.tui.starting import start_measuring
from ftworkbench.tui.telling import Telling, Tellings
from ftworkbench.tui.text import entitle
from ftworkbench.tui.widgets.chart import Chart
from ftworkbench.tui.widgets.item_list import ItemList
from ftworkbench.tui.widgets.job_list import Entry, JobList
from ftworkbench.tui.widgets.job_words import ALIVE, job_title
from ftworkbench.tui.widgets.run_view import RunView

if TYPE_CHECKING:
    from ftworkbench.jobs.folder import Job

# In which phases of a job these do something.
_PHASES = {
    "runs.stop": ALIVE,
    "runs.stop-now": ALIVE | {"lost"},
    "runs.resume": frozenset({"stopped", "failed", "lost"}),
}
_EMPTY = "No job has run here yet. The Recipe screen (2) trains; b there measures the baseline first."


class RunsScreen(RunsHistory):
    """Left the jobs, right the one that is chosen."""

    SCOPE = "runs"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("runs"), *bindings("history", "View", "Job")]
    CSS_PATH = ["../styles/runs.tcss", "../styles/history.tcss"]  # noqa: RUF012
    AUTO_FOCUS = "#jobs"

    def __init__(self) -> None:
        super().__init__()
        self._tellings = Tellings()
        self._marked = MarkedRuns()

    def compose_content(self) -> ComposeResult:
        with Container(classes="body"):
            jobs = JobList(empty=_EMPTY, id="jobs")
            yield jobs
            yield RunView(id="run")
            yield from self.compose_history()

    def on_mount(self) -> None:
        self._wanted = self.workbench.selected_job
        self.take_jobs(self.workbench.jobs)
        self.set_interval(1.0, self._tick)

    # News

    def on_screen_resume(self) -> None:
        wanted = self.workbench.selected_job
        if wanted is not None and (self.telling is None or wanted != self.telling.job.name):
            self._wanted = wanted
            self.take_jobs(self.workbench.jobs)

    def show_jobs(self, entries: Sequence[Entry]) -> None:
        jobs = self.query_one(JobList)
        jobs.show_jobs(entries)
        entitle(jobs, "Jobs", f"{len(entries):,}" if entries else "")
        self._marked.keep(self.workbench, list(self.entries))
        if self._wanted is not None and jobs.go_to(self._wanted):
            self._wanted = None
        if (entry := self.told_entry) is not None:
            self.query_one(RunView).entry_changed(entry)
        self.show_history(entries)
        self.refresh_bindings()

    @on(ItemList.Moved, "#jobs")
    def _moved(self) -> None:
        self.refresh_bindings()
        entry = self.query_one(JobList).item
        if entry is None:
            self.telling = None
            self.query_one(RunView).show_job(None, None)
            return
        if self.telling is not None and self.telling.job.name == entry["job"]:
            return
        job = self.job_named(entry["job"])
        self.telling = self._telling_of(job)
        view = self.query_one(RunView)
        view.show_job(entry, self.telling, self._marked.over(job.name, self.telling))
        self.workbench.follow(job)
        self.workbench.launch(
            lambda: _read_recipe(job), self._recipe_read, doing="reading the recipe", group=f"recipe of {job.name}"
        )

    def _telling_of(self, job: Job) -> Telling:
        return self._marked.telling(job.name) or self._tellings.of(job)

    def _recipe_read(self, found: tuple[Job, str, float | None]) -> None:
        job, text, limit = found
        if self.telling is not None and self.telling.job == job:
            self.telling.limit = limit
            self.query_one(RunView).show_recipe(text)

    @property
    def followed(self) -> list[Telling]:
        return list({telling.job.name: telling for telling in [*self._marked.tellings, *super().followed]}.values())

    def story_moved(self) -> None:
        self.query_one(RunView).story_moved()

    def _tick(self) -> None:
        entry = self.query_one(JobList).item
        if self.is_current and entry is not None and entry["phase"] in ALIVE:
            self.query_one(RunView).tick()

    # The chosen job

    def is_idle(self, action: str) -> bool:
        """Whether the job at the cursor cannot be stopped, or gone on with, as it is."""
        phases = _PHASES.get(action)
        entry = self.query_one(JobList).item if phases else None
        return phases is not None and (entry is None or entry["phase"] not in phases)

    def _chosen(self) -> tuple[Entry, Job] | None:
        entry = self.query_one(JobList).item
        if entry is None:
            self.workbench.tell("no job is chosen")
            return None
        return entry, self.job_named(entry["job"])

    def _chosen_training(self) -> Job | None:
        chosen = self._chosen()
        if chosen is None:
            return None
        if chosen[0]["kind"] != "train":
            self.workbench.tell(f"{job_title(chosen[0])} is no training job; choose one", "warning")
            return None
        return chosen[1]

    def action_stop(self) -> None:
        self._ask_to_stop(now=False)

    def action_stop_now(self) -> None:
        self._ask_to_stop(now=True)

    def _ask_to_stop(self, *, now: bool) -> None:
        if (chosen := self._chosen()) is not None:
            ask_to_stop(self.workbench, *chosen, now=now)

    def action_resume(self) -> None:
        from ftworkbench.steps.train import resume_training

        if (chosen := self._chosen()) is not None:
            job = chosen[1]
            self.workbench.launch(
                lambda: resume_training(job),
                lambda _: self.workbench.tell("goes on"),
                doing="resuming it",
                group="resume",
            )

    def action_evaluate(self) -> None:
        if (job := self._chosen_training()) is not None:
            start_measuring(self.workbench, job)

    def action_compare(self) -> None:
        if self._chosen_training() is not None:
            self.workbench.switch_mode("compare")

    def action_ship(self) -> None:
        if self._chosen_training() is not None:
            self.workbench.switch_mode("ship")

    def action_open(self) -> None:
        if (chosen := self._chosen()) is not None:
            kind = chosen[0]["kind"]
            target = {"evaluate": "evaluate", "merge": "ship", "session": "compare"}.get(kind)
            if target is not None:
                self.workbench.switch_mode(target)
            else:
                self.query_one(RunView).read_chart()

    # Views

    def action_mark(self) -> None:
        job = self._chosen_training()
        if job is not None:
            self._marked.toggle(self.workbench, job, self._telling_of(job))
            self._marks_changed()

    def _marks_changed(self) -> None:
        self.query_one(JobList).show_signs(self._marked.signs)
        if self.telling is not None:
            self.query_one(RunView).show_over(self._marked.over(self.telling.job.name, self.telling))

    def close_open(self) -> bool:
        """Leaves the run, then a zoomed pane, then takes the marks away."""
        if self.query_one(RunView).has_focus_within:
            self.query_one(JobList).focus()
        elif not super().close_open():
            if not self._marked.clear(self.workbench):
                return False
            self._marks_changed()
        return True

    @on(Chart.Said)
    def _said(self, event: Chart.Said) -> None:
        self.workbench.tell(event.text)

    @on(Chart.StepChosen)
    def _step_chosen(self, event: Chart.StepChosen) -> None:
        if self.telling is not None:
            show_step_rows(self.workbench, self.telling.job, event.after, event.step)

    def action_answers(self) -> None:
        self.query_one(RunView).choose_view("answers")

    def action_log(self) -> None:
        self.query_one(RunView).choose_view("log")

    def action_notices(self) -> None:
        self.query_one(RunView).choose_view("notices")

    def action_recipe(self) -> None:
        self.query_one(RunView).choose_view("recipe")

    def action_next_view(self) -> None:
        view = self.query_one(RunView)
        place = view.VIEWS.index(view.view)
        view.choose_view(view.VIEWS[(place + 1) % len(view.VIEWS)])

    def action_metric(self) -> None:
        view = self.query_one(RunView)
        if view.view != "curves":
            view.choose_view("curves")
        else:
            view.next_metric()


def _read_recipe(job: Job) -> tuple[Job, str, float | None]:
    """The text of the job's recipe, and how many tokens a second its card allows. For a thread."""
    from ftworkbench.steps.card_limit import tokens_limit

    try:
        text = job.recipe.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        return job, f"# {error}", None
    return job, text, tokens_limit(job) if job.kind == "train" else None
