"""The Compare screen: how do baseline and tuned answer the same prompt, side by side?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from ftworkbench.tui.actions import bindings
from ftworkbench.tui.screens.compare_answers import AnswersView
from ftworkbench.tui.screens.compare_prompt import PromptView
from ftworkbench.tui.screens.jobs_screen import JobsScreen
from ftworkbench.tui.widgets.job_list import Entry
from ftworkbench.tui.widgets.job_words import job_title
from ftworkbench.tui.widgets.prompt_area import PromptArea

if TYPE_CHECKING:
    from ftworkbench.data.example import Example
    from ftworkbench.tui.comparing import Asked, Contest

_NONE = "Nothing was tuned here yet: train a recipe first (2, then r). Its answers then stand beside the baseline's."


class CompareScreen(JobsScreen):
    """On top the prompt, below it both answers."""

    SCOPE = "compare"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("compare")]
    CSS_PATH = "../styles/compare.tcss"
    AUTO_FOCUS = "#row"

    def __init__(self) -> None:
        super().__init__()
        self._train: str | None = None
        self._adopted: str | None = None
        self._contest: Contest | None = None
        self._trouble = ""
        self._baseline = 0
        self._row = 0
        self._asked: Asked | None = None

    def compose_content(self) -> ComposeResult:
        yield PromptView()
        yield AnswersView()

    def on_mount(self) -> None:
        self.on_screen_resume()

    # Which training job

    def on_screen_resume(self) -> None:
        selected = self.workbench.selected_job
        entry = next((each for each in self.workbench.jobs if each["job"] == selected), None)
        if entry is not None and selected != self._adopted:
            self._adopted = selected
            if entry["kind"] == "train" and entry["phase"] in ("done", "stopped"):
                self._take(str(selected))
        self.take_jobs(self.workbench.jobs)

    def show_jobs(self, entries: Sequence[Entry]) -> None:
        trained = self.trained()
        if self._train is not None and self.is_removed(self._train):
            self._train, self._contest = None, None
        if self._train is None and trained:
            self._take(trained[-1]["job"])
        self._refresh_all()

    def _take(self, name: str) -> None:
        """Compares by another training job: its recipe says who may answer, its split which rows there are."""
        if name == self._train:
            return
        self._train, self._contest, self._asked, self.telling, self._trouble = name, None, None, None, ""
        job, workspace = self.job_named(name), self.workbench.workspace

        def prepared(contest: Contest) -> None:
            if self._train == name:
                self._contest, self._baseline = contest, contest.best
                self._row = min(self._row, max(len(contest.rows) - 1, 0))
                self._refresh_all()

        def failed(error: BaseException) -> None:
            if self._train == name:
                self._trouble = str(error)
                self._refresh_all()

        from ftworkbench.tui.comparing import prepare

        self.workbench.launch(
            lambda: prepare(workspace, job), prepared, doing="reading its rows", group=f"contest {name}", failed=failed
        )

    # What is shown

    def _refresh_all(self) -> None:
        self._refresh_prompt()
        self._refresh_answers()

    @property
    def prompt(self) -> PromptView:
        return self.query_one(PromptView)

    @property
    def _example(self) -> Example | None:
        """The row whose prompt is asked, where there are any."""
        return self._contest.rows[self._row] if self._contest is not None and self._contest.rows else None

    def _refresh_prompt(self) -> None:
        entry, contest = self.entries.get(self._train or ""), self._contest
        by = "" if entry is None else f" · {job_title(entry)}"
        if self.prompt.writes:
            self.prompt.show_own(by)
        elif contest is not None and self._example is not None:
            self.prompt.show_row(self._example, f"{self._row + 1:,} of {len(contest.rows):,}", by)
        elif self._trouble:
            self.prompt.show_words(self._trouble, "$error", by)
        elif contest is not None:
            self.prompt.show_words("There are no validation rows; i writes a prompt.", "$text-muted", by)
        else:
            self.prompt.show_words("Reading the rows …" if self._train else _NONE, "$text-muted", by)

    def story_moved(self) -> None:
        self._refresh_answers()

    def _refresh_answers(self) -> None:
        answers, contest = self.query_one(AnswersView), self._contest
        if contest is None:
            answers.show_nobody()
        elif self._asked is None:
            answers.show_contest(contest, contest.baselines[self._baseline])
        else:
            earlier = list(self._asked.messages) != list(self.prompt.messages(self._example)[0])
            story = self.telling.story if self.telling else None
            answers.show_answers(self._asked, story, self.told_entry, earlier=earlier)

    @on(PromptArea.Changed)
    def _written(self) -> None:
        self._refresh_answers()

    # Actions

    def action_ask(self) -> None:
        contest = self._contest
        if contest is None:
            self.workbench.tell(self._trouble or "there is nobody to ask yet", "warning")
            return
        messages, reference = self.prompt.messages(self._example)
        if not messages:
            self.workbench.tell("the prompt is empty")
            return
        from ftworkbench.tui.comparing import ask_both

        sessions, baseline = self.workbench.sessions, contest.baselines[self._baseline]
        self.workbench.launch(
            lambda: ask_both(sessions, contest, baseline, messages, reference),
            self._was_asked,
            doing="asking",
            group="ask",
        )

    def _was_asked(self, asked: Asked) -> None:
        self._asked = asked
        if self.telling is None or self.telling.job != asked.session:
            self.follow_job(asked.session)
        self._refresh_answers()

    def _move(self, by: int) -> None:
        contest = self._contest
        if contest is None or not contest.rows:
            return
        self.prompt.leave_own()
        self._row = (self._row + by) % len(contest.rows)
        self._asked = None
        self._refresh_all()

    def action_next_row(self) -> None:
        self._move(1)

    def action_previous_row(self) -> None:
        self._move(-1)

    def action_write(self) -> None:
        self.prompt.write()
        self._refresh_all()

    def close_open(self) -> bool:
        if self.prompt.being_written:
            self.query_one("#baseline").focus()
            return True
        if self.prompt.writes:
            self.prompt.leave_own()
            self.query_one("#row").focus()
            self._refresh_all()
            return True
        return super().close_open()

    def action_baseline(self) -> None:
        contest = self._contest
        if contest is not None:
            self._baseline = (self._baseline + 1) % len(contest.baselines)
            self._asked = None
            self._refresh_answers()
            self.workbench.tell(f"baseline: {contest.baselines[self._baseline].name}")

    def action_choose(self) -> None:
        from ftworkbench.tui.widgets.choose_job import ChooseJob

        def chosen(name: str | None) -> None:
            if name is not None:
                self._take(name)
                self._refresh_all()

        self.app.push_screen(ChooseJob("Whose adapter answers?", self.trained(), self._train), chosen)

    def action_marks(self) -> None:
        answers = self.query_one(AnswersView)
        answers.marks = not answers.marks
        self._refresh_answers()

    def action_end_session(self) -> None:
        from ftworkbench.tui.comparing import close_sessions

        if self._train is None:
            return
        workspace, path = self.workbench.workspace, self.job_named(self._train).path
        self.workbench.launch(
            lambda: close_sessions(workspace, path),
            lambda ended: self.workbench.tell("the session ends" if ended else "no session runs"),
            doing="ending the session",
            group="ask",
        )
