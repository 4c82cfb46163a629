"""The lower part of the Compare screen: both answers beside each other, as they come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container

from ftworkbench.tui.figures import count
from ftworkbench.tui.widgets.answer_pane import AnswerPane

if TYPE_CHECKING:
    from ftworkbench.evaluate.contestants import Contestant
    from ftworkbench.jobs.story import Answer, Story
    from ftworkbench.tui.comparing import Asked, Contest
    from ftworkbench.tui.widgets.job_list import Entry


class AnswersView(Container):
    """Two panes: before anything was asked who would answer, then what was answered, or what is waited for."""

    def __init__(self) -> None:
        super().__init__(classes="body")
        self.marks = True

    def compose(self) -> ComposeResult:
        yield AnswerPane(id="baseline")
        yield AnswerPane(id="tuned")

    def _panes(self) -> tuple[AnswerPane, AnswerPane]:
        return self.query_one("#baseline", AnswerPane), self.query_one("#tuned", AnswerPane)

    def show_nobody(self) -> None:
        """There is nobody to ask yet."""
        baseline, tuned = self._panes()
        baseline.show_answer("baseline", "$chart-2", None, against=None, waiting="")
        tuned.show_answer("tuned", "$chart-1", None, against=None, waiting="")

    def show_contest(self, contest: Contest, chosen: Contestant) -> None:
        """Says who would answer: `chosen` as the baseline, and the tuned model."""
        baseline, tuned = self._panes()
        waiting = f"The model as it is, {who(chosen)}. enter asks both."
        baseline.show_answer(chosen.name, "$chart-2", None, against=None, waiting=waiting)
        waiting = "The same model with its adapter, and no examples in the prompt."
        tuned.show_answer(contest.tuned.name, "$chart-1", None, against=None, waiting=waiting)

    def show_answers(self, asked: Asked, story: Story | None, entry: Entry | None) -> None:
        """Shows what has come from the session that was asked; `entry` is its job's."""
        baseline, tuned = self._panes()
        answers: Mapping[str, Answer] = story.answers.get(asked.request, {}) if story is not None else {}
        one, other = answers.get(asked.baseline), answers.get(asked.tuned)
        waiting = waiting_words(story, entry)
        baseline.show_answer(asked.baseline, "$chart-2", one, against=self._against(asked, other), waiting=waiting)
        tuned.show_answer(asked.tuned, "$chart-1", other, against=self._against(asked, one), waiting=waiting)

    def _against(self, asked: Asked, other: Answer | None) -> str | None:
        """What an answer is compared with: the reference of the row, or what the other one answered."""
        if not self.marks:
            return None
        if asked.reference is not None:
            return asked.reference
        return other.text if other is not None and other.done and not other.error else None


def who(contestant: Contestant) -> str:
    """How a contestant is asked, in words."""
    shots = len(contestant.shots)
    return f"with {count(shots, 'example')} in the prompt" if shots else "with no examples in the prompt"


def waiting_words(story: Story | None, entry: Entry | None) -> str:
    """What the session is doing while an answer has not begun."""
    if story is None:
        return "Asks …"
    if entry is not None and entry["phase"] in ("failed", "lost", "stopped"):
        return f"The session is {entry['phase']}: {story.why or 'enter starts another'}."
    if story.seq == 0:
        return "The session starts: importing the libraries takes some ten seconds, once."
    if story.phase == "queued":
        return f"W{story.why[1:]}." if story.why else "Waits for the device."
    if story.phase == "loading":
        return "Loads the model, once for both."
    return "Reads the prompt …"
