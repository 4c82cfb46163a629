"""A dialog in which a person labels pairs of answers blind, so that the judge of an evaluation is judged itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from ftworkbench.tui.actions import bindings
from ftworkbench.tui.text import shown
from ftworkbench.tui.widgets.keybar import KeyBar
from ftworkbench.tui.widgets.lines_view import LinesView, wrapped
from ftworkbench.tui.widgets.pair_to_label import pair_to_label_lines

if TYPE_CHECKING:
    from ftworkbench.evaluate.votes import Word
    from ftworkbench.jobs.folder import Job
    from ftworkbench.steps.judging import Judged, ToLabel
    from ftworkbench.tui.app import Workbench

_HINT = "Which answer is better? You don't see whose they are, nor what the judge said."
_DONE = "All {count} rows are labelled: {words}."


class LabelRows(ModalScreen[None]):
    """Shows the rows that are still to be labelled, one at a time. `found` is the object of verdict.json."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("label")]
    CSS_PATH = "../styles/label.tcss"

    def __init__(self, job: Job, found: Mapping[str, Any]) -> None:
        super().__init__(classes="dialog")
        self._job, self._found = job, dict(found)
        self._judged: Judged | None = None
        self._rows: list[ToLabel] = []

    @property
    def workbench(self) -> Workbench:
        return cast("Workbench", self.app)

    def compose(self) -> ComposeResult:
        with Vertical(classes="box tall") as box:
            box.border_title = Content("Label blind")
            yield LinesView(classes="inner")
        yield KeyBar()

    def on_mount(self) -> None:
        self.query_one(LinesView).focus()
        self._do(lambda: True)

    # What is shown

    def _do(self, act: Callable[[], bool]) -> None:
        """Does something with the labels, off the event loop, and shows what is left; False: there was nothing."""

        def work() -> tuple[bool, Judged, list[ToLabel], str]:
            from ftworkbench.evaluate.judge.checked import agreement_words
            from ftworkbench.steps.judging import judged_rows

            judged = self._judged or judged_rows(self._job, self._found)
            done = act()
            return done, judged, judged.left(), agreement_words(judged.agreement())

        self.workbench.launch(work, self._show, doing="keeping the label", group="label")

    def _show(self, found: tuple[bool, Judged, list[ToLabel], str]) -> None:
        if not self.is_attached:
            return
        done, self._judged, self._rows, words = found
        if not done:
            self.workbench.tell("there is no label to take back")
        box, pane = self.query_one(".box"), self.query_one(LinesView)
        count = len(self._judged.outcomes)
        box.border_subtitle = Content(f"{count - len(self._rows)} of {count} labelled")
        if self._rows:
            row = self._rows[0]
            pane.show(lambda width: [*wrapped(shown(_HINT, "$text-muted"), width), *pair_to_label_lines(row, width)])
        else:
            text = _DONE.format(count=count, words=words)
            pane.show(lambda width: wrapped(shown(text, "bold"), width))

    # What is done

    def _label(self, word: Word) -> None:
        if not self._rows:
            self.workbench.tell("every row is labelled; u takes the last label back")
            return
        job, row = self._job, self._rows[0]

        def act() -> bool:
            from ftworkbench.steps.judging import label

            label(job, row, word)
            return True

        self._do(act)

    def action_left_better(self) -> None:
        self._label("left")

    def action_right_better(self) -> None:
        self._label("right")

    def action_tie(self) -> None:
        self._label("tie")

    def action_both_bad(self) -> None:
        self._label("both bad")

    def action_take_back(self) -> None:
        job = self._job

        def act() -> bool:
            from ftworkbench.steps.judging import take_label_back

            return take_label_back(job)

        self._do(act)

    def action_close(self) -> None:
        self.dismiss(None)
