"""The part of the Compare screen that asks row after row, by one key."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import BindingType
from textual.containers import Container

from ftworkbench.tui.actions import bindings

if TYPE_CHECKING:
    from ftworkbench.steps.asking import Question
    from ftworkbench.tui.drawing import Drawing
    from ftworkbench.tui.screens.compare import CompareScreen


class TurnDesk(Container):
    """Holds prompt and answers, and the key that asks the rows in turn.

    It goes on as long as the row that it asked stands above, with the same to answer it: whatever else is done ends it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("compare", "Turn")]
    DEFAULT_CSS = "TurnDesk { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self._at: tuple[Question | None, tuple[str, ...], Drawing | None] | None = None

    @property
    def _compare(self) -> CompareScreen:
        return cast("CompareScreen", self.screen)

    @property
    def runs(self) -> bool:
        return self._at is not None

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
        if self._at is None:
            return False
        self._at = None
        self._compare.workbench.tell("no further row is asked; a goes on from here")
        self._compare.refresh_prompt()
        return True

    def go_on(self) -> None:
        """Takes the next row where this one is answered."""
        compare = self._compare
        if self._at is None:
            return
        if self._at != self._here() or compare.blind:
            self._at = None
            compare.refresh_prompt()
        elif any(answer.error for answers in compare.drawn for answer in answers.values()):
            self._at = None
            compare.workbench.tell(
                "asks no further row: this one could not be answered; a goes on from here", "warning"
            )
            compare.refresh_prompt()
        elif compare.all_answered:
            if compare.last_row:
                self._at = None
                compare.workbench.tell(f"the last {compare.part} row is answered; [ and ] page through them")
                compare.refresh_prompt()
            else:
                compare.move(1)
                self._ask()

    def _ask(self) -> None:
        """Asks the row that stands there, or goes on where it was asked already."""
        compare = self._compare
        self._at = self._here()
        compare.refresh_prompt()
        if compare.all_answered:
            self.call_later(self.go_on)
        elif not compare.action_ask():
            self._at = None
            compare.refresh_prompt()

    def _here(self) -> tuple[Question | None, tuple[str, ...], Drawing | None]:
        compare = self._compare
        return compare.question(), compare.names, compare.drawing
