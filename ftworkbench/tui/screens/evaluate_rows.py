"""The lower part of the Evaluate screen: the test rows by what became of them, and the one under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Container

from ftworkbench.figures import count
from ftworkbench.tui.text import entitle
from ftworkbench.tui.widgets.flip_list import FlipList, fate_counts
from ftworkbench.tui.widgets.item_list import ItemList
from ftworkbench.tui.widgets.lines_view import LinesView
from ftworkbench.tui.widgets.pair_view import pair_lines

if TYPE_CHECKING:
    from ftworkbench.steps.evaluation import Evaluation

_NO_ROWS = "The test rows with both answers come here."
_NONE_OF_KIND = "No row is of this kind; f shows the next kind."


class RowsView(Container):
    """A list of test rows, all or those of one fate, and both answers to the one under the cursor."""

    def __init__(self) -> None:
        super().__init__(classes="body")
        self._evaluation: Evaluation | None = None
        self._fate: str | None = None
        self._whole_prompt = False

    def compose(self) -> ComposeResult:
        yield FlipList(empty=_NO_ROWS, id="flips")
        pair = LinesView(id="pair")
        pair.border_title = "Answers"
        yield pair

    def show(self, evaluation: Evaluation | None) -> None:
        """Shows the rows of an evaluation, as far as they were answered."""
        self._evaluation = evaluation
        self._refresh()

    def _refresh(self) -> None:
        flips, evaluation = self.query_one(FlipList), self._evaluation
        pairs = evaluation.pairs if evaluation is not None else ()
        kept = [pair for pair in pairs if self._fate in (None, pair.fate)]
        flips.show(kept, empty=_NONE_OF_KIND if pairs else _NO_ROWS)
        if evaluation is not None and pairs:
            entitle(flips, fate_counts(evaluation.fates, self._fate), count(len(kept), "row"))
        else:
            entitle(flips, "Test rows")
        self._show_pair()

    @on(ItemList.Moved, "#flips")
    def _show_pair(self) -> None:
        pane = self.query_one("#pair", LinesView)
        pair, evaluation = self.query_one(FlipList).item, self._evaluation
        if pair is None or evaluation is None:
            pane.show(lambda width: ())
            return
        whole = self._whole_prompt
        pane.show(
            lambda width: pair_lines(pair, evaluation.baseline_name, evaluation.metric, width, whole_prompt=whole)
        )

    def next_fate(self) -> None:
        """Shows the rows of the next fate that any has, and after the last all rows."""
        if self._evaluation is None:
            return
        from ftworkbench.steps.evaluation import FATES

        kinds = [None, *(fate for fate in FATES if self._evaluation.fates[fate])]
        place = kinds.index(self._fate) if self._fate in kinds else 0
        self._fate = kinds[(place + 1) % len(kinds)]
        self._refresh()

    def turn_prompt(self) -> None:
        """Shows all that was sent, or the row's own prompt again."""
        self._whole_prompt = not self._whole_prompt
        self._show_pair()

    def read(self) -> None:
        """Gives the focus to the answers, to scroll in them."""
        self.query_one("#pair").focus()
