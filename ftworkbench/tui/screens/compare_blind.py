"""The part of the Compare screen that votes: which answer is better, without knowing whose it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import BindingType
from textual.containers import Container

from ftworkbench.tui.actions import bindings

if TYPE_CHECKING:
    from ftworkbench.evaluate.votes import Vote, Word
    from ftworkbench.jobs.story import Answer
    from ftworkbench.tui.comparing import Asked
    from ftworkbench.tui.screens.compare import CompareScreen
    from ftworkbench.workspace import Workspace


class BlindDesk(Container):
    """Holds prompt and answers, and the keys that vote."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("compare", "Blind")]
    DEFAULT_CSS = "BlindDesk { height: 1fr; }"

    @property
    def _compare(self) -> CompareScreen:
        return cast("CompareScreen", self.screen)

    def action_blind(self) -> None:
        compare = self._compare
        if not compare.blind and len(compare.names) != 2:
            compare.workbench.tell("a blind comparison is between two: w chooses them", "warning")
            return
        if not compare.blind and compare.talks:
            compare.workbench.tell("a talk shows who said what: esc leaves it, then B compares blind", "warning")
            return
        if compare.drawing is not None:
            compare.drawing = compare.drawing.each[0]
        compare.blind = not compare.blind
        compare.recall()
        compare.refresh_prompt()
        compare.refresh_answers()
        if compare.blind:
            compare.action_ask()

    def action_left_better(self) -> None:
        self._vote("left")

    def action_right_better(self) -> None:
        self._vote("right")

    def action_tie(self) -> None:
        self._vote("tie")

    def action_both_bad(self) -> None:
        self._vote("both bad")

    def _vote(self, word: Word) -> None:
        compare, asked, order = self._compare, self._compare.asked, self._compare.order
        if asked is None or order is None:
            compare.workbench.tell("B compares blind, and then the arrows vote")
            return
        if not compare.all_answered:
            compare.workbench.tell("both have to answer first")
            return
        answers, workspace = dict(compare.answers), compare.workbench.workspace

        def kept(words: str) -> None:
            compare.workbench.tell(words)
            if compare.asked is asked:
                compare.move(1)
                compare.action_ask()

        compare.workbench.launch(
            lambda: _keep(workspace, word, asked, order, answers), kept, doing="keeping the vote", group="vote"
        )

    def action_take_back(self) -> None:
        from ftworkbench.steps.voting import take_vote_back

        compare, workspace = self._compare, self._compare.workbench.workspace

        def taken(vote: Vote | None) -> None:
            compare.workbench.tell("there is no vote to take back" if vote is None else "the last vote is taken back")

        compare.workbench.launch(lambda: take_vote_back(workspace), taken, doing="taking it back", group="vote")


def _keep(workspace: Workspace, word: Word, asked: Asked, order: tuple[str, ...], answers: Mapping[str, Answer]) -> str:
    """Keeps a vote on two answers; gives the tally in words, of the tuned one first."""
    from ftworkbench.evaluate.votes import tally_words
    from ftworkbench.steps.blind import Pair, vote_on
    from ftworkbench.steps.voting import side_of, tally_between

    sides = {name: side_of(name, answers[name]) for name in order}
    vote_on(workspace, Pair(asked.question, *sides.values()), word)
    other, one = (sides[name] for name in asked.names)
    return tally_words(tally_between(workspace, one, other), one.name, other.name)
