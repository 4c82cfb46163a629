"""The part of the Compare screen that asks row after row, by one key."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import BindingType
from textual.containers import Container

from ftworkbench.tui.actions import bindings
from ftworkbench.tui.widgets.job_words import ALIVE

if TYPE_CHECKING:
    from ftworkbench.steps.asking import Question
    from ftworkbench.steps.contenders import Contest
    from ftworkbench.tui.screens.compare import CompareScreen

_Here = tuple["Question | None", tuple[str, ...], str]


class TurnDesk(Container):
    """Holds prompt and answers, and the key that asks the rows in turn.

    It goes on as long as the row that it asked stands above, with the same to answer it in the same way: whatever else
    is done ends it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("compare", "Turn")]
    DEFAULT_CSS = "TurnDesk { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self._at: _Here | None = None
        self._contest: Contest | None = None

    @property
    def _compare(self) -> CompareScreen:
        return cast("CompareScreen", self.screen)

    @property
    def runs(self) -> bool:
        """Whether it asks further rows."""
        compare = self._compare
        same = self._at == self._here() and self._contest is compare.contest
        return self._at is not None and same and not compare.blind and not self._left

    @property
    def _left(self) -> bool:
        """Whether the session that was asked has ended without an answer."""
        compare, entry = self._compare, self._compare.told_entry
        ended = entry is not None and entry["phase"] not in ALIVE
        return compare.asked is not None and ended and not compare.all_answered

    @property
    def _asked(self) -> bool:
        """Whether what was asked last is the row that stands there, of these and in this way."""
        asked = self._compare.asked
        return asked is not None and (asked.question, asked.names, asked.drawing.words) == self._here()

    def action_in_turn(self) -> None:
        """Asks the row that stands there and those after it, or ends that."""
        compare = self._compare
        if self.end():
            return
        if compare.blind:
            compare.workbench.tell("blind, a vote takes the next row; B ends that")
        elif compare.prompt.writes:
            compare.workbench.tell("rows are asked in turn: esc goes back to them")
        else:
            self._ask()

    def end(self) -> bool:
        """Asks no further row; whether it was asking any."""
        if not self.runs:
            return False
        self._stop("no further row is asked; a goes on from here")
        return True

    def go_on(self) -> None:
        """Takes the next row where this one is answered."""
        compare = self._compare
        if self._at is None:
            return
        if not self.runs:
            self._stop()
        elif not self._asked:
            return
        elif self._failed:
            self._stop("this row could not be answered; a asks it again, and goes on")
        elif compare.all_answered and compare.last_row:
            self._stop(f"the last {compare.part} row is answered; [ and ] page through them")
        elif compare.all_answered:
            compare.move(1)
            self._ask()

    @property
    def _failed(self) -> bool:
        return any(answer.error for answers in self._compare.drawn for answer in answers.values())

    def _ask(self) -> None:
        """Asks the row that stands there, or waits for its answers, or goes on where they are there already."""
        compare = self._compare
        self._at, self._contest = self._here(), compare.contest
        if self._asked and compare.all_answered:
            self.call_later(self.go_on)
        elif not self._asked or self._failed or self._left:
            compare.asked = None
            if not compare.action_ask(failed=self._stop):
                self._stop()
        compare.refresh_prompt()

    def _stop(self, words: str = "") -> None:
        self._at = self._contest = None
        if words:
            self._compare.workbench.tell(words)
        self._compare.refresh_prompt()

    def _here(self) -> _Here:
        compare = self._compare
        return compare.question(), compare.names, compare.drawing.words if compare.drawing is not None else ""
