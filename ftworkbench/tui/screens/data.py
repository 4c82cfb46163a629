"""The Data screen: every row of a file, and what is decided about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from ftworkbench.data.checks.advice import RULES
from ftworkbench.printable import one_line
from ftworkbench.tui.actions import bindings
from ftworkbench.tui.finding import Found, RowsGrew, Sorted, run_count
from ftworkbench.tui.known import Measured, measure_known
from ftworkbench.tui.other_files import OtherFiles
from ftworkbench.tui.overview import Overview, look_over
from ftworkbench.tui.screens import data_page
from ftworkbench.tui.screens.data_checking import Checking
from ftworkbench.tui.screens.data_finding import FindingDesk
from ftworkbench.tui.screens.data_format import FileFormat
from ftworkbench.tui.screens.data_split import HeldOut
from ftworkbench.tui.screens.data_tokens import RowTokens
from ftworkbench.tui.screens.screen import WorkbenchScreen
from ftworkbench.tui.text import entitle, shown_line
from ftworkbench.tui.widgets.empty import Empty
from ftworkbench.tui.widgets.lines_view import LinesView
from ftworkbench.tui.widgets.query_line import QueryLine
from ftworkbench.tui.widgets.row_list import RowList
from ftworkbench.tui.widgets.row_view import row_lines

if TYPE_CHECKING:
    from ftworkbench.recipe.tables import Data
    from ftworkbench.steps.recipe import Opened
    from ftworkbench.tui.review import Review

_LOOK_SECONDS = 2.0
_FIRST_SECONDS = 0.02
_LONGEST_NAME = 24  # beside what is seen of the file


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
        self.files: list[Path] = []
        self._places: dict[Path, int] = {}
        self._others = OtherFiles([], None, self._read_beside, self.show_row)
        self._data: Data | None = None
        self._tokens = RowTokens(self)
        self.held_out = HeldOut(self)
        self._format = FileFormat(self)

    def compose_content(self) -> ComposeResult:
        yield FindingDesk()
        yield Empty()

    def on_mount(self) -> None:
        self.set_interval(_LOOK_SECONDS, self._look_around)
        if self.workbench.recipe_path is None:
            workspace = self.workbench.workspace
            self.files = [path for path in sorted(workspace.root.glob("*.jsonl")) if path != workspace.ledger]
            self._open_first()

    # Opening

    def recipe_opened(self, opened: Opened) -> None:
        if self.review is None or self._data != opened.recipe.data:
            self._data = opened.recipe.data
            self.held_out.look()
            self.files = opened.data_files
            self._open_first()

    def recipe_failed(self, problems: tuple[str, ...]) -> None:
        if self.review is None:
            self._say_empty(
                "The recipe cannot be used yet:",
                [*problems, "", "2 opens it in Recipe, where it can be mended."],
            )

    def read_as(self, options: Mapping[str, Any]) -> None:
        """Reads the file otherwise, as the data options say: where no recipe can say it."""
        from ftworkbench.recipe.tables import Data

        if self.review is not None:
            path = self.review.path
            self._data = replace(Data(train=path.name), **options)
            self.open_file(path)

    def _open_first(self) -> None:
        if self.files:
            self.open_file(self.files[0])
        else:
            self._say_empty(
                "No rows here yet.",
                [
                    "ftworkbench init DIR --data FILE --model ID  makes a workspace from a file of examples;",
                    "ftworkbench demo  opens one that is ready.",
                ],
            )

    def open_file(self, path: Path) -> None:
        """Opens one of the recipe's files."""
        work = partial(data_page.open_review, path, self._data, self.workbench.workspace.ledger)

        def failed(error: BaseException) -> None:
            self._say_empty(f"{path.name} cannot be shown.", [str(error)])

        self.launch(work, self._opened, doing=f"opening {path.name}", group="source", failed=failed)

    def _opened(self, review: Review) -> None:
        if self.review is not None and self.rows.index is not None:
            self._places[self.review.path] = self.rows.index
        # The file before is closed when the last thread that reads it lets go of it.
        self.workers.cancel_node(self)
        self.review = review
        self._others = OtherFiles(self.files, self._data, self._read_beside, lambda: self.show_row(top=False))
        self.finding.begin(review)
        self.remove_class("-empty")
        self.rows.show(range(review.size), keep=False)
        self.rows.go_to(min(self._places.get(review.path, 0), max(review.size - 1, 0)))
        self.entitle()
        self.finding.opened()
        self.call_after_refresh(self._count, review)
        if review.source.complete and not review.size:
            self._say_empty(f"{review.name} has no rows.", ["o goes to the recipe's next file."])

    def _count(self, review: Review) -> None:
        """Counts the rows, and looks what is known of them, when the first are painted."""
        if self.review is review:
            run_count(self, review)
            self.measure_known()

    def _read_beside(self, read: Callable[[], object], then: Callable[[object], object]) -> None:
        if not self.workbench.is_busy("beside"):
            self.launch(read, then, doing="reading another file", group="beside", quiet=True)

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
    def seed(self) -> int:
        """The seed of what is drawn at random from the rows."""
        return self._data.seed if self._data is not None else 0

    @property
    def page(self) -> LinesView:
        return self.query_one("#row", LinesView)

    def entitle(self) -> None:
        """Says above the rows which file it is, which rows are seen, how many are kept and reviewed."""
        if self.review is not None:
            room = max(self.rows.size.width - 4, 20)
            words = self.finding.words
            parts = [one_line(self.review.name, _LONGEST_NAME if words else None), *words]
            whole = " · ".join([*parts, self.review.summary])
            fits = len(whole) <= room or len(parts) == 1
            entitle(self.rows, shown_line(whole if fits else " · ".join(parts), room))

    def show_row(self, *, top: bool = True) -> None:
        index = self.rows.index
        if self.review is None or index is None:
            entitle(self.page, "")
            self.page.show(lambda _: (), top=True)
            return
        entitle(self.page, shown_line(data_page.title(self.review, index), 60))
        if self._tokens.page.is_open:
            self._tokens.page.show(index)
            self.page.show(self._tokens.page.lines, top=top)
            return
        searched = self.finding.searched
        needle = searched.text if searched is not None else ""
        page = data_page.row_page(self.review, index, self._others, self.held_out.frozen, needle)
        self.page.show(partial(row_lines, page), top=top)

    def on_rows_grew(self, _: RowsGrew) -> None:
        if self.review is not None and self.finding.shows_all and len(self.rows.rows) != self.review.size:
            self.rows.grow(range(self.review.size))
        self.entitle()

    def on_resize(self) -> None:
        self.entitle()

    def watch_maximized(self) -> None:
        self.call_after_refresh(self.entitle)  # the list has another width then

    def on_theme_changed(self) -> None:
        self.rows.forget()

    def changed(self, key: str = "") -> None:
        """After decisions: what is said of rows may be another now; with a `key`, of rows with that key alone."""
        review = self.review
        assert review is not None
        self.rows.forget((lambda index: review.key(index) == key) if key else None)
        self.show_row(top=False)
        self.entitle()

    def _look_around(self) -> None:
        """Follows what others write: decisions into the ledger, rows at the end of the file."""
        review = self.review
        if review is not None and review.ledger.refresh():
            review.tally.recount()
            self.changed()
        if review is not None and review.source.grew():
            review.source.index_some(_FIRST_SECONDS)
            run_count(self, review)
        self.held_out.look()

    def measure_known(self) -> None:
        """Looks what jobs have found out about the rows since."""
        opened = self.workbench.opened
        if opened is not None and not self.workbench.is_busy("measured"):
            known = self.review.known.measured if self.review is not None else Measured()
            work = partial(measure_known, opened, known)
            self.launch(work, self._take_measured, doing="looking what jobs found", group="measured", quiet=True)

    def _take_measured(self, measured: Measured) -> None:
        if self.review is not None and measured is not self.review.known.measured:
            self.review.known.measured = measured
            self.show_row(top=False)

    def on_screen_resume(self) -> None:
        self.measure_known()

    def on_found(self, message: Found) -> None:
        self.finding.take_found(message)

    def on_sorted(self, message: Sorted) -> None:
        self.finding.take_sorted(message)

    def on_checking(self, message: Checking) -> None:
        self.finding.checks.take_progress(message)

    def close_open(self) -> bool:
        if self._tokens.page.is_open and not self.query_one(QueryLine).is_open:
            self._tokens.page.close()
            self.show_row()
        elif self.rows.in_range and not self.query_one(QueryLine).is_open:
            self.rows.toggle_range()
        else:
            return super().close_open() or self.finding.close_open()
        return True

    # Other views

    def action_other_file(self) -> None:
        if self.review is None or len(self.files) < 2:
            self.workbench.tell("there is no other file: the recipe names only this one")
            return
        place = self.files.index(self.review.path) if self.review.path in self.files else -1
        self.open_file(self.files[(place + 1) % len(self.files)])

    def action_overview(self) -> None:
        review = self.review
        opened = self.workbench.opened
        rules = opened.recipe.check if opened is not None else RULES
        if review is not None:
            work = partial(look_over, review, self.seed, rules)
            self.launch(work, self._show_overview, doing="looking at it", group="overview")

    def _show_overview(self, found: Overview) -> None:
        from ftworkbench.tui.screens.overview import OverviewScreen

        if self.review is not None:
            self.app.push_screen(OverviewScreen(f"{self.review.name}: all of it", found))

    def action_format(self) -> None:
        self._format.ask()

    def action_read_on(self) -> None:
        self.page.action_half_down()

    def action_read_back(self) -> None:
        self.page.action_half_up()

    def action_tokens(self) -> None:
        self._tokens.turn()
        self.show_row()
