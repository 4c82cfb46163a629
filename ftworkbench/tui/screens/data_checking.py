"""Checking from the Data screen: how far it is, and what it found, by kind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual.message import Message
from textual.worker import get_current_worker

from ftworkbench.tui.screens import data_page

if TYPE_CHECKING:
    from ftworkbench.data.checks.check import Report
    from ftworkbench.steps.look_at_rows import ToCheck
    from ftworkbench.tui.review import Review
    from ftworkbench.tui.screens.data import DataScreen


class Checking(Message, bubble=False):
    """How far a check is."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Checking)


class Checks:
    """Checks the files in a thread, and shows what was found; `chosen` is given the kind whose rows are wanted."""

    def __init__(self, data: Callable[[], DataScreen], chosen: Callable[[str], object]) -> None:
        self._data, self._chosen = data, chosen
        self._report: Report | None = None
        self.words = ""

    def tell(self, review: Review) -> None:
        """Tells a file that was opened what was found of it before."""
        if self._report is not None:
            review.take_report(self._report)

    def start(self, *, tokens: bool = False) -> None:
        """Checks the files; with `tokens`, their rows by the tokenizer of the recipe's model too."""
        data = self._data()
        opened = data.workbench.opened
        if data.review is None:
            return
        if tokens and opened is None:
            data.workbench.tell("the tokenizer is that of a recipe's model, and there is no recipe here", "warning")
            return
        from ftworkbench.steps.look_at_rows import ToCheck

        work = partial(_check, data, ToCheck(opened, data.review.path, tokens))
        if data.launch(work, self._checked, doing="checking", group="check", failed=lambda _: self._say("")):
            self._say("checking…")

    def _say(self, words: str) -> None:
        self.words = words
        self._data().entitle()

    def take_progress(self, message: Checking) -> None:
        if self.words:
            self._say(message.words)

    def _checked(self, report: Report | None) -> None:
        self.words, self._report = "", report or self._report
        data = self._data()
        if report is not None and data.review is not None:
            data.review.take_report(report)
            data.measure_known()
            data.changed()
            self.show()

    def show(self) -> None:
        """Lists the problems that were found in the file, by kind."""
        data = self._data()
        if self._report is None or data.review is None:
            data.workbench.tell("nothing was checked yet: c checks")
            return
        from ftworkbench.tui.widgets.problem_list import ProblemList

        kinds, advice = data_page.kind_lines(data.review), data_page.advice(self._report, data.review)
        dialog = ProblemList(f"{data.review.name}: what check found", kinds, advice)
        data.app.push_screen(dialog, self._choose)

    def _choose(self, kind: str | None) -> None:
        if kind is not None:
            self._chosen(kind)


def _check(data: DataScreen, wanted: ToCheck) -> Report | None:
    """The report, by another process; None where the screen is left meanwhile. For a thread."""
    from ftworkbench.aside import aside
    from ftworkbench.steps.look_at_rows import check_rows

    worker = get_current_worker()

    def progress(what: str, done: int, total: int) -> None:
        data.post_message(Checking(f"checking: {what} {done / total:.0%}" if total else f"checking: {what}"))

    return aside(check_rows, wanted, progress, lambda: worker.is_cancelled)
