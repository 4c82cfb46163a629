"""The Data screen: every row of a file, and what is decided about it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.timer import Timer

from ftworkbench.tui.actions import bindings
from ftworkbench.tui.finding import Found, RowsGrew, Sorted, run_count
from ftworkbench.tui.screens import data_page
from ftworkbench.tui.screens.data_finding import Checking, FindingDesk
from ftworkbench.tui.screens.screen import WorkbenchScreen
from ftworkbench.tui.text import entitle, shown_line
from ftworkbench.tui.token_page import Piece, TokenPage, ask_tokens
from ftworkbench.tui.widgets.empty import Empty
from ftworkbench.tui.widgets.lines_view import LinesView
from ftworkbench.tui.widgets.query_line import QueryLine
from ftworkbench.tui.widgets.row_list import RowList
from ftworkbench.tui.widgets.row_view import row_lines

if TYPE_CHECKING:
    from ftworkbench.recipe.tables import Data
    from ftworkbench.steps.recipe import Opened
    from ftworkbench.tui.frozen import Frozen
    from ftworkbench.tui.review import Review

_LEDGER_SECONDS = 2.0
# How long a row is looked at before its tokens are asked for.
_STAY_SECONDS = 0.15


class DataScreen(WorkbenchScreen):
    """Rows on one side, the row under the cursor on the other, a line for filters and searches below."""

    SCOPE = "data"
    TITLE = "Data"
    CSS_PATH = "../styles/data.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("data", "View")]
    AUTO_FOCUS = "RowList"

    def __init__(self) -> None:
        super().__init__()
        self.review: Review | None = None
        self.frozen: Frozen | None = None
        self._files: list[Path] = []
        self._data: Data | None = None
        self._token_timer: Timer | None = None
        self._tokens = TokenPage(self._ask_tokens)

    def compose_content(self) -> ComposeResult:
        yield FindingDesk()
        yield Empty()

    def on_mount(self) -> None:
        self.set_interval(_LEDGER_SECONDS, self._look_at_ledger)
        if self.workbench.recipe_path is None:
            workspace = self.workbench.workspace
            self._files = [path for path in sorted(workspace.root.glob("*.jsonl")) if path != workspace.ledger]
            self._open_first()

    # Opening

    def recipe_opened(self, opened: Opened) -> None:
        if self.review is None or self._data != opened.recipe.data:
            self._data = opened.recipe.data
            self.frozen = None
            self._look_at_split()
            self._files = data_page.files_of(opened)
            self._open_first()

    def recipe_failed(self, problems: tuple[str, ...]) -> None:
        if self.review is None:
            self._say_empty(
                "The recipe cannot be used yet:",
                [*problems, "", "2 opens it in Recipe, where it can be mended."],
            )

    def _open_first(self) -> None:
        if self._files:
            self._open(self._files[0])
        else:
            self._say_empty(
                "No rows here yet.",
                [
                    "ftworkbench init DIR --data FILE --model ID  makes a workspace from a file of examples;",
                    "ftworkbench demo  opens one that is ready.",
                ],
            )

    def _open(self, path: Path) -> None:
        work = partial(data_page.open_review, path, self._data, self.workbench.workspace.ledger)

        def failed(error: BaseException) -> None:
            self._say_empty(f"{path.name} cannot be shown.", [str(error)])

        self.launch(work, self._opened, doing=f"opening {path.name}", group="source", failed=failed)

    def _opened(self, review: Review) -> None:
        # The file before is closed when the last thread that reads it lets go of it.
        self.workers.cancel_node(self)
        self.review = review
        self.finding.begin(review)
        self.remove_class("-empty")
        self.rows.show(range(review.size), keep=False)
        self.entitle()
        run_count(self, review)
        if review.source.complete and not review.size:
            self._say_empty(f"{review.path.name} has no rows.", ["o goes to the recipe's next file."])

    def _say_empty(self, head: str, lines: list[str]) -> None:
        self.query_one(Empty).say(head, lines)

    # What is seen

    @property
    def rows(self) -> RowList:
        return self.query_one(RowList)

    @property
    def finding(self) -> FindingDesk:
        return self.query_one(FindingDesk)

    @property
    def page(self) -> LinesView:
        return self.query_one("#row", LinesView)

    def entitle(self) -> None:
        """Says above the rows which file it is, which rows are seen, how many are kept and reviewed."""
        if self.review is not None:
            parts = [*(self.finding.words or [self.review.path.name]), self.review.summary]
            entitle(self.rows, shown_line(" · ".join(parts), max(self.rows.size.width - 4, 20)))

    def show_row(self, *, top: bool = True) -> None:
        index = self.rows.index
        if self.review is None or index is None:
            entitle(self.page, "")
            self.page.show(lambda _: (), top=True)
            return
        entitle(self.page, shown_line(data_page.title(self.review, index), 60))
        if self._tokens.is_open:
            self._tokens.show(index)
            self.page.show(self._tokens.lines, top=top)
            return
        searched = self.finding.searched
        needle = searched.text if searched is not None else ""
        self.page.show(partial(row_lines, data_page.row_page(self.review, index, self.frozen, needle)), top=top)

    @on(RowList.Moved)
    def _moved(self, _: RowList.Moved) -> None:
        self.show_row()

    def on_rows_grew(self, _: RowsGrew) -> None:
        if self.review is not None and self.finding.shows_all and len(self.rows.rows) != self.review.size:
            self.rows.grow(range(self.review.size))
        self.entitle()

    def on_resize(self) -> None:
        self.entitle()

    def on_theme_changed(self) -> None:
        self.rows.forget()

    def changed(self) -> None:
        """After decisions: what is said of rows may be another now."""
        self.rows.forget()
        self.show_row(top=False)
        self.entitle()

    def _look_at_ledger(self) -> None:
        if self.review is not None and self.review.ledger.refresh():
            self.review.recount()
            self.changed()
        self._look_at_split()

    def _look_at_split(self) -> None:
        """Reads which rows are held out, where that was frozen since the last time."""
        from ftworkbench.tui.frozen import Frozen, read_frozen, stamp_of

        opened = self.workbench.opened
        if opened is None or self.workbench.is_busy("split"):
            return
        name, stamp = opened.path.name, stamp_of(opened)
        if self.frozen is not None and (self.frozen.recipe, self.frozen.stamp) == (name, stamp):
            return

        def failed(_: BaseException) -> None:
            self.frozen = Frozen(name, stamp)  # said once; it is read again when it has changed

        work = partial(read_frozen, opened)
        self.launch(work, self._split_read, doing="reading the split", group="split", failed=failed)

    def _split_read(self, frozen: Frozen) -> None:
        self.frozen = frozen
        self.show_row(top=False)

    def warn_of_split(self, rows: Sequence[int]) -> None:
        """Says so where what was decided about these rows takes them out of what is measured."""
        if self.frozen is not None and self.review is not None and (words := self.frozen.warning(self.review, rows)):
            self.workbench.tell(words, "warning")

    def on_found(self, message: Found) -> None:
        self.finding.take_found(message)

    def on_sorted(self, message: Sorted) -> None:
        self.finding.take_sorted(message)

    def on_checking(self, message: Checking) -> None:
        self.finding.take_progress(message)

    def close_open(self) -> bool:
        if self._tokens.is_open and not self.query_one(QueryLine).is_open:
            self._tokens.close()
            self.show_row()
        elif self.rows.in_range and not self.query_one(QueryLine).is_open:
            self.rows.toggle_range()
        else:
            return super().close_open() or self.finding.close_open()
        return True

    # Other views

    def action_other_file(self) -> None:
        if self.review is None or len(self._files) < 2:
            self.workbench.tell("there is no other file: the recipe names only this one")
            return
        place = self._files.index(self.review.path) if self.review.path in self._files else -1
        self._open(self._files[(place + 1) % len(self._files)])

    def action_tokens(self) -> None:
        if self._tokens.is_open:
            self._tokens.close()
        elif self.workbench.opened is None:
            self.workbench.tell("the tokens are those of a recipe's model, and there is no recipe here", "warning")
        else:
            self._tokens.is_open = True
        self.show_row()

    def _ask_tokens(self, _: int) -> None:
        """Asks a moment later, so that moving through the rows asks only for the one that is stayed on."""
        if self._token_timer is not None:
            self._token_timer.stop()
        self._token_timer = self.set_timer(_STAY_SECONDS, self._fetch_tokens)

    def _fetch_tokens(self) -> None:
        opened, review, index = self.workbench.opened, self.review, self._tokens.index
        if opened is None or review is None or index is None:
            return
        messages = review.state(index).messages or review.messages(index)
        example = review.row(index).example
        tools = example.tools if example is not None else ()

        def arrived(pieces: tuple[Piece, ...]) -> None:
            if self._tokens.index == index:
                self._tokens.pieces = pieces
                self.show_row()
            elif self._tokens.is_open:
                self._fetch_tokens()

        def failed(error: BaseException) -> None:
            self._tokens.error = str(error)
            self.show_row()

        if not self.workbench.is_busy("tokens"):
            work = partial(ask_tokens, self.workbench.sessions, opened, messages, tools)
            self.launch(work, arrived, doing="reading the tokens", group="tokens", failed=failed)
