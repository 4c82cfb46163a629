"""The Data screen: every row of a file, and what is decided about it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from ftworkbench.errors import InputError
from ftworkbench.tui import deciding, editing, finding
from ftworkbench.tui.actions import bindings
from ftworkbench.tui.finding import Found, Query, RowsGrew, Sorted
from ftworkbench.tui.rows import WORDS, RowLine
from ftworkbench.tui.screens import data_page
from ftworkbench.tui.screens.screen import WorkbenchScreen
from ftworkbench.tui.text import shown, shown_line
from ftworkbench.tui.token_page import Piece, TokenPage, ask_tokens
from ftworkbench.tui.widgets.dialogs import Answer, Ask, AskLine
from ftworkbench.tui.widgets.lines_view import LinesView
from ftworkbench.tui.widgets.query_line import LineSuggester, QueryLine, last_word_lines
from ftworkbench.tui.widgets.row_list import RowList
from ftworkbench.tui.widgets.row_view import row_lines

if TYPE_CHECKING:
    from ftworkbench.data.check import Report
    from ftworkbench.recipe.tables import Data
    from ftworkbench.steps.recipe import Opened
    from ftworkbench.tui.review import Review

_LEDGER_SECONDS = 2.0
# How long a row is looked at before its tokens are asked for.
_STAY_SECONDS = 0.15


class DataScreen(WorkbenchScreen):
    """Rows on one side, the row under the cursor on the other, a line for filters and searches below."""

    SCOPE = "data"
    TITLE = "Data"
    CSS_PATH = "../styles/data.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("data")]
    AUTO_FOCUS = "RowList"

    def __init__(self) -> None:
        super().__init__()
        self.review: Review | None = None
        self.report: Report | None = None
        self._files: list[Path] = []
        self._data: Data | None = None
        self._filter: Query | None = None
        self._search: Query | None = None
        self._order = "number"
        self._kind = ""
        self._token_timer: Timer | None = None
        self._tokens = TokenPage(self._ask_tokens)

    def compose_content(self) -> ComposeResult:
        with Container(id="data"):
            yield RowList(self._describe, id="rows")
            yield LinesView(id="row")
        yield Static(id="empty", markup=False)
        yield QueryLine(self._complete)

    def on_mount(self) -> None:
        self.set_interval(_LEDGER_SECONDS, self._look_at_ledger)
        if self.workbench.recipe_path is None:
            self._files = sorted(self.workbench.workspace.root.glob("*.jsonl"))
            self._open_first()

    # Opening

    def recipe_opened(self, opened: Opened) -> None:
        if self.review is None or self._data != opened.recipe.data:
            self._data = opened.recipe.data
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
        self.review, self._filter, self._search, self._kind, self._order = review, None, None, "", "number"
        if self.report is not None:
            review.take_report(self.report)
        self.remove_class("-empty")
        self.rows.show(range(review.size), keep=False)
        self._title()
        finding.run_count(self, review)
        if review.source.complete and not review.size:
            self._say_empty(f"{review.path.name} has no rows.", ["o goes to the recipe's next file."])

    def _say_empty(self, head: str, lines: list[str]) -> None:
        self.add_class("-empty")
        body = [Content.styled(head, "bold"), Content(""), *(shown(line, "$text-muted") for line in lines)]
        self.query_one("#empty", Static).update(Content("\n").join(body))

    # What is seen

    @property
    def rows(self) -> RowList:
        return self.query_one(RowList)

    @property
    def page(self) -> LinesView:
        return self.query_one("#row", LinesView)

    def _describe(self, index: int) -> RowLine:
        assert self.review is not None
        return self.review.line(index)

    def _title(self) -> None:
        if self.review is None:
            return
        parts = [self.review.path.name, self.review.summary]
        if self._filter is not None:
            running = "" if self._filter.done else "…"
            parts = [self._filter.text, f"{len(self.rows.rows):,} rows{running}", self.review.summary]
        elif self._kind:
            parts = [self._kind, f"{len(self.rows.rows):,} rows", self.review.summary]
        if self._order != "number":
            parts.append(f"by {self._order}")
        self.rows.border_title = shown_line(" · ".join(parts), max(self.rows.size.width - 4, 20))

    def _show_row(self, *, top: bool = True) -> None:
        index = self.rows.index
        if self.review is None or index is None:
            self.page.border_title = ""
            self.page.show(lambda _: (), top=True)
            return
        self.page.border_title = shown_line(data_page.title(self.review, index), 60)
        if self._tokens.is_open:
            self._tokens.show(index)
            self.page.show(self._tokens.lines, top=top)
            return
        needle = self._search.text if self._search is not None else ""
        self.page.show(partial(row_lines, data_page.row_page(self.review, index, needle)), top=top)

    @on(RowList.Moved)
    def _moved(self, _: RowList.Moved) -> None:
        self._show_row()

    def on_rows_grew(self, _: RowsGrew) -> None:
        if self.review is not None and self._shows_all and len(self.rows.rows) != self.review.size:
            self.rows.grow(range(self.review.size))
        self._title()

    def on_resize(self) -> None:
        self._title()

    def on_theme_changed(self) -> None:
        self.rows.forget()

    def _changed(self) -> None:
        """After decisions: what is said of rows may be another now."""
        self.rows.forget()
        self._show_row(top=False)
        self._title()

    def _look_at_ledger(self) -> None:
        if self.review is not None and self.review.ledger.refresh():
            self.review.recount()
            self._changed()

    def close_open(self) -> bool:
        line = self.query_one(QueryLine)
        if line.is_open:
            line.close()
        elif self._tokens.is_open:
            self._tokens.close()
            self._show_row()
        elif self.rows.in_range:
            self.rows.toggle_range()
        elif super().close_open():
            pass
        elif self._search is not None:
            self._search = None
            self._show_row(top=False)
        elif self._filter is not None or self._kind or self._order != "number":
            self._show_all()
        else:
            return False
        return True

    @property
    def _shows_all(self) -> bool:
        """Whether every row is shown, in the order of the file."""
        return self._filter is None and not self._kind and self._order == "number"

    def _show_all(self) -> None:
        self.workers.cancel_group(self, "filter")
        self._filter, self._kind, self._order = None, "", "number"
        if self.review is not None:
            self.rows.show(range(self.review.size))
        self._title()

    # Deciding

    def _decide(self, do: str) -> None:
        if self.review is None or not (chosen := self.rows.chosen):
            return
        if self.rows.in_range and len(chosen) > 1:
            verb = {"accept": "Accept", "reject": "Reject", "skip": "Skip"}[do]
            self.app.push_screen(
                Ask(f"{verb} {len(chosen):,} rows?", f"Rows {chosen[0] + 1:,} to {chosen[-1] + 1:,} of what is shown.",
                    [Answer("y", f"yes, {do} all of them", do)]),
                lambda answer: self._decide_range(chosen, do) if answer else None,
            )  # fmt: skip
            return
        self.review.decide(chosen[0], do)
        self.rows.move_to(self.rows.cursor + 1)
        self._changed()

    def _decide_range(self, chosen: list[int], do: str) -> None:
        self.rows.toggle_range()
        review = self.review
        assert review is not None

        def done(said: str) -> None:
            self.workbench.tell(said)
            self._changed()

        self.launch(partial(deciding.decide_all, review, chosen, do), done, doing=f"{WORDS[do]} rows")

    def action_accept(self) -> None:
        self._decide("accept")

    def action_reject(self) -> None:
        self._decide("reject")

    def action_skip(self) -> None:
        self._decide("skip")

    def action_range(self) -> None:
        self.rows.toggle_range()

    def action_undo(self) -> None:
        self._step("undo", "nothing to undo")

    def action_redo(self) -> None:
        self._step("redo", "nothing to redo")

    def _step(self, what: str, nothing: str) -> None:
        if self.review is None:
            return
        key = self.review.undo() if what == "undo" else self.review.redo()
        if key is None:
            self.workbench.tell(nothing)
            return
        index = self.review.index_of(key, self.rows.index)
        if index is None or not self.rows.go_to(index):
            self.workbench.tell(f"{what}: of a row that is not shown here")
        self._changed()

    def action_tag(self) -> None:
        review, chosen = self.review, self.rows.chosen
        if review is None or not chosen:
            return

        def tag(line: str | None) -> None:
            if line:
                deciding.tag_all(review, chosen, line)
                self._changed()

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
            self.workbench.tell("this row holds control characters: E edits it in $EDITOR, where they stay", "warning")
            return
        from ftworkbench.tui.widgets.edit_text import EditText

        index = self.rows.index
        assert index is not None
        self.app.push_screen(
            EditText(f"Row {index + 1}", text, hint=editing.HINT, check=editing.from_text),
            lambda after: self._keep_edit(index, text, after),
        )

    def action_edit_outside(self) -> None:
        if (text := self._text_to_edit()) is None or self.rows.index is None:
            return
        suffix = ".json" if text.startswith("[\n") else ".txt"
        after = data_page.in_editor(self.workbench, text, suffix)
        if after is not None:
            self._keep_edit(self.rows.index, text, after)

    def _text_to_edit(self) -> str | None:
        if self.review is None or self.rows.index is None:
            return None
        try:
            return deciding.text_to_edit(self.review, self.rows.index)
        except InputError as error:
            self.workbench.tell(str(error), "warning")
            return None

    def _keep_edit(self, index: int, before: str, after: str | None) -> None:
        if after is None or self.review is None:
            return
        try:
            changed = deciding.save_edit(self.review, index, before, after)
        except InputError as error:
            self.workbench.tell(f"not saved: {error}", "error")
            return
        self.workbench.tell("edited and accepted" if changed else "nothing was changed")
        self._changed()

    # Finding

    def _complete(self, kind: str, line: str) -> list[str]:
        return data_page.complete_filter(self.review, line) if kind == "filter" and self.review is not None else []

    def action_filter(self) -> None:
        self.query_one(QueryLine).ask("filter", self._filter.text if self._filter else "", data_page.FILTER_HINT)

    def action_search(self) -> None:
        self.query_one(QueryLine).ask("search", "", "n N go from match to match")

    @on(QueryLine.Written)
    def _written(self, event: QueryLine.Written) -> None:
        if self.review is None:
            return
        line, text = self.query_one(QueryLine), event.text.strip()
        if event.kind == "filter":
            self._show_all()
            if text:
                try:
                    self._filter = finding.filter_query(self.review, text)
                except InputError as error:
                    line.say(str(error), wrong=True)
                    return
                self.rows.show([], keep=False)
                finding.run_query(self, self.review, self._filter, None)
        elif text:
            self._search = finding.search_query(self.review, text)
            finding.run_query(self, self.review, self._search, None if self._shows_all else list(self.rows.rows))
        line.close()
        self._title()

    @on(QueryLine.Closed)
    def _query_closed(self) -> None:
        self.rows.focus()

    def on_found(self, message: Found) -> None:
        query = message.query
        if query not in (self._filter, self._search):
            return
        first = not query.found and message.rows
        query.found += message.rows
        query.done = message.done
        if query is self._filter:
            self.rows.grow(query.found)
            self._title()
            if message.done and not query.found:
                self.workbench.tell("no row matches; q shows all of them again")
                self._show_row()
        else:
            if first:
                self._go_to_match(1, including=True)
            if message.done:
                count = len(query.found)
                self.workbench.tell(f"{count:,} rows match; n N go through them" if count else "nothing was found")

    def action_next_match(self) -> None:
        self._go_to_match(1)

    def action_previous_match(self) -> None:
        self._go_to_match(-1)

    def _go_to_match(self, step: int, *, including: bool = False) -> None:
        if self._search is None:
            self.workbench.tell("nothing was searched for yet: / searches")
            return
        place = data_page.next_place(self.rows.rows, self._search.found, self.rows.cursor, step, including=including)
        if place is None:
            self.workbench.tell("nothing was found" if self._search.done else "nothing was found yet; still looking")
        else:
            self.rows.move_to(place)
            self._show_row()

    def action_sort(self) -> None:
        answers = [Answer(name[0], title, name) for name, title in finding.SORTS.items()]
        self.app.push_screen(Ask("Sort the rows by", "", answers), self._sort)

    def _sort(self, by: str | None) -> None:
        if by is None or self.review is None:
            return
        finding.run_sort(self, self.review, list(self.rows.rows), by)

    def on_sorted(self, message: Sorted) -> None:
        self._order = message.by
        self.rows.show(message.rows)
        self._title()

    def action_next_unreviewed(self) -> None:
        self._go_to_unreviewed(1)

    def action_previous_unreviewed(self) -> None:
        self._go_to_unreviewed(-1)

    def _go_to_unreviewed(self, step: int) -> None:
        if self.review is None:
            return
        place = data_page.next_unreviewed(self.review, self.rows.rows, self.rows.cursor, step)
        if place is None:
            self.workbench.tell("no unreviewed row that way: all of these are decided")
        else:
            self.rows.move_to(place)

    def action_go_to(self) -> None:
        def go(line: str | None) -> None:
            if line and not self.rows.go_to(int(line) - 1):
                self.workbench.tell(f"row {line} is not shown here", "warning")

        self.app.push_screen(AskLine("Go to row", hint="Its number", check=data_page.check_number), go)

    # Checking

    def action_check(self) -> None:
        opened, review = self.workbench.opened, self.review
        if review is None:
            return
        progress = partial(self.app.call_from_thread, self._checking)
        work = partial(data_page.check, opened, review.path, progress)
        if self.launch(work, self._checked, doing="checking", group="check", failed=self._check_failed):
            self.rows.border_subtitle = Content("checking…")

    def _checking(self, what: str, done: int, total: int) -> None:
        self.rows.border_subtitle = shown_line(
            f"checking: {what} {done / total:.0%}" if total else f"checking: {what}", 50
        )

    def _check_failed(self, _: BaseException) -> None:
        self.rows.border_subtitle = ""

    def _checked(self, report: Report) -> None:
        self.rows.border_subtitle = ""
        self.report = report
        if self.review is not None:
            self.review.take_report(report)
            self._changed()
            self.action_problems()

    def action_problems(self) -> None:
        if self.report is None or self.review is None:
            self.workbench.tell("nothing was checked yet: c checks")
            return
        from ftworkbench.tui.widgets.problem_list import ProblemList

        kinds, advice = data_page.kind_lines(self.review), data_page.advice(self.report, self.review)
        self.app.push_screen(ProblemList(f"{self.review.path.name}: what check found", kinds, advice), self._show_kind)

    def _show_kind(self, kind: str | None) -> None:
        if kind is None or self.review is None:
            return
        self._show_all()
        self._kind = kind
        self.rows.show(self.review.rows_with(kind), keep=False)
        self._title()

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
        self._show_row()

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
                self._show_row()
            elif self._tokens.is_open:
                self._fetch_tokens()

        def failed(error: BaseException) -> None:
            self._tokens.error = str(error)
            self._show_row()

        if not self.workbench.is_busy("tokens"):
            work = partial(ask_tokens, opened, messages, tools)
            self.launch(work, arrived, doing="reading the tokens", group="tokens", failed=failed)
