"""Checking from the Data screen: how far it is, and what it found, by kind."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message
from textual.worker import get_current_worker

from ftworkbench.tui.screens import data_page

_JUST_NOW, _DAY = 300, 86_400

if TYPE_CHECKING:
    from ftworkbench.recipe.tables import Recipe
    from ftworkbench.steps.last_check import Checked
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
    """Checks the files in a thread, and shows what was found, also the last time that the workbench was open.

    `chosen` is given the file and the kind whose rows are wanted.
    """

    def __init__(self, data: Callable[[], DataScreen], chosen: Callable[[Path, str], object]) -> None:
        self._data, self._chosen = data, chosen
        self._checked: Checked | None = None
        self.words = ""

    def tell(self, review: Review) -> None:
        """Tells a file that was opened what was found of it before."""
        if self._checked is not None:
            review.take_report(self._checked)
        else:
            self._recall(review)

    def _recall(self, review: Review) -> None:
        """Looks whether these very files were checked before."""
        data = self._data()
        opened = data.workbench.opened
        paths = data.files if opened is not None else [review.path]
        recipe = opened.recipe if opened is not None else None

        def recalled(checked: Checked | None) -> None:
            if checked is not None and self._checked is None:
                self._take(checked)

        if not data.workbench.is_busy("recall"):
            data.launch(
                partial(_last_check, paths, recipe), recalled, doing="looking what a check found", group="recall"
            )

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
        if data.launch(work, self._done, doing="checking", group="check", failed=lambda _: self._say("")):
            self._say("checking…")

    def _say(self, words: str) -> None:
        self.words = words
        self._data().entitle()

    def take_progress(self, message: Checking) -> None:
        if self.words:
            self._say(message.words)

    def _done(self, checked: Checked | None) -> None:
        self.words = ""
        data = self._data()
        if checked is None or data.review is None:
            return
        self._take(checked)
        data.measure_known()
        if data.is_current:
            self.show()
        else:  # somebody is at something else by now
            data.workbench.tell("the check is done: p on the Data screen shows what it found")

    def _take(self, checked: Checked) -> None:
        self._checked = checked
        data = self._data()
        if data.review is not None:
            data.review.take_report(checked)
            data.changed()

    def show(self) -> None:
        """Lists the problems that were found, by file and kind, with how many are open."""
        data, checked = self._data(), self._checked
        if checked is None or data.review is None:
            data.workbench.tell("nothing was checked yet: c checks")
            return
        from ftworkbench.tui.widgets.problem_list import ProblemList

        age = time.time() - checked.began
        pattern = "" if age < _JUST_NOW else ", %H:%M" if age < _DAY else ", %d %b %H:%M"
        when = time.strftime(pattern, time.localtime(checked.began))

        found = data_page.findings(checked, data.review.ledger)

        def choose(chosen: tuple[int, str] | None) -> None:
            if chosen is not None:
                self._chosen(found[chosen[0]].path, chosen[1])

        data.app.push_screen(ProblemList(f"What check found{when}", found), choose)


def _last_check(paths: Sequence[Path], recipe: Recipe | None) -> Checked | None:
    from ftworkbench.steps.last_check import last_check

    return last_check(paths, recipe)


def _check(data: DataScreen, wanted: ToCheck) -> Checked | None:
    """The check, by another process; None where the screen is left meanwhile. For a thread."""
    from ftworkbench.aside import aside
    from ftworkbench.steps.look_at_rows import check_rows

    worker = get_current_worker()

    def progress(what: str, done: int, total: int) -> None:
        data.post_message(Checking(f"checking: {what} {done / total:.0%}" if total else f"checking: {what}"))

    return aside(check_rows, wanted, progress, lambda: worker.is_cancelled)
