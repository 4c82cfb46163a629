"""The part of the Data screen that decides: accept, reject, skip, tag, edit; one row or a range."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from ftworkbench.errors import InputError, WorkbenchError
from ftworkbench.tui import deciding, editing
from ftworkbench.tui.actions import bindings
from ftworkbench.tui.rows import WORDS, RowLine
from ftworkbench.tui.screens import data_page
from ftworkbench.tui.widgets.dialogs import Answer, Ask, AskLine
from ftworkbench.tui.widgets.lines_view import LinesView
from ftworkbench.tui.widgets.query_line import LineSuggester, last_word_lines
from ftworkbench.tui.widgets.row_list import RowList

if TYPE_CHECKING:
    from ftworkbench.tui.screens.data import DataScreen


class DecidingDesk(Container):
    """Holds the rows and the page of the one under the cursor, and the keys that decide about them."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("data", "Decide")]
    DEFAULT_CSS = "DecidingDesk { height: 1fr; }"

    def compose(self) -> ComposeResult:
        yield RowList(self._describe, self.data.show_row, id="rows")
        yield LinesView(id="row")

    def _describe(self, index: int) -> RowLine:
        assert self.data.review is not None
        return self.data.review.line(index)

    @property
    def data(self) -> DataScreen:
        return cast("DataScreen", self.screen)

    def _written(self, write: Callable[[], object]) -> bool:
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
            verb = {"accept": "Accept", "reject": "Reject", "skip": "Skip"}[do]
            self.app.push_screen(
                Ask(f"{verb} {len(chosen):,} rows?", f"Rows {chosen[0] + 1:,} to {chosen[-1] + 1:,} of what is shown.",
                    [Answer("y", f"yes, {do} all of them", do)]),
                lambda answer: self._decide_range(chosen, do) if answer else None,
            )  # fmt: skip
            return
        if self._written(partial(self.data.review.decide, chosen[0], do)):
            self.data.rows.move_to(self.data.rows.cursor + 1)
            self.data.changed(self.data.review.row(chosen[0]).key)
            self.data.held_out.warn(chosen)

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

    def action_all_shown(self) -> None:
        self.data.rows.select_all()

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
        elif not shown:
            self.data.workbench.tell(f"{what}: of a row that is not shown here")
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
            elif self._written(write):
                self.data.changed()

        title = "Tags" if len(chosen) == 1 else f"Tags of {len(chosen):,} rows"
        has = " ".join(sorted(review.state(chosen[0]).tags)) if len(chosen) == 1 else ""
        hint = f"Words to tag with; -word takes one away.{f' Has: {has}' if has else ''}"
        self.app.push_screen(
            AskLine(
                title,
                hint=hint,
                suggester=LineSuggester(lambda line: last_word_lines(line, review.ledger.tags())),
            ),
            tag,
        )

    # Editing

    def action_edit(self) -> None:
        if (text := self._text_to_edit()) is None:
            return
        if not editing.can_be_shown(text):
            self.data.workbench.tell(
                "this row holds control characters: E edits it in $EDITOR, where they stay", "warning"
            )
            return
        from ftworkbench.tui.widgets.edit_text import EditText

        index, review = self.data.rows.index, self.data.review
        assert index is not None
        assert review is not None
        self.app.push_screen(
            EditText(f"Row {review.row(index).number}", text, hint=editing.HINT, check=editing.from_text),
            lambda after: self._keep_edit(index, text, after),
        )

    def action_edit_outside(self) -> None:
        if (text := self._text_to_edit()) is None or self.data.rows.index is None:
            return
        suffix = ".json" if text.startswith("[\n") else ".txt"
        after = data_page.in_editor(self.data.workbench, text, suffix)
        if after is not None:
            self._keep_edit(self.data.rows.index, text, after)

    def _text_to_edit(self) -> str | None:
        if self.data.review is None or self.data.rows.index is None:
            return None
        try:
            return deciding.text_to_edit(self.data.review, self.data.rows.index)
        except InputError as error:
            self.data.workbench.tell(str(error), "warning")
            return None

    def _keep_edit(self, index: int, before: str, after: str | None) -> None:
        if after is None or self.data.review is None:
            return
        try:
            changed = deciding.save_edit(self.data.review, index, before, after)
        except WorkbenchError as error:
            self.data.workbench.tell(f"not saved: {error}", "error")
            return
        self.data.workbench.tell("edited and accepted" if changed else "nothing was changed")
        self.data.changed()
        self.data.held_out.warn([index])
