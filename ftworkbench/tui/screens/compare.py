"""The Compare screen: how do baseline and tuned answer the same prompt, side by side?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import ContentSwitcher

from ftworkbench.tui.actions import bindings
from ftworkbench.tui.screens.compare_answers import AnswersView
from ftworkbench.tui.screens.jobs_screen import JobsScreen
from ftworkbench.tui.text import entitle, shown, shown_line
from ftworkbench.tui.widgets.job_list import Entry
from ftworkbench.tui.widgets.job_words import job_title
from ftworkbench.tui.widgets.lines_view import LinesView, wrapped
from ftworkbench.tui.widgets.prompt_area import PromptArea
from ftworkbench.tui.widgets.row_view import content_of

if TYPE_CHECKING:
    from ftworkbench.tui.comparing import Asked, Contest

_NONE = "Nothing was tuned here yet: train a recipe first (2, then r). Its answers then stand beside the baseline's."
_GUTTER = 11


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
        with Vertical(id="prompt", classes="pane"), ContentSwitcher(initial="row"):
            yield LinesView(id="row", classes="")
            yield PromptArea(id="own")
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
    def _writes(self) -> bool:
        return self.query_one(ContentSwitcher).current == "own"

    def _refresh_prompt(self) -> None:
        pane = self.query_one("#prompt")
        entry = self.entries.get(self._train or "")
        by = "" if entry is None else f" · {job_title(entry)}"
        if self._writes:
            entitle(pane, f"Prompt of your own{by}")
            return
        contest, row = self._contest, self.query_one("#row", LinesView)
        if contest is None or not contest.rows:
            entitle(pane, f"Prompt{by}")
            if self._trouble:
                row.show(lambda width: wrapped(shown(self._trouble, "$error"), width))
                return
            text = "Reading the rows …" if self._train is not None and contest is None else ""
            text = text or ("There are no validation rows; i writes a prompt." if contest is not None else _NONE)
            row.show(lambda width: wrapped(Content.styled(text, "$text-muted"), width))
            return
        example = contest.rows[self._row]
        entitle(pane, f"Prompt: validation row {self._row + 1:,} of {len(contest.rows):,}{by}")
        row.show(lambda width: _prompt_lines(example.prompt, example.answer, width))

    def story_moved(self) -> None:
        self._refresh_answers()

    def _refresh_answers(self) -> None:
        answers, contest = self.query_one(AnswersView), self._contest
        if contest is None:
            answers.show_nobody()
        elif self._asked is None:
            answers.show_contest(contest, contest.baselines[self._baseline])
        else:
            earlier = list(self._asked.messages) != list(self._prompt(contest)[0])
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
        messages, reference = self._prompt(contest)
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

    def _prompt(self, contest: Contest) -> tuple[Sequence[Mapping[str, Any]], str | None]:
        if self._writes:
            text = self.query_one(PromptArea).text
            return ([{"role": "user", "content": text}] if text.strip() else []), None
        if not contest.rows:
            return [], None
        example = contest.rows[self._row]
        return example.prompt, example.answer

    def _was_asked(self, asked: Asked) -> None:
        self._asked = asked
        if self.telling is None or self.telling.job != asked.session:
            self.follow_job(asked.session)
        self._refresh_answers()

    def _move(self, by: int) -> None:
        contest = self._contest
        if contest is None or not contest.rows:
            return
        self.query_one(ContentSwitcher).current = "row"
        self._row = (self._row + by) % len(contest.rows)
        self._asked = None
        self._refresh_all()

    def action_next_row(self) -> None:
        self._move(1)

    def action_previous_row(self) -> None:
        self._move(-1)

    def action_write(self) -> None:
        self.query_one(ContentSwitcher).current = "own"
        self.query_one(PromptArea).focus()
        self._refresh_all()

    def close_open(self) -> bool:
        if self._writes and self.query_one(PromptArea).has_focus:
            self.query_one("#baseline").focus()
            return True
        if self._writes:
            self.query_one(ContentSwitcher).current = "row"
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


def _prompt_lines(prompt: Sequence[Mapping[str, Any]], reference: str, width: int) -> list[Content]:
    styles = {"user": "bold $primary", "system": "$text-muted"}
    lines: list[Content] = []
    for message in prompt:
        role = str(message.get("role", "?"))
        label = Content.styled(shown_line(role, _GUTTER - 2).plain, styles.get(role, "bold $secondary"))
        lines += wrapped(shown(content_of(message)), width, label, _GUTTER)
    label = Content.styled("reference", "bold")
    return [*lines, *wrapped(shown(reference, "$text-muted"), width, label, _GUTTER)]
