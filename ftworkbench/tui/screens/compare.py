"""The Compare screen: how do baseline and tuned, and whoever else, answer the same prompt, side by side?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from ftworkbench.tui.actions import bindings
from ftworkbench.tui.screens.compare_answers import AnswersView
from ftworkbench.tui.screens.compare_asking import AskingScreen
from ftworkbench.tui.screens.compare_blind import BlindDesk
from ftworkbench.tui.screens.compare_prompt import PromptView
from ftworkbench.tui.widgets.job_list import Entry
from ftworkbench.tui.widgets.job_words import job_title
from ftworkbench.tui.widgets.prompt_area import PromptArea

if TYPE_CHECKING:
    from ftworkbench.data.example import Example
    from ftworkbench.tui.comparing import Contest, Message, Question

_NONE = "Nothing was tuned here yet: train a recipe first (2, then r). Its answers then stand beside the baseline's."


class CompareScreen(AskingScreen):
    """On top the prompt, below it the answers."""

    SCOPE = "compare"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("compare", "Ask", "Prompt", "Who", "Draw", "View"),
    ]
    CSS_PATH = "../styles/compare.tcss"
    AUTO_FOCUS = "#row"

    def __init__(self) -> None:
        super().__init__()
        self._train: str | None = None
        self._adopted: str | None = None
        self._part = "validation"
        self._row = 0
        self._talks: dict[str, tuple[Message, ...]] = {}

    def compose_content(self) -> ComposeResult:
        with BlindDesk():
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
            self._train = None
            self.take_contest(None)
        if self._train is None and trained:
            self._take(trained[-1]["job"])
        self._refresh_all()

    def _take(self, name: str) -> None:
        """Compares by another training job: its recipe says who may answer, its split which rows there are."""
        if name == self._train:
            return
        self._train, self._talks = name, {}
        self.take_contest(None)
        job, workspace = self.job_named(name), self.workbench.workspace

        def prepared(contest: Contest) -> None:
            if self._train == name:
                self.take_contest(contest)
                self._row = min(self._row, max(len(contest.rows[self._part]) - 1, 0))
                self._refresh_all()

        def failed(error: BaseException) -> None:
            if self._train == name:
                self.trouble = str(error)
                self._refresh_all()

        from ftworkbench.tui.comparing import prepare

        self.workbench.launch(
            lambda: prepare(workspace, job), prepared, doing="reading its rows", group=f"contest {name}", failed=failed
        )

    # What is shown

    def _refresh_all(self) -> None:
        self.refresh_prompt()
        self.refresh_answers()

    @property
    def _rows(self) -> tuple[Example, ...]:
        return self.contest.rows[self._part] if self.contest is not None else ()

    @property
    def _example(self) -> Example | None:
        """The row whose prompt is asked, where there are any."""
        return self._rows[self._row] if self._rows else None

    def question(self) -> Question | None:
        from ftworkbench.tui.comparing import Question

        if self.prompt.writes:
            return Question(self.prompt.own, talks=self._talks) if self.prompt.own else None
        row = self._example
        return None if row is None else Question(tuple(row.prompt), row.answer, self._part, row.key)

    def refresh_prompt(self) -> None:
        entry = self.entries.get(self._train or "")
        by = "" if entry is None else f" · {job_title(entry)}"
        if self.blind:
            by = " · blind: = tie, - both bad"
        if self.drawing is not None and self.drawing.temperature:
            by += f" · {self.drawing.words}"
        if self.prompt.writes:
            turns = max((len(talk) for talk in self._talks.values()), default=0) // 2
            self.prompt.show_own(by, turns + 1)
        elif self._example is not None:
            place = f"{self._part} row {self._row + 1:,} of {len(self._rows):,}"
            self.prompt.show_row(self._example, place, by)
        elif self.trouble:
            self.prompt.show_words(self.trouble, "$error", by)
        elif self.contest is not None:
            self.prompt.show_words(f"There are no {self._part} rows; i writes a prompt.", "$text-muted", by)
        else:
            self.prompt.show_words("Reading the rows …" if self._train else _NONE, "$text-muted", by)

    @on(PromptArea.Changed)
    def _written(self) -> None:
        self.refresh_answers()

    # The prompt

    def move(self, by: int) -> None:
        """Goes to another row, which nobody has answered yet."""
        self._talks = {}
        self.prompt.leave_own()
        if self._rows:
            self._row = (self._row + by) % len(self._rows)
        self.asked = None
        self._refresh_all()

    def action_next_row(self) -> None:
        self.move(1)

    def action_previous_row(self) -> None:
        self.move(-1)

    def action_part(self) -> None:
        self._part, self._row = ("test" if self._part == "validation" else "validation"), 0
        self.move(0)

    def action_write(self) -> None:
        self._talks = {}
        self.prompt.write()
        self._refresh_all()

    def action_follow_up(self) -> None:
        """Goes on with what each of them has said: the next turn is written, and each hears its own talk."""
        if not self.all_answered or self.asked is None or self.blind:
            self.workbench.tell("a follow-up goes on with answers: ask first" if not self.blind else "not while blind")
            return
        heard, answers = self.asked.question.heard_by, self.answers
        self._talks = {
            name: (*heard(name), {"role": "assistant", "content": answers[name].text}) for name in self.asked.names
        }
        self.prompt.write(anew=True)
        self._refresh_all()

    def close_open(self) -> bool:
        if self.prompt.being_written:
            self.query_one("#answer-0").focus()
            return True
        if self.prompt.writes:
            self._talks = {}
            self.prompt.leave_own()
            self.query_one("#row").focus()
            self._refresh_all()
            return True
        return super().close_open()

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
        self.refresh_answers()

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
