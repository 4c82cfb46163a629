"""The part of the Data screen that finds: filter, search, sort, check, the next unreviewed row."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from ftworkbench.data.problems import KINDS
from ftworkbench.data.review.decisions import DECIDED
from ftworkbench.errors import InputError
from ftworkbench.printable import one_line
from ftworkbench.tui import finding
from ftworkbench.tui.actions import bindings
from ftworkbench.tui.finding import Found, Sorted
from ftworkbench.tui.orders import ORDERS
from ftworkbench.tui.scan import Query
from ftworkbench.tui.screens import data_page
from ftworkbench.tui.screens.data_checking import Checks
from ftworkbench.tui.screens.data_deciding import DecidingDesk
from ftworkbench.tui.widgets.dialogs import Answer, Ask, AskLine
from ftworkbench.tui.widgets.query_line import QueryLine

if TYPE_CHECKING:
    from ftworkbench.tui.review import Review
    from ftworkbench.tui.screens.data import DataScreen

# Of more rows than these it is not counted after each decision how many are decided.
_MOST_COUNTED = 5_000
_LONGEST_WORDS = 28


class FindingDesk(Container):
    """Holds the deciding desk and the line for filters, and the keys that choose which rows are seen and how."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("data", "Find", "Move")]
    DEFAULT_CSS = "FindingDesk { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self.searched: Query | None = None
        self._filter: Query | None = None
        self._order = "number"
        self._kind = ""
        self._asked: tuple[Path, Callable[[], object]] | None = None
        self._before: int | None = None
        self.checks = Checks(lambda: self.data, self._show_kind)

    def compose(self) -> ComposeResult:
        yield DecidingDesk()
        yield QueryLine(self._complete)

    @property
    def data(self) -> DataScreen:
        return cast("DataScreen", self.screen)

    def begin(self, review: Review) -> None:
        """Another file is looked at: every row of it, in its order."""
        self.searched, self._filter, self._kind, self._order = None, None, "", "number"
        self._before = None
        self.checks.tell(review)

    def opened(self) -> None:
        """The file is open: shows the rows that it was opened for."""
        asked, self._asked = self._asked, None
        if asked is not None and self.data.review is not None and self.data.review.path == asked[0]:
            asked[1]()

    @property
    def words(self) -> list[str]:
        """What is seen, for the title: filter, rows, order, search, how far a check is. Nothing for all rows."""
        parts = []
        if self._filter is not None or self._kind:
            running = "…" if self._filter is not None and not self._filter.done else ""
            what = self._filter.text if self._filter is not None else KINDS[self._kind].title
            parts.append(f"{one_line(what, _LONGEST_WORDS)}: {self._counted()}{running}")
        if self._order != "number":
            parts.append(f"by {self._order}")
        if self.searched is not None:
            found = f"{len(self.searched.found):,} found{'' if self.searched.done else '…'}"
            parts.append(f"/{one_line(self.searched.text, _LONGEST_WORDS)}: {found}")
        return [*parts, self.checks.words] if self.checks.words else parts

    def _counted(self) -> str:
        """How many rows are shown, and how many of them are decided."""
        rows, review = self.data.rows.rows, self.data.review
        count = f"{len(rows):,} row{'s' * (len(rows) != 1)}"
        if review is None or len(rows) > _MOST_COUNTED:
            return count
        decided = sum(review.state(index).status in DECIDED for index in rows)
        return f"{count}, {decided:,} decided" if decided else count

    @property
    def shows_all(self) -> bool:
        """Whether every row is shown, in the order of the file."""
        return self._filter is None and not self._kind and self._order == "number"

    def show_all(self) -> None:
        self.workers.cancel_group(self.data, "filter")
        before = self._before if self.data.rows.index is None else None
        self._filter, self._kind, self._order = None, "", "number"
        if self.data.review is not None:
            self.data.rows.show(range(self.data.review.size))
        if before is not None:
            self.data.rows.go_to(before)
        self.data.entitle()

    def close_open(self) -> bool:
        """Closes the line, then the search, then the filter; False where none of them is open."""
        line = self.query_one(QueryLine)
        if line.is_open:
            line.close()
        elif self.searched is not None:
            self.searched = None
            self.data.show_row(top=False)
            self.data.entitle()
        elif not self.shows_all:
            self.show_all()
        else:
            return False
        return True

    def _complete(self, kind: str, line: str) -> list[str]:
        return (
            data_page.complete_filter(self.data.review, line)
            if kind == "filter" and self.data.review is not None
            else []
        )

    def action_filter(self) -> None:
        self.query_one(QueryLine).ask("filter", self._filter.text if self._filter else "", data_page.FILTER_HINT)

    def action_search(self) -> None:
        self.query_one(QueryLine).ask("search", "", "n N go from match to match")

    @on(QueryLine.Written)
    def _written(self, event: QueryLine.Written) -> None:
        if self.data.review is None:
            return
        line, text = self.query_one(QueryLine), event.text.strip()
        if event.kind == "filter":
            self.show_all()
            self._before = self.data.rows.index
            if text:
                try:
                    self._filter = finding.filter_query(self.data.review, text)
                except InputError as error:
                    line.say(str(error), wrong=True)
                    return
                self.data.rows.show([], keep=False)
                finding.run_query(self.data, self.data.review, self._filter, None)
        elif text:
            self.searched = finding.search_query(self.data.review, text)
            finding.run_query(
                self.data, self.data.review, self.searched, None if self.shows_all else list(self.data.rows.rows)
            )
        line.close()
        self.data.entitle()

    def take_found(self, message: Found) -> None:
        query = message.query
        if query not in (self._filter, self.searched):
            return
        first = not query.found and message.rows
        query.found += message.rows
        query.done = message.done
        if query is self._filter:
            self.data.rows.grow(query.found)
            self.data.entitle()
            if message.done and not query.found:
                self.data.workbench.tell("no row matches; q shows all of them again")
                self.data.show_row()
        else:
            self.data.entitle()
            if first:
                self._go_to_match(1, including=True)
            if message.done:
                count = len(query.found)
                self.data.workbench.tell(f"{count:,} rows match; n N go through them" if count else "nothing was found")

    def action_next_match(self) -> None:
        self._go_to_match(1)

    def action_previous_match(self) -> None:
        self._go_to_match(-1)

    def _go_to_match(self, step: int, *, including: bool = False) -> None:
        if self.searched is None:
            self.data.workbench.tell("nothing was searched for yet: / searches")
            return
        place = data_page.next_place(
            self.data.rows.rows, self.searched.found, self.data.rows.cursor, step, including=including
        )
        if place is None:
            self.data.workbench.tell(
                "nothing was found" if self.searched.done else "nothing was found yet; still looking"
            )
        else:
            self.data.rows.move_to(place)
            self.data.show_row()

    def action_sort(self) -> None:
        answers = [Answer(order.key, order.words, order.name) for order in ORDERS]
        self.app.push_screen(Ask("Look at the rows by", "", answers), self._sort)

    def _sort(self, by: str | None) -> None:
        if by is None or self.data.review is None:
            return
        needs = {order.needs for order in ORDERS if order.name == by and order.needs}
        if missing := self.data.review.known.missing(needs):
            self.data.workbench.tell(missing)
            return
        if by == "cluster":
            self.data.workbench.tell("looking which rows read alike…")
        finding.run_sort(self.data, self.data.review, list(self.data.rows.rows), by, self.data.seed)

    def take_sorted(self, message: Sorted) -> None:
        self._order = message.by
        self.data.rows.show(message.rows, keep=message.by == "number")
        self.data.entitle()

    def action_next_unreviewed(self) -> None:
        self._go_to_unreviewed(1)

    def action_previous_unreviewed(self) -> None:
        self._go_to_unreviewed(-1)

    def _go_to_unreviewed(self, step: int) -> None:
        if self.data.review is None:
            return
        rows = self.data.rows
        place = data_page.next_unreviewed(self.data.review, rows.rows, rows.cursor, step)
        if place is None:
            self.data.workbench.tell(data_page.all_decided(len(rows.rows), everything=self.shows_all))
            return
        if (place > rows.cursor) != (step > 0):
            self.data.workbench.tell("on from the other end")
        rows.move_to(place)

    def action_go_to(self) -> None:
        def go(line: str | None) -> None:
            review = self.data.review
            index = review.source.index_of(int(line)) if line and review is not None else None
            if line and (index is None or not self.data.rows.go_to(index)):
                self.data.workbench.tell(f"row {line} is not shown here", "warning")

        self.app.push_screen(AskLine("Go to row", hint="Its number", check=data_page.check_number), go)

    def action_check(self) -> None:
        self.checks.start()

    def action_check_tokens(self) -> None:
        self.checks.start(tokens=True)

    def action_problems(self) -> None:
        self.checks.show()

    def show_rows(self, path: Path, keys: Collection[str], words: str) -> None:
        """Shows the rows with these keys alone, called `words`, once that file is open."""
        review = self.data.review
        if not self._is_open(path, lambda: self.show_rows(path, keys, words)) or review is None:
            return
        self.show_all()
        self._before = self.data.rows.index
        self._filter = finding.keys_query(review, keys, words)
        self.data.rows.show([], keep=False)
        finding.run_query(self.data, review, self._filter, None)
        self.data.entitle()

    def _is_open(self, path: Path, then: Callable[[], object]) -> bool:
        """Whether that file is looked at; else it is opened, and `then` is called."""
        review = self.data.review
        if review is not None and path.resolve() == review.path.resolve():
            return True
        self._asked = (path, then)
        if review is not None or path not in self.data.files:
            self.data.open_file(path)
        return False

    def _show_kind(self, path: Path, kind: str) -> None:
        review = self.data.review
        if not self._is_open(path, lambda: self._show_kind(path, kind)) or review is None:
            return
        self.show_all()
        self._before = self.data.rows.index
        self._kind = kind
        rows = self.data.rows
        rows.show(data_page.rows_with(review, kind), keep=False)
        if rows.rows and (place := data_page.next_unreviewed(review, rows.rows, -1, 1)) is not None:
            rows.move_to(place)
        self.data.entitle()
