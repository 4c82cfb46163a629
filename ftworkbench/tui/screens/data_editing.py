"""Editing rows from the Data screen: here, in the user's editor, or by another label alone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ftworkbench.errors import InputError, WorkbenchError
from ftworkbench.tui import deciding, editing
from ftworkbench.tui.screens import data_page
from ftworkbench.tui.widgets.dialogs import Answer, Ask, AskLine
from ftworkbench.tui.widgets.query_line import LineSuggester, last_word_lines

if TYPE_CHECKING:
    from ftworkbench.tui.screens.data import DataScreen
    from ftworkbench.tui.screens.data_deciding import DecidingDesk

# Those of the dialog itself are left out.
_LABEL_KEYS = "123456789abcdefghilmnoprstuvwxyz"


class RowEdits:
    """What `desk` does to the words of the row under the cursor."""

    def __init__(self, desk: DecidingDesk) -> None:
        self._desk = desk

    @property
    def _data(self) -> DataScreen:
        return self._desk.data

    def edit(self) -> None:
        if (text := self._text_to_edit()) is None:
            return
        if not editing.can_be_shown(text):
            self._data.workbench.tell(
                "this row holds control characters: E edits it in $EDITOR, where they stay", "warning"
            )
            return
        from ftworkbench.tui.widgets.edit_text import EditText

        index, review = self._data.rows.index, self._data.review
        assert index is not None
        assert review is not None
        self._data.app.push_screen(
            EditText(
                f"Row {review.row(index).number}",
                text,
                hint=editing.HINT,
                check=editing.from_text,
                doubt=partial(deciding.doubt_edit, review, index),
                at=deciding.answer_place(text),
            ),
            lambda after: self._keep_edit(index, text, after),
        )

    def edit_outside(self) -> None:
        if (text := self._text_to_edit()) is None or self._data.rows.index is None:
            return
        suffix = ".json" if text.startswith("[\n") else ".txt"
        after = data_page.in_editor(self._data.workbench, text, suffix)
        if after is not None:
            self._keep_edit(self._data.rows.index, text, after, outside=True)

    def _text_to_edit(self) -> str | None:
        if self._data.review is None or self._data.rows.index is None:
            return None
        try:
            return deciding.text_to_edit(self._data.review, self._data.rows.index)
        except InputError as error:
            self._data.workbench.tell(str(error), "warning")
            return None

    def _keep_edit(self, index: int, before: str, after: str | None, *, outside: bool = False) -> None:
        if after is None or self._data.review is None:
            return
        try:
            doubt = deciding.doubt_edit(self._data.review, index, after) if outside else ""
            changed = deciding.save_edit(self._data.review, index, before, after)
        except WorkbenchError as error:
            self._data.workbench.tell(f"not saved: {error}", "error")
            return
        if not changed:
            self._data.workbench.tell("nothing was changed")
        else:
            self._desk.changed(index, "" if doubt else "edited, and so accepted; u takes it back")
        if changed and doubt:
            self._data.workbench.tell(f"edited, and so accepted; but {doubt}", "warning")

    def relabel(self) -> None:
        review, index = self._data.review, self._data.rows.index
        labels = review.labels() if review is not None else None
        if review is None or index is None:
            return
        if labels is None:
            self._data.workbench.tell("the answers carry no labels: e edits this one")
        elif len(labels.names) > len(_LABEL_KEYS):
            suggester = LineSuggester(lambda line: last_word_lines(line, labels.names))
            self._data.app.push_screen(
                AskLine("Label", hint="→ completes it", suggester=suggester), partial(self._relabel, index)
            )
        else:
            answers = [Answer(key, name, name) for key, name in zip(_LABEL_KEYS, labels.names, strict=False)]
            title = f"Label of row {review.source.number(index):,}"
            self._data.app.push_screen(Ask(title, "", answers), partial(self._relabel, index))

    def _relabel(self, index: int, label: str | None) -> None:
        review = self._data.review
        if not label or review is None:
            return
        before = review.state(index).status
        said: list[str] = []
        if self._desk.written(lambda: said.append(deciding.relabel(review, index, label))):
            self._desk.go_on(before)
            self._desk.changed(index, said[0])
