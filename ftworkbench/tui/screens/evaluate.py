"""The Evaluate screen: does it beat the prompted baseline, and did it break anything else?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from ftworkbench.jobs.names import short_name
from ftworkbench.tui import starting
from ftworkbench.tui.actions import bindings
from ftworkbench.tui.screens.evaluate_rows import RowsView
from ftworkbench.tui.screens.jobs_screen import JobsScreen
from ftworkbench.tui.text import entitle, shown
from ftworkbench.tui.widgets.detail_words import detail_lines, has_details
from ftworkbench.tui.widgets.job_list import Entry
from ftworkbench.tui.widgets.job_words import ALIVE, job_title
from ftworkbench.tui.widgets.kind_words import kind_lines
from ftworkbench.tui.widgets.lines_view import LinesView, wrapped
from ftworkbench.tui.widgets.run_view import clock
from ftworkbench.tui.widgets.run_words import head_lines
from ftworkbench.tui.widgets.verdict_card import verdict_lines

if TYPE_CHECKING:
    from ftworkbench.steps.evaluation import Evaluation

SECONDS_BETWEEN = 1.0
_NOTHING = "Nothing was measured here yet. b measures the prompted baseline: do it before you train."
_NOTHING_TUNED = "Nothing was measured here yet. v measures {name} and the prompted baseline on the same test rows."


class EvaluateScreen(JobsScreen):
    """On top the verdict, below the test rows with both answers."""

    SCOPE = "evaluate"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("evaluate", "Measure", "Rows", "Evaluations", "Judge", "View"),
    ]
    CSS_PATH = "../styles/evaluate.tcss"
    AUTO_FOCUS = "#flips"

    def __init__(self) -> None:
        super().__init__()
        self._evaluation: Evaluation | None = None
        self._train: str | None = None
        self._adopted: str | None = None
        self._wanted: str | None = None
        self._turned = 0

    def compose_content(self) -> ComposeResult:
        yield LinesView(id="verdict")
        yield RowsView()
        yield LinesView(id="details")

    def on_mount(self) -> None:
        self._adopt()
        self.take_jobs(self.workbench.jobs)
        self.set_interval(SECONDS_BETWEEN, self._tick)

    # Which evaluation

    def on_screen_resume(self) -> None:
        self._adopt()
        self.take_jobs(self.workbench.jobs)

    def _adopt(self) -> None:
        """Takes over the job that was chosen elsewhere since the last time: an evaluation, or a training job."""
        selected = self.workbench.selected_job
        if selected is None or selected == self._adopted:
            return
        self._adopted = selected
        entry = next((each for each in self.workbench.jobs if each["job"] == selected), None)
        if entry is None or entry["kind"] == "evaluate":
            self._wanted = selected  # a job that was only just launched is not among the entries yet
        elif entry["kind"] == "train":
            self._train = selected

    def show_jobs(self, entries: Sequence[Entry]) -> None:
        evaluations = self._evaluations()
        if self.telling is not None and self.is_removed(self.telling.job.name):
            self.telling, self._evaluation = None, None
            self._show_rows()
        if self._wanted in evaluations:
            self._choose(str(self._wanted))
            self._wanted = None
        elif self.telling is None and evaluations:
            self._choose(evaluations[-1])
        self._refresh_verdict()
        self._read()

    def _evaluations(self) -> list[str]:
        return [name for name, entry in self.entries.items() if entry["kind"] == "evaluate"]

    def _choose(self, name: str) -> None:
        self.follow_job(self.job_named(name))
        self._evaluation = None
        self._show_rows()
        self._refresh_verdict()
        self._read()

    def _step(self, by: int) -> None:
        evaluations = self._evaluations()
        if self.telling is None or not evaluations:
            return
        place = evaluations.index(self.telling.job.name) + by
        if 0 <= place < len(evaluations):
            self._choose(evaluations[place])
        else:
            self.workbench.tell("there is no older one" if by < 0 else "there is no newer one")

    def action_older(self) -> None:
        self._step(-1)

    def action_newer(self) -> None:
        self._step(1)

    # News of it

    def story_moved(self) -> None:
        self._refresh_verdict()

    def _tick(self) -> None:
        entry = self.told_entry
        if self.is_current and entry is not None and entry["phase"] in ALIVE:
            self._read()

    def _read(self) -> None:
        """Looks, off the event loop, whether there are more answers, or a verdict."""
        if self.telling is None:
            return
        from ftworkbench.steps.evaluation import read_evaluation

        job, known = self.telling.job, self._evaluation
        group = f"answers of {job.name}"
        if not self.workbench.is_busy(group):
            self.workbench.launch(lambda: read_evaluation(job, known), self._was_read, doing="reading it", group=group)

    def _was_read(self, evaluation: Evaluation) -> None:
        if self.telling is None or evaluation.job != self.telling.job or evaluation is self._evaluation:
            return
        self._evaluation = evaluation
        if evaluation.problem:
            self.workbench.tell(evaluation.problem, "error")
        self._refresh_verdict()
        self._show_rows()

    # What is shown

    def _refresh_verdict(self) -> None:
        pane = self.query_one("#verdict", LinesView)
        entitle(pane, self._title(), self._measures())
        found = self._evaluation.found if self._evaluation is not None else None
        if found is not None:
            pane.show(lambda width: verdict_lines(found, width), top=False)
        elif self.telling is not None:
            entry, story = self.told_entry, self.telling.story
            if entry is not None:
                now = clock()
                pane.show(lambda width: head_lines(entry, story, width, now), top=False)
        else:
            train = self._train_entry()
            text = _NOTHING if train is None else _NOTHING_TUNED.format(name=job_title(train))
            pane.show(lambda width: wrapped(shown(text, "$text-muted"), width), top=False)

    def _title(self) -> str:
        if self.telling is None:
            return "Verdict"
        evaluations = self._evaluations()
        name = self.telling.job.name
        parts = ["Verdict"]
        if self._evaluation is not None:
            train, baseline = self._evaluation.train_job, self._evaluation.baseline_name
            what = f"{short_name(train)}" if train else "the baseline"
            gone = " (removed)" if train and train not in self.entries else ""
            parts.append(f"{what}{gone}{f' against {baseline}' if train and baseline else ''}")
        if name in evaluations and len(evaluations) > 1:
            parts.append(f"{evaluations.index(name) + 1} of {len(evaluations)}")
        return " · ".join(parts)

    def _measures(self) -> str:
        train = self._train_entry()
        return "" if train is None else f"v measures {job_title(train)}"

    def _show_rows(self) -> None:
        self.query_one(RowsView).show(self._evaluation)
        self._show_details()

    def _show_details(self) -> None:
        """Draws what lies beneath the scores where it is looked at; the rows take its place where there is nothing."""
        found = self._evaluation.found if self._evaluation is not None else None
        if not self.has_class("-details"):
            return
        kinds = self.query_one(RowsView).kinds
        if found is None or not (has_details(found) or kinds):
            self._look_at_details(False)
            return
        pane, turned = self.query_one("#details", LinesView), self._turned
        entitle(pane, "Beneath the scores", "l shows the rows")
        pane.show(lambda width: [*kind_lines(kinds, width), *detail_lines(found, width, turned)], top=False)

    def _look_at_details(self, wanted: bool) -> None:
        self.set_class(wanted, "-details")
        self.query_one("#details" if wanted else "#flips").focus()

    # Actions

    def action_filter(self) -> None:
        self.query_one(RowsView).next_fate()

    def action_whole_prompt(self) -> None:
        self.query_one(RowsView).turn_prompt()

    def action_details(self) -> None:
        found = self._evaluation.found if self._evaluation is not None else None
        if self.has_class("-details"):
            self._look_at_details(False)
        elif has_details(found) or (found and self.query_one(RowsView).kinds):
            self._look_at_details(True)
            self._show_details()
        else:
            self.workbench.tell("it says no more than its scores: measure again" if found else "it is not measured yet")

    def action_turn(self) -> None:
        self._turned += 1
        self._show_details()

    def action_label(self) -> None:
        evaluation = self._evaluation
        if evaluation is None or not ((evaluation.found or {}).get("judge") or {}).get("labels"):
            self.workbench.tell("no judge has compared these answers; [judge] in the recipe says who does")
            return
        from ftworkbench.tui.widgets.label_rows import LabelRows

        self.app.push_screen(LabelRows(evaluation.job, evaluation.found or {}), lambda _: self._read())

    def action_report(self) -> None:
        evaluation = self._evaluation
        if evaluation is None or evaluation.found is None:
            self.workbench.tell("it has measured nothing yet")
            return
        from ftworkbench.steps.report import write_report

        job = evaluation.job
        self.workbench.launch(
            lambda: write_report(job, job.path),
            lambda paths: self.workbench.tell(f"written: {paths[1]}, and report.md beside it"),
            doing="writing the report",
            group="report",
        )

    def action_open(self) -> None:
        self.query_one(RowsView).read()

    def action_baseline(self) -> None:
        starting.start_baseline(self.workbench)

    def _train_entry(self) -> Entry | None:
        """The training job that v measures: the one that was chosen, or the newest that is done."""
        chosen = self.entries.get(self._train or "")
        if chosen is not None and chosen["phase"] in ("done", "stopped"):
            return chosen
        return next(iter(reversed(self.trained())), None)

    def action_choose(self) -> None:
        from ftworkbench.tui.widgets.choose_job import ChooseJob

        def chosen(name: str | None) -> None:
            if name is not None:
                self._train = name
                self._refresh_verdict()

        train = self._train_entry()
        self.app.push_screen(
            ChooseJob("Measure which training job?", self.trained(), train["job"] if train else None), chosen
        )

    def action_measure(self) -> None:
        train = self._train_entry()
        if train is None:
            self.workbench.tell("no training job is done yet; b measures the baseline meanwhile", "warning")
        else:
            job = self.job_named(train["job"])
            starting.start_measuring(self.workbench, job, lambda started: self._choose(started.name))
