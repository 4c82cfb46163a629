"""The Compare screen: how do baseline and tuned answer the same prompt, side by side?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import ContentSwitcher

from ftworkbench.tui.actions import bindings
from ftworkbench.tui.figures import count
from ftworkbench.tui.screens.screen import WorkbenchScreen
from ftworkbench.tui.telling import Telling
from ftworkbench.tui.text import entitle, shown, shown_line
from ftworkbench.tui.watch import EventsArrived, JobsChanged
from ftworkbench.tui.widgets.answer_pane import AnswerPane
from ftworkbench.tui.widgets.job_list import Entry
from ftworkbench.tui.widgets.job_words import job_title
from ftworkbench.tui.widgets.lines_view import LinesView, wrapped
from ftworkbench.tui.widgets.prompt_area import PromptArea
from ftworkbench.tui.widgets.row_view import content_of

if TYPE_CHECKING:
    from ftworkbench.evaluate.contestants import Contestant
    from ftworkbench.jobs.folder import Job
    from ftworkbench.jobs.story import Answer, Story
    from ftworkbench.tui.comparing import Asked, Contest

_NONE = "Nothing was tuned here yet: train a recipe first (2, then r). Its answers then stand beside the baseline's."
_GUTTER = 11


class CompareScreen(WorkbenchScreen):
    """On top the prompt, below it both answers."""

    SCOPE = "compare"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("compare")]
    CSS_PATH = "../styles/compare.tcss"
    AUTO_FOCUS = "#row"

    def __init__(self) -> None:
        super().__init__()
        self._entries: dict[str, Entry] = {}
        self._train: str | None = None
        self._adopted: str | None = None
        self._contest: Contest | None = None
        self._trouble = ""
        self._baseline = 0
        self._row = 0
        self._asked: Asked | None = None
        self._telling: Telling | None = None
        self._marks = True

    def compose_content(self) -> ComposeResult:
        with Vertical(id="prompt", classes="pane"), ContentSwitcher(initial="row"):
            yield LinesView(id="row", classes="")
            yield PromptArea(id="own")
        with Container(classes="body"):
            yield AnswerPane(id="baseline")
            yield AnswerPane(id="tuned")

    def on_mount(self) -> None:
        super().on_mount()
        self.on_screen_resume()

    # Which training job

    def on_screen_resume(self) -> None:
        selected = self.workbench.selected_job
        entry = next((each for each in self.workbench.jobs if each["job"] == selected), None)
        if entry is not None and selected != self._adopted:
            self._adopted = selected
            if entry["kind"] == "train" and entry["phase"] in ("done", "stopped"):
                self._take(str(selected))
        self._show_jobs(self.workbench.jobs)

    def on_jobs_changed(self, message: JobsChanged) -> None:
        super().on_jobs_changed(message)
        self._show_jobs(message.jobs)

    def _show_jobs(self, entries: Sequence[Entry]) -> None:
        self._entries = {entry["job"]: entry for entry in entries}
        trained = self._trained()
        if self._train is None and trained:
            self._take(trained[-1]["job"])
        self._refresh_all()

    def _trained(self) -> list[Entry]:
        return [each for each in self._entries.values() if each["kind"] == "train" and each["phase"] == "done"]

    def _job(self, name: str) -> Job:
        from ftworkbench.jobs.folder import Job

        return Job((self.workbench.workspace.jobs / name).resolve())

    def _take(self, name: str) -> None:
        """Compares by another training job: its recipe says who may answer, its split which rows there are."""
        if name == self._train:
            return
        self._train, self._contest, self._asked, self._telling, self._trouble = name, None, None, None, ""
        job, workspace = self._job(name), self.workbench.workspace

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

    # News of the session

    def on_events_arrived(self, message: EventsArrived) -> None:
        if self._telling is not None and message.job.name == self._telling.job.name:
            self._telling.take(message.events)
            self._tell()

    def _tell(self) -> None:
        if self._telling is None:
            return
        if self._telling.go_on():
            self._refresh_answers()
        else:
            self.set_timer(0.001, self._tell)

    # What is shown

    def _refresh_all(self) -> None:
        self._refresh_prompt()
        self._refresh_answers()

    @property
    def _writes(self) -> bool:
        return self.query_one(ContentSwitcher).current == "own"

    def _refresh_prompt(self) -> None:
        pane = self.query_one("#prompt")
        entry = self._entries.get(self._train or "")
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

    def _refresh_answers(self) -> None:
        baseline, tuned = self.query_one("#baseline", AnswerPane), self.query_one("#tuned", AnswerPane)
        contest, asked = self._contest, self._asked
        if contest is None:
            baseline.show_answer("baseline", "$chart-2", None, against=None, waiting="")
            tuned.show_answer("tuned", "$chart-1", None, against=None, waiting="")
            return
        if asked is None:
            chosen = contest.baselines[self._baseline]
            waiting = f"The model as it is, {who(chosen)}. enter asks both."
            baseline.show_answer(chosen.name, "$chart-2", None, against=None, waiting=waiting)
            waiting = "The same model with its adapter, and no examples in the prompt."
            tuned.show_answer(contest.tuned.name, "$chart-1", None, against=None, waiting=waiting)
            return
        answers = self._answers()
        one, other = answers.get(asked.baseline), answers.get(asked.tuned)
        waiting = self._waiting()
        baseline.show_answer(asked.baseline, "$chart-2", one, against=self._against(other), waiting=waiting)
        tuned.show_answer(asked.tuned, "$chart-1", other, against=self._against(one), waiting=waiting)

    def _answers(self) -> Mapping[str, Answer]:
        if self._telling is None or self._asked is None:
            return {}
        return self._telling.story.answers.get(self._asked.request, {})

    def _against(self, other: Answer | None) -> str | None:
        """What an answer is compared with: the reference of the row, or what the other one answered."""
        if not self._marks or self._asked is None:
            return None
        if self._asked.reference is not None:
            return self._asked.reference
        return other.text if other is not None and other.done and not other.error else None

    def _waiting(self) -> str:
        """What the session is doing, in words, while nothing has come."""
        if self._telling is None:
            return "Asks …"
        entry = self._entries.get(self._telling.job.name)
        if entry is not None and entry["phase"] in ("failed", "lost", "stopped"):
            return f"The session is {entry['phase']}: {self._telling.story.why or 'enter starts another'}."
        return session_words(self._telling.story)

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

        baseline = contest.baselines[self._baseline]
        self.workbench.launch(
            lambda: ask_both(contest, baseline, messages, reference), self._was_asked, doing="asking", group="ask"
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
        if self._telling is None or self._telling.job != asked.session:
            self._telling = Telling(asked.session)
            self.workbench.job_watch.follow(asked.session, "compare")
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
        self._refresh_prompt()

    def close_open(self) -> bool:
        if self._writes and self.query_one(PromptArea).has_focus:
            self.query_one("#baseline").focus()
            return True
        if self._writes:
            self.query_one(ContentSwitcher).current = "row"
            self.query_one("#row").focus()
            self._refresh_prompt()
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

        self.app.push_screen(ChooseJob("Whose adapter answers?", self._trained(), self._train), chosen)

    def action_marks(self) -> None:
        self._marks = not self._marks
        self._refresh_answers()

    def action_end_session(self) -> None:
        from ftworkbench.tui.comparing import close_sessions

        if self._train is None:
            return
        workspace, path = self.workbench.workspace, self._job(self._train).path
        self.workbench.launch(
            lambda: close_sessions(workspace, path),
            lambda ended: self.workbench.tell("the session ends" if ended else "no session runs"),
            doing="ending the session",
            group="ask",
        )


def who(contestant: Contestant) -> str:
    """How a contestant is asked, in words."""
    shots = len(contestant.shots)
    return f"with {count(shots, 'example')} in the prompt" if shots else "with no examples in the prompt"


def session_words(story: Story) -> str:
    """What a session is doing while its first answer has not come."""
    if story.seq == 0:
        return "The session starts: importing the libraries takes some ten seconds, once."
    if story.phase == "queued":
        return f"Waits for the device{': ' + story.why if story.why else '.'}"
    if story.phase == "loading":
        return "Loads the model, once for both."
    return "Reads the prompt …"


def _prompt_lines(prompt: Sequence[Mapping[str, Any]], reference: str, width: int) -> list[Content]:
    styles = {"user": "bold $primary", "system": "$text-muted"}
    lines: list[Content] = []
    for message in prompt:
        role = str(message.get("role", "?"))
        label = Content.styled(shown_line(role, _GUTTER - 2).plain, styles.get(role, "bold $secondary"))
        lines += wrapped(shown(content_of(message)), width, label, _GUTTER)
    label = Content.styled("reference", "bold")
    return [*lines, *wrapped(shown(reference, "$text-muted"), width, label, _GUTTER)]
