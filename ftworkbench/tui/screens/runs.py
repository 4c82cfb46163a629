"""The Runs screen: is it learning, right now, and what ran before?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from ftworkbench.tui.actions import bindings
from ftworkbench.tui.screens.jobs_screen import JobsScreen
from ftworkbench.tui.starting import start_measuring
from ftworkbench.tui.telling import Telling
from ftworkbench.tui.text import entitle
from ftworkbench.tui.widgets.item_list import ItemList
from ftworkbench.tui.widgets.job_list import Entry, JobList
from ftworkbench.tui.widgets.job_words import ALIVE, job_title
from ftworkbench.tui.widgets.run_view import RunView

if TYPE_CHECKING:
    from ftworkbench.jobs.folder import Job

# Stories that are kept, so that going back to a job shows it at once.
_KEPT = 8
_EMPTY = "No job has run here yet. The Recipe screen (2) trains; b there measures the baseline first."


class RunsScreen(JobsScreen):
    """Left the jobs, right the one that is chosen."""

    SCOPE = "runs"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("runs")]
    CSS_PATH = "../styles/runs.tcss"
    AUTO_FOCUS = "#jobs"

    def __init__(self) -> None:
        super().__init__()
        self._tellings: dict[str, Telling] = {}
        self._wanted: str | None = None

    def compose_content(self) -> ComposeResult:
        with Container(classes="body"):
            jobs = JobList(empty=_EMPTY, id="jobs")
            yield jobs
            yield RunView(id="run")

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
        if self._wanted is not None and jobs.go_to(self._wanted):
            self._wanted = None
        if (entry := self.told_entry) is not None:
            self.query_one(RunView).entry_changed(entry)

    @on(ItemList.Moved)
    def _moved(self) -> None:
        entry = self.query_one(JobList).item
        if entry is None:
            self.telling = None
            self.query_one(RunView).show_job(None, None)
            return
        if self.telling is not None and self.telling.job.name == entry["job"]:
            return
        job = self.job_named(entry["job"])
        self.telling = self._tellings.pop(job.name, None) or Telling(job)
        self._tellings[job.name] = self.telling
        while len(self._tellings) > _KEPT:
            self._tellings.pop(next(iter(self._tellings)))
        self.query_one(RunView).show_job(entry, self.telling)
        self.workbench.follow(job)
        self.workbench.launch(
            lambda: (job, _read_text(job)), self._recipe_read, doing="reading the recipe", group=f"recipe of {job.name}"
        )

    def _recipe_read(self, found: tuple[Job, str]) -> None:
        if self.telling is not None and self.telling.job == found[0]:
            self.query_one(RunView).show_recipe(found[1])

    def story_moved(self) -> None:
        self.query_one(RunView).story_moved()

    def _tick(self) -> None:
        entry = self.query_one(JobList).item
        if self.is_current and entry is not None and entry["phase"] in ALIVE:
            self.query_one(RunView).tick()

    # The chosen job

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
        from ftworkbench.tui.widgets.dialogs import Answer, Ask

        chosen = self._chosen()
        if chosen is None:
            return
        entry, job = chosen
        if entry["phase"] not in ALIVE:
            self.workbench.tell(f"{job_title(entry)} does not run; it is {entry['phase']}")
            return
        text = (
            "It is asked to leave, and killed when it has not within ten seconds; what it did since its last "
            "checkpoint may be lost."
            if now
            else "It finishes the step at hand, saves a checkpoint and leaves. r goes on from there."
        )
        answer = Answer("S" if now else "s", "stop now" if now else "stop", "stop")
        self.app.push_screen(
            Ask(f"Stop {job_title(entry)}?", text, [answer]),
            lambda said: self._stop(job, now=now) if said == "stop" else None,
        )

    def _stop(self, job: Job, *, now: bool) -> None:
        from ftworkbench.jobs.launch import stop

        self.workbench.launch(
            lambda: stop(job, now=now),
            lambda _: self.workbench.tell("asked to stop"),
            doing="stopping it",
            group="stop",
        )

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
            if target is None:
                self.query_one(RunView).choose_view("curves")
            else:
                self.workbench.switch_mode(target)

    # Views

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


def _read_text(job: Job) -> str:
    try:
        return job.recipe.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        return f"# {error}"
