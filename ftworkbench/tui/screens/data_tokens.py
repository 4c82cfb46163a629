"""The token view of the Data screen: asked of a session for the row that is stayed on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.timer import Timer

from ftworkbench.tui.token_page import Piece, TokenPage, ask_tokens

if TYPE_CHECKING:
    from ftworkbench.tui.screens.data import DataScreen

# How long a row is looked at before its tokens are asked for.
_STAY_SECONDS = 0.15


class RowTokens:
    """Fills a page with the tokens of the row that `data` shows, and has it shown again when they come."""

    def __init__(self, data: DataScreen) -> None:
        self._data = data
        self._timer: Timer | None = None
        self.page = TokenPage(self._ask)

    def turn(self) -> None:
        """Opens the view, or closes it; says why where there is nobody to ask."""
        if self.page.is_open:
            self.page.close()
        elif self._data.workbench.opened is None:
            words = "the tokens are those of a recipe's model, and there is no recipe here"
            self._data.workbench.tell(words, "warning")
        else:
            self.page.is_open = True

    def _ask(self, _: int) -> None:
        """Asks a moment later, so that moving through the rows asks only for the one that is stayed on."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self._data.set_timer(_STAY_SECONDS, self._fetch)

    def _fetch(self) -> None:
        data, index = self._data, self.page.index
        opened, review = data.workbench.opened, data.review
        if opened is None or review is None or index is None:
            return
        messages = review.current(index)
        example = review.row(index).example
        tools = example.tools if example is not None else ()

        def arrived(pieces: tuple[Piece, ...]) -> None:
            if self.page.index == index:
                self.page.pieces = pieces
                data.show_row()
            elif self.page.is_open:
                self._fetch()

        def failed(error: BaseException) -> None:
            self.page.error = str(error)
            data.show_row()

        if not data.workbench.is_busy("tokens"):
            work = partial(ask_tokens, data.workbench.sessions, opened, messages, tools)
            data.launch(work, arrived, doing="reading the tokens", group="tokens", failed=failed)
