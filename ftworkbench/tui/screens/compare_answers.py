"""The lower part of the Compare screen: both answers beside each other, as they come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container

from ftworkbench.figures import count
from ftworkbench.tui.widgets.answer_pane import AnswerPane
from ftworkbench.tui.widgets.job_words import ALIVE

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

    def show_answers(self, asked: Asked, story: Story | None, entry: Entry | None, *, earlier: bool) -> None:
        """Shows what has come from the session that was asked; `entry` is its job's.

        `earlier`: another prompt stands above the answers now than the one that they answer.
        """
        baseline, tuned = self._panes()
        answers: Mapping[str, Answer] = story.answers.get(asked.request, {}) if story is not None else {}
        one, other = answers.get(asked.baseline), answers.get(asked.tuned)
        for pane, name, style, answer, beside in (
            (baseline, asked.baseline, "$chart-2", one, other),
            (tuned, asked.tuned, "$chart-1", other, one),
        ):
            pane.show_answer(
                name,
                style,
                answer,
                against=self._against(asked, beside),
                waiting=waiting_words(asked, story, entry),
                earlier=earlier,
            )

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


def waiting_words(asked: Asked, story: Story | None, entry: Entry | None) -> str:
    """What the session is doing while an answer has not begun."""
    if story is None:
        return "Asks …"
    if entry is not None and entry["phase"] not in ALIVE:
        return f"The session is {entry['phase']}: {story.why or 'enter starts another'}."
    if story.seq == 0:
        return "The session starts: importing the libraries takes some ten seconds, once."
    if story.phase == "queued":
        return _sentence(story.why or "waits for the device", ".")
    if story.phase == "loading":
        return _sentence(story.why or "imports the libraries, some ten seconds, once", " …")
    begun = story.answers.get(asked.request, {})
    if any(not answer.done for answer in begun.values()):
        return f"{' and '.join(name for name, answer in begun.items() if not answer.done)} answers first …"
    if any(not answer.done for answers in story.answers.values() for answer in answers.values()):
        return "Answers an earlier prompt first …"
    return "Reads the prompt …"


def _sentence(words: str, end: str) -> str:
    return f"{words[:1].upper()}{words[1:]}{end}"
