"""The lower part of the Compare screen: the answers beside each other, as they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from textual.app import ComposeResult
from textual.containers import Container

from ftworkbench.figures import count
from ftworkbench.tui.widgets.answer_pane import AnswerPane, Shown
from ftworkbench.tui.widgets.draws import Draw
from ftworkbench.tui.widgets.job_words import ALIVE

if TYPE_CHECKING:
    from ftworkbench.jobs.story import Answer, Story
    from ftworkbench.steps.contenders import Contender, Contest
    from ftworkbench.tui.comparing import Asked
    from ftworkbench.tui.widgets.job_list import Entry

MOST = 4  # who fit beside each other
_STYLES = ("$chart-2", "$chart-1", "$chart-3", "$chart-4")
_HIDDEN = ("left", "right")
_VOTES = ("← is better", "→ is better")
Marks = Literal["reference", "first", "none"]
_NEXT: dict[Marks, Marks] = {"reference": "first", "first": "none", "none": "reference"}


class AnswersView(Container):
    """A pane for each: before anything was asked who would answer, then what was answered, or what is waited for."""

    def __init__(self) -> None:
        super().__init__(classes="body")
        self.marks: Marks = "reference"

    def compose(self) -> ComposeResult:
        for place in range(MOST):
            yield AnswerPane(id=f"answer-{place}")

    def panes(self, many: int) -> list[AnswerPane]:
        """So many panes; the others are not seen."""
        found = list(self.query(AnswerPane))
        for place, pane in enumerate(found):
            pane.display = place < many
        return found[:many]

    def turn_marks(self, *, reference: bool) -> None:
        """Marks what differs from the reference, from the first answer, or nothing; without a reference there is none
        of the first kind."""
        self.marks = _NEXT["first" if self.marks == "reference" and not reference else self.marks]

    def marks_words(self, first: str) -> str:
        """What answers are marked against, where that is not what it usually is; `first` is who stands first."""
        return {"reference": "", "first": f" · marks: against {first}", "none": " · no marks"}[self.marks]

    def show_nobody(self) -> None:
        """There is nobody to ask yet."""
        for pane, name, style in zip(self.panes(2), ("baseline", "tuned"), _STYLES, strict=False):
            pane.show_answer(name, style, None, Shown())

    def show_contest(self, contest: Contest, names: Sequence[str], *, blind: bool) -> None:
        """Says who would answer; not which is which where the comparison is blind."""
        for place, (pane, name) in enumerate(zip(self.panes(len(names)), names, strict=True)):
            if blind:
                waiting = f"One of {' and '.join(names)}. enter asks."
                pane.show_answer(_HIDDEN[place], "$foreground", None, Shown(waiting=waiting))
            else:
                waiting = f"{_sentence(who(contest.named(name)), '.')} enter asks."
                pane.show_answer(name, _STYLES[place], None, Shown(waiting=waiting))

    def show_answers(
        self,
        asked: Asked,
        story: Story | None,
        entry: Entry | None,
        *,
        earlier: bool,
        order: Sequence[str] | None,
        scored: Mapping[str, str],
    ) -> None:
        """Shows what has come from the session that was asked; `entry` is its job's.

        `earlier`: another prompt stands above the answers now than the one that they answer. `order` is that in which
        they stand where it is a blind comparison; `scored` says how good each was in the rows that were asked so far.
        """
        if len(asked.requests) > 1:
            self._show_several(asked, story, entry, earlier=earlier, scored=scored)
            return
        answers = asked.answers(story)[0]
        waiting = waiting_words(asked, story, entry, blind=order is not None)
        names = order or asked.names
        if order is not None and not all(name in answers and _whole(answers[name]) for name in names):
            # Who answers first, or streams faster, would tell who it is.
            answers = {}
        for place, (pane, name) in enumerate(zip(self.panes(len(names)), names, strict=True)):
            against, whose = self._against(asked, names, place, blind=order is not None)
            shown = Shown(
                against=_text(answers.get(whose)) if whose else against,
                whose=whose,
                waiting=waiting,
                earlier=earlier,
                talk=asked.question.talks.get(name, ()),
                hidden=None if order is None else _VOTES[place],
                scored=scored.get(name, ""),
            )
            title, style = (name, _STYLES[place]) if order is None else (_HIDDEN[place], "$foreground")
            pane.show_answer(title, style, answers.get(name), shown)

    def _show_several(
        self, asked: Asked, story: Story | None, entry: Entry | None, *, earlier: bool, scored: Mapping[str, str]
    ) -> None:
        """Shows in each pane what one of them has drawn by each seed, one below the other."""
        waiting, drawn = waiting_words(asked, story, entry), asked.answers(story)
        for place, (pane, name) in enumerate(zip(self.panes(len(asked.names)), asked.names, strict=True)):
            against, whose = self._against(asked, asked.names, place, blind=False)
            draws = [
                Draw(each.seed, answers.get(name), _text(answers.get(whose)) if whose else against)
                for each, answers in zip(asked.drawing.each, drawn, strict=True)
            ]
            shown = Shown(whose=whose, waiting=waiting, earlier=earlier, scored=scored.get(name, ""))
            pane.show_draws(name, _STYLES[place], draws, shown)

    def _against(self, asked: Asked, names: Sequence[str], place: int, *, blind: bool) -> tuple[str | None, str]:
        """What the answer in a place is compared with: the reference, or else whose answer.

        That is the first one's, whose own is compared with that of the other where there are two.
        """
        if self.marks == "none" and not blind:
            return None, ""
        if self.marks == "reference" and not blind and asked.question.reference is not None:
            return asked.question.reference, ""
        if place:
            return None, names[0]
        return None, names[1] if len(names) == 2 else ""


def _whole(answer: Answer) -> bool:
    return answer.done or bool(answer.error)


def _text(answer: Answer | None) -> str | None:
    return answer.text if answer is not None and answer.done and not answer.error else None


def who(contender: Contender) -> str:
    """Who answers, and how it is asked, in words."""
    if contender.adapter is True:
        return "the model with its adapter, no examples"
    if contender.adapter:
        return f"with {contender.adapter}"
    asked = contender.contestant
    shots = f"the {count(asked.nearest, 'nearest example')}" if asked.nearest else count(len(asked.shots), "example")
    parts = [
        f"{asked.endpoint.model} at {asked.endpoint.url}" if asked.endpoint else "the model as it is",
        *(["your own prompt, not in the recipe yet"] if contender.tried else []),
        shots if asked.nearest or asked.shots else "no examples",
        *([count(asked.retrieval.passages, "passage")] if asked.retrieval else []),
    ]
    return ", ".join(parts)


def waiting_words(asked: Asked, story: Story | None, entry: Entry | None, *, blind: bool = False) -> str:
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
    begun = asked.answers(story)[0]
    if begun and blind:
        return "Both answer. They are shown when both are done …"
    if any(not answer.done for answer in begun.values()):
        first = " and ".join(name for name, answer in begun.items() if not answer.done)
        return f"{first} answers first …"
    if any(not answer.done for answers in story.answers.values() for answer in answers.values()):
        return "Answers an earlier prompt first …"
    return "Reads the prompt …"


def _sentence(words: str, end: str) -> str:
    return f"{words[:1].upper()}{words[1:]}{end}"
