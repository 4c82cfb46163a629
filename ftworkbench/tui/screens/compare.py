"""The Compare screen: how do prompts, the tuned model, and whoever else answer the same thing, side by side?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from ftworkbench.tui.actions import bindings
from ftworkbench.tui.screens.compare_answers import AnswersView
from ftworkbench.tui.screens.compare_asking import AskingScreen
from ftworkbench.tui.screens.compare_blind import BlindDesk
from ftworkbench.tui.screens.compare_prompt import PromptView
from ftworkbench.tui.screens.compare_trying import PromptDesk
from ftworkbench.tui.screens.compare_turn import TurnDesk
from ftworkbench.tui.widgets.job_list import Entry
from ftworkbench.tui.widgets.job_words import job_title
from ftworkbench.tui.widgets.prompt_area import PromptArea

if TYPE_CHECKING:
    from ftworkbench.data.example import Example
    from ftworkbench.steps.asking import Message, Question
    from ftworkbench.steps.contenders import Contest
    from ftworkbench.steps.recipe import Opened

_NONE = "There is no recipe yet, so there is nobody to ask."


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
        self._alone = self._by_key = False
        self._adopted: str | None = None
        self.part = "validation"
        self._row = 0
        self.talks: dict[str, tuple[Message, ...]] = {}
        self._preparing: Callable[[], Contest] | None = None

    def compose_content(self) -> ComposeResult:
        with BlindDesk(), PromptDesk(), TurnDesk():
            yield PromptView()
            yield AnswersView()

    def on_mount(self) -> None:
        self.on_screen_resume()

    # Whose adapter, or prompts alone

    def on_screen_resume(self) -> None:
        selected = self.workbench.selected_job
        entry = next((each for each in self.workbench.jobs if each["job"] == selected), None)
        if entry is not None and selected != self._adopted:
            self._adopted = selected
            if entry["kind"] == "train" and entry["phase"] in ("done", "stopped"):
                self._take(str(selected))
        self.take_jobs(self.workbench.jobs)

    def on_screen_suspend(self) -> None:
        self.query_one(TurnDesk).end()

    def show_jobs(self, entries: Sequence[Entry]) -> None:
        trained = self.trained()
        if self._train is not None and self.is_removed(self._train):
            self._train = None
            self.take_contest(None)
        if trained and self._train is None and not self._stays_alone:
            self._take(trained[-1]["job"])
        elif self._train is None and not self._alone and self.workbench.opened is not None:
            self._take_prompts(self.workbench.opened)
        self._refresh_all()

    @property
    def _stays_alone(self) -> bool:
        """Whether prompts alone are compared because they were chosen, or something was asked of them."""
        asked = self.asked is not None or (self.answered is not None and self.answered.any)
        return self._alone and (self._by_key or asked)

    def recipe_opened(self, opened: Opened) -> None:
        if self._alone or (self._train is None and not self.trained()):
            self._take_prompts(opened, self.names)
            self._refresh_all()

    def _take(self, name: str) -> None:
        """Compares by another training job: its recipe says who may answer, its split which rows there are."""
        if name == self._train:
            return
        job, workspace = self.job_named(name), self.workbench.workspace

        def work() -> Contest:
            from ftworkbench.steps.contenders import contest_of

            return contest_of(workspace, job)

        self._train, self._alone = name, False
        self._prepare(work)

    def _take_prompts(self, opened: Opened, names: tuple[str, ...] = ()) -> None:
        """Compares the prompts of the recipe as it is now, without a training job; those of `names` that it has."""

        def work() -> Contest:
            from ftworkbench.steps.contenders import prompt_contest

            contest = prompt_contest(opened)
            known = tuple(name for name in names if name in contest.baselines)
            return replace(contest, first=known) if len(known) > 1 else contest

        self._train, self._alone = None, True
        self._prepare(work)

    def _prepare(self, work: Callable[[], Contest]) -> None:
        self.talks = {}
        self.take_contest(None)
        self._preparing = work

        def prepared(contest: Contest) -> None:
            if self._preparing is work:
                self.take_contest(contest)
                self._row = min(self._row, max(len(contest.rows[self.part]) - 1, 0))
                self._refresh_all()

        def failed(error: BaseException) -> None:
            if self._preparing is work:
                self.trouble = str(error)
                self._refresh_all()

        # Each in a group of its own: where the recipe is read anew meanwhile, it is the newer one that counts.
        self.launch(work, prepared, doing="reading its rows", group=f"contest {id(work)}", failed=failed)

    # What is shown

    def story_moved(self) -> None:
        super().story_moved()
        self.query_one(TurnDesk).go_on()

    def _refresh_all(self) -> None:
        self.refresh_prompt()
        self.refresh_answers()

    @property
    def _rows(self) -> tuple[Example, ...]:
        return self.contest.rows[self.part] if self.contest is not None else ()

    @property
    def last_row(self) -> bool:
        """Whether there is no row after this one."""
        return self._row + 1 >= len(self._rows)

    @property
    def _example(self) -> Example | None:
        """The row whose prompt is asked, where there are any."""
        return self._rows[self._row] if self._rows else None

    def question(self) -> Question | None:
        from ftworkbench.steps.asking import Question

        if self.prompt.writes:
            return Question(self.prompt.own, talks=self.talks) if self.prompt.own else None
        row = self._example
        return None if row is None else Question(tuple(row.prompt), row.answer, self.part, row.key)

    def refresh_prompt(self) -> None:
        entry = self.entries.get(self._train or "")
        by = f" · {job_title(entry)}" if entry is not None else " · prompts alone" if self._alone else ""
        if self.query_one(TurnDesk).runs:
            by = f" · in turn{by}"
        if self.blind:
            by = " · blind: = tie, - both bad"
        if self.drawing is not None and self.drawing.temperature:
            by += f" · {self.drawing.words}"
        if self.names and not self.blind:
            by += self.query_one(AnswersView).marks_words(self.names[0])
        if self.prompt.writes:
            turns = max((len(talk) for talk in self.talks.values()), default=0) // 2
            self.prompt.show_own(by, turns + 1)
        elif self._example is not None:
            place = f"{self.part} row {self._row + 1:,} of {len(self._rows):,}"
            self.prompt.show_row(self._example, place, by)
        elif self.trouble:
            self.prompt.show_words(self.trouble, "$error", by)
        elif self.contest is not None:
            self.prompt.show_words(f"There are no {self.part} rows; i writes a prompt.", "$text-muted", by)
        else:
            reading = self._train is not None or self._alone
            self.prompt.show_words("Reading the rows …" if reading else _NONE, "$text-muted", by)

    @on(PromptArea.Changed)
    def _written(self) -> None:
        self.refresh_answers()

    # The prompt

    def move(self, by: int) -> None:
        """Goes to another row, and to what was answered to it before."""
        self.talks = {}
        self.prompt.leave_own()
        if self._rows:
            self._row = (self._row + by) % len(self._rows)
        self.recall()
        self._refresh_all()

    def action_next_row(self) -> None:
        self.move(1)

    def action_previous_row(self) -> None:
        self.move(-1)

    def action_part(self) -> None:
        self.part, self._row = ("test" if self.part == "validation" else "validation"), 0
        self.move(0)

    def action_write(self) -> None:
        self.talks = {}
        self.prompt.write()
        self._refresh_all()

    def action_follow_up(self) -> None:
        """Goes on with what each of them has said: the next turn is written, and each hears its own talk."""
        if not self.all_answered or self.asked is None or self.blind:
            self.workbench.tell("a follow-up goes on with answers: ask first" if not self.blind else "not while blind")
            return
        if len(self.asked.requests) > 1:
            self.workbench.tell("a follow-up goes on with one answer of each: S asks with one seed again")
            return
        heard, answers = self.asked.question.heard_by, self.answers
        self.talks = {
            name: (*heard(name), {"role": "assistant", "content": answers[name].text}) for name in self.asked.names
        }
        self.prompt.write(anew=True)
        self._refresh_all()

    def close_open(self) -> bool:
        if self.query_one(TurnDesk).end():
            return True
        if self.prompt.being_written:
            self.query_one("#answer-0").focus()
            return True
        if self.prompt.writes:
            self.talks = {}
            self.prompt.leave_own()
            self.query_one("#row").focus()
            self.recall()
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

    def action_prompts(self) -> None:
        opened, trained = self.workbench.opened, self.trained()
        if not self._alone and opened is not None:
            self._by_key = True
            self._take_prompts(opened)
        elif self._alone and trained:
            self._by_key = False
            self._take(trained[-1]["job"])
        else:
            missing = "nothing was tuned here yet: prompts alone can be compared"
            self.workbench.tell(missing if self._alone else "no recipe is open whose prompts could be compared alone")
        self._refresh_all()

    def action_marks(self) -> None:
        question = self.asked.question if self.asked is not None else self.question()
        self.query_one(AnswersView).turn_marks(reference=question is not None and question.reference is not None)
        self._refresh_all()

    def action_end_session(self) -> None:
        from ftworkbench.steps.session import close_sessions

        workspace, job = self.workbench.workspace, self.job_named(self._train) if self._train else None
        self.workbench.launch(
            lambda: close_sessions(workspace, job),
            lambda ended: self.workbench.tell("the session ends" if ended else "no session runs"),
            doing="ending the session",
            group="ask",
        )
