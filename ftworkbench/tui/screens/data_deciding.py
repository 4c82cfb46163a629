"""The part of the Data screen that decides: accept, reject, skip, tag, edit; one row or a range."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from ftworkbench.data.review.decisions import DECIDED
from ftworkbench.errors import WorkbenchError
from ftworkbench.tui import deciding
from ftworkbench.tui.actions import bindings
from ftworkbench.tui.rows import WORDS, RowLine
from ftworkbench.tui.screens import data_page
from ftworkbench.tui.screens.data_editing import RowEdits
from ftworkbench.tui.widgets.dialogs import Answer, Ask, AskLine
from ftworkbench.tui.widgets.lines_view import LinesView
from ftworkbench.tui.widgets.query_line import LineSuggester, last_word_lines
from ftworkbench.tui.widgets.row_list import RowList

if TYPE_CHECKING:
    from ftworkbench.tui.screens.data import DataScreen

_SHOWN_TAGS = 12


class DecidingDesk(Container):
    """Holds the rows and the page of the one under the cursor, and the keys that decide about them."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("data", "Decide")]
    DEFAULT_CSS = "DecidingDesk { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self._edits = RowEdits(self)

    def compose(self) -> ComposeResult:
        yield RowList(self._describe, self.data.show_row, id="rows")
        yield LinesView(id="row")

    def _describe(self, index: int) -> RowLine:
        assert self.data.review is not None
        return self.data.review.line(index)

    @property
    def data(self) -> DataScreen:
        return cast("DataScreen", self.screen)

    def written(self, write: Callable[[], object]) -> bool:
        """Writes to the ledger; False, with a word of why, where that failed. Nothing is shown as decided then."""
        try:
            write()
        except WorkbenchError as error:
            self.data.workbench.tell(str(error), "error")
            return False
        return True

    def _decide(self, do: str) -> None:
        if self.data.review is None or not (chosen := self.data.rows.chosen):
            return
        if self.data.rows.in_range and len(chosen) > 1:
            ends = " to ".join(f"row {self.data.review.source.number(index):,}" for index in (chosen[0], chosen[-1]))
            verb = {"accept": "Accept", "reject": "Reject", "skip": "Skip"}[do]
            self.app.push_screen(
                Ask(f"{verb} {len(chosen):,} rows?", f"From {ends}, as they are shown here.",
                    [Answer("y", f"yes, {do} all of them", do)]),
                lambda answer: self._decide_range(chosen, do) if answer else None,
            )  # fmt: skip
            return
        if self.data.rows.in_range:
            self.data.rows.toggle_range()
        review, index = self.data.review, chosen[0]
        before = review.state(index)
        same = before.status == WORDS[do] and before.alone
        if not same and not self.written(partial(review.decide, index, do)):
            return
        self.go_on(before.status)
        if not same:
            self.changed(index, deciding.what_changed(review, index, before.status))

    def changed(self, index: int, said: str) -> None:
        """After a decision about one row."""
        review = self.data.review
        assert review is not None
        if said:
            self.data.workbench.tell(said)
        else:
            self.data.workbench.forget_passing(at_once=True)  # it would speak of the decision before
        self.data.changed(review.key(index))
        self.data.held_out.warn([index])

    def go_on(self, before: str) -> None:
        """To the next row without a decision; from one that had been decided about before just to the next.

        From a row that was left for later, to the next of these too.
        """
        review, rows = self.data.review, self.data.rows
        assert review is not None
        if before in DECIDED:
            rows.move_to(rows.cursor + 1)
            return
        place = data_page.next_unreviewed(review, rows.rows, rows.cursor, 1, skipped=before == "skipped")
        if place is not None:
            if place < rows.cursor:
                self.data.workbench.tell("that was the last row: on from the first that is undecided")
            rows.move_to(place)
        elif data_page.next_unreviewed(review, rows.rows, rows.cursor, 1) is not None:
            self.data.workbench.tell("only rows that you left for later are undecided here: ] goes to them")
        else:
            self.data.workbench.tell(data_page.all_decided(len(rows.rows), everything=self.data.finding.shows_all))

    def _decide_range(self, chosen: list[int], do: str) -> None:
        self.data.rows.toggle_range()
        review = self.data.review
        assert review is not None

        def done(said: str) -> None:
            self.data.workbench.tell(said)
            self.data.changed()
            self.data.held_out.warn(chosen)

        self.data.launch(partial(deciding.decide_all, review, chosen, do), done, doing=f"{WORDS[do]} rows")

    def action_accept(self) -> None:
        self._decide("accept")

    def action_reject(self) -> None:
        self._decide("reject")

    def action_skip(self) -> None:
        self._decide("skip")

    def action_range(self) -> None:
        self.data.rows.toggle_range()
        if self.data.rows.in_range:
            self.data.workbench.tell(
                "a range: move to its other end, then a, x, space or t is for all of it; esc ends it"
            )

    def action_all_shown(self) -> None:
        self.data.rows.select_all()
        if count := len(self.data.rows.chosen):
            self.data.workbench.tell(f"all {count:,} rows shown: a, x, space or t is for all of them; esc ends it")

    def action_undo(self) -> None:
        self._step("undo", "nothing to undo")

    def action_redo(self) -> None:
        self._step("redo", "nothing to redo")

    def _step(self, what: str, nothing: str) -> None:
        if self.data.review is None:
            return
        try:
            act = self.data.review.undo() if what == "undo" else self.data.review.redo()
        except WorkbenchError as error:
            self.data.workbench.tell(str(error), "error")
            return
        if act is None:
            self.data.workbench.tell(nothing)
            return
        index = self.data.review.index_of(act.key, self.data.rows.index)
        shown = index is not None and self.data.rows.go_to(index)
        if len(act.keys) > 1:
            self.data.workbench.tell(f"{what}: {len(act.keys):,} rows")
        elif not shown or index is None:
            self.data.workbench.tell(f"{what}: of a row that is not shown here")
        else:
            self.data.workbench.tell(deciding.undone(self.data.review, index, what))
        self.data.changed()
        self.data.held_out.warn_of(act.keys)

    def action_tag(self) -> None:
        review, chosen = self.data.review, self.data.rows.chosen
        if review is None or not chosen:
            return

        def tag(line: str | None) -> None:
            if not line:
                return
            write = partial(deciding.tag_all, review, chosen, line)
            if len(chosen) > 1:
                self.data.launch(write, lambda _: self.data.changed(), doing="tagging rows")
            elif self.written(write):
                self.data.changed()

        title = "Tags" if len(chosen) == 1 else f"Tags of {len(chosen):,} rows"
        has = " ".join(sorted(review.state(chosen[0]).tags)) if len(chosen) == 1 else ""
        known = " ".join(review.ledger.tags()[:_SHOWN_TAGS])
        told = [f" Has: {has}." if has else "", f" In use: {known}" if known else ""]
        hint = f"Words to tag with; -word takes one away.{''.join(told)}"
        self.app.push_screen(
            AskLine(
                title,
                hint=hint,
                suggester=LineSuggester(lambda line: last_word_lines(line, review.ledger.tags())),
            ),
            tag,
        )

    def action_edit(self) -> None:
        self._edits.edit()

    def action_edit_outside(self) -> None:
        self._edits.edit_outside()

    def action_relabel(self) -> None:
        self._edits.relabel()
