"""The lower part of the Evaluate screen: the test rows by what became of them, and the one under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from ftworkbench.figures import count, p_value
from ftworkbench.tui.actions import bindings
from ftworkbench.tui.text import entitle
from ftworkbench.tui.widgets.dialogs import AskLine
from ftworkbench.tui.widgets.flip_list import FlipList, fate_counts
from ftworkbench.tui.widgets.item_list import ItemList
from ftworkbench.tui.widgets.lines_view import LinesView
from ftworkbench.tui.widgets.pair_view import pair_lines

if TYPE_CHECKING:
    from ftworkbench.jobs.folder import Job
    from ftworkbench.steps.evaluation import Evaluation, Pair
    from ftworkbench.steps.failures import Kind
    from ftworkbench.tui.app import Workbench

_NO_ROWS = "The test rows with both answers come here."
_NONE_OF_KIND = "No row is of this kind; f shows the next kind."


class RowsView(Container):
    """A list of test rows, all or those of one fate, both answers to one, and what to do about it."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("evaluate", "Failures")]

    def __init__(self) -> None:
        super().__init__(classes="body")
        self._evaluation: Evaluation | None = None
        self._against: Evaluation | None = None
        self._fate: str | None = None
        self._whole_prompt = False
        self.tags: dict[str, tuple[str, ...]] = {}

    def compose(self) -> ComposeResult:
        yield FlipList(empty=_NO_ROWS, id="flips")
        pair = LinesView(id="pair")
        pair.border_title = "Answers"
        yield pair

    @property
    def _workbench(self) -> Workbench:
        return cast("Workbench", self.app)

    @property
    def shown(self) -> Evaluation | None:
        """What is seen: the evaluation, or it against an older run."""
        return self._evaluation if self._against is None else self._against

    def show(self, evaluation: Evaluation | None) -> None:
        """Shows the rows of an evaluation, as far as they were answered."""
        self._evaluation, self._against = evaluation, None
        self._refresh()
        if evaluation is not None and evaluation.pairs:
            self._read_tags(evaluation)

    def _read_tags(self, evaluation: Evaluation) -> None:
        from ftworkbench.steps.failures import tags_of

        rows = [pair.row for pair in evaluation.pairs]

        def read(tags: dict[str, tuple[str, ...]]) -> None:
            if self._evaluation is evaluation and tags != self.tags:
                self.tags = tags
                self._refresh()

        workspace = self._workbench.workspace
        self._workbench.launch(lambda: tags_of(workspace, rows), read, doing="reading tags", group="tags of failures")

    def _refresh(self) -> None:
        flips, evaluation = self.query_one(FlipList), self.shown
        pairs = evaluation.pairs if evaluation is not None else ()
        kept = [pair for pair in pairs if self._fate in (None, pair.fate)]
        flips.graded = evaluation is not None and evaluation.graded
        flips.show(kept, empty=_NONE_OF_KIND if pairs else _NO_ROWS)
        if evaluation is not None and pairs:
            entitle(
                flips,
                fate_counts(evaluation.fates, self._fate, graded=flips.graded),
                self._words(evaluation, len(kept)),
            )
        else:
            entitle(flips, "Test rows")
        self._show_pair()

    def _words(self, evaluation: Evaluation, rows: int) -> str:
        """How many rows are shown, and against which run, with what its test came to."""
        if self._against is None:
            return count(rows, "row")
        change = evaluation.change
        told = "" if change is None else f": {change.word}, {p_value(change.p_value)}"
        return f"against {evaluation.baseline_name}{told} · {count(rows, 'row')}"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Each kind of error that was tagged, before and after."""
        from ftworkbench.steps.failures import kinds_of

        if self.shown is None or not self.tags:
            return ()
        return kinds_of(self.shown.pairs, self.tags, graded=self.shown.graded)

    @property
    def _pair(self) -> Pair | None:
        return self.query_one(FlipList).item

    @on(ItemList.Moved, "#flips")
    def _show_pair(self) -> None:
        pane = self.query_one("#pair", LinesView)
        pair, evaluation = self._pair, self.shown
        if pair is None or evaluation is None:
            pane.show(lambda width: ())
            return
        whole, tags = self._whole_prompt, self.tags.get(pair.row, ())
        pane.show(
            lambda width: pair_lines(
                pair, evaluation.baseline_name, evaluation.metric, width, whole_prompt=whole, tags=tags
            )
        )

    def next_fate(self) -> None:
        """Shows the rows of the next fate that any has, and after the last all rows."""
        evaluation = self.shown
        if evaluation is None:
            return
        from ftworkbench.steps.evaluation import FATES

        kinds = [None, *(fate for fate in FATES if evaluation.fates[fate])]
        place = kinds.index(self._fate) if self._fate in kinds else 0
        self._fate = kinds[(place + 1) % len(kinds)]
        self._refresh()

    def turn_prompt(self) -> None:
        """Shows all that was sent, or the row's own prompt again."""
        self._whole_prompt = not self._whole_prompt
        self._show_pair()

    def read(self) -> None:
        """Gives the focus to the answers, to scroll in them."""
        self.query_one("#pair").focus()

    # What to do about a failure

    def action_near(self) -> None:
        pair, evaluation = self._pair, self._evaluation
        if pair is None or evaluation is None:
            return
        from ftworkbench.steps.failures import nearest_rows
        from ftworkbench.tui.shown_rows import open_rows

        words = f"nearest to test row {pair.number}"
        self._workbench.launch(
            lambda: nearest_rows(evaluation.job, pair),
            lambda found: open_rows(self._workbench, *found, words),
            doing="looking for the nearest rows",
            group="near rows",
        )

    def action_tag_near(self) -> None:
        pair, evaluation = self._pair, self._evaluation
        if pair is None or evaluation is None:
            return
        from ftworkbench.data.review.decisions import NEAR_FAILURE
        from ftworkbench.steps.failures import nearest_rows, tag_near

        def tagged(many: int) -> None:
            told = f"{count(many, 'training row')} tagged {NEAR_FAILURE}, and to be looked at again"
            if not many:
                told = f"the nearest training rows are tagged {NEAR_FAILURE} already, and wait to be looked at"
            self._workbench.tell(f"{told}: s f in Data (1) brings them up")

        self._workbench.launch(
            lambda: tag_near(evaluation.job.workspace, nearest_rows(evaluation.job, pair)[1]),
            tagged,
            doing="tagging the nearest rows",
            group="near rows",
        )

    def action_tag(self) -> None:
        pair, evaluation = self._pair, self._evaluation
        if pair is None or evaluation is None:
            return
        from ftworkbench.steps.failures import tag_failure

        def written(text: str | None) -> None:
            if text is not None:
                tags = list(dict.fromkeys(text.replace(",", " ").split()))
                self._workbench.launch(
                    lambda: tag_failure(evaluation.job.workspace, pair.row, tags),
                    lambda _: self._read_tags(evaluation),
                    doing="tagging",
                    group="tags of failures",
                )

        known = sorted({tag for tags in self.tags.values() for tag in tags})
        hint = f"in use: {' '.join(known)}" if known else "one or more words: sarcasm two-problems …"
        self.app.push_screen(
            AskLine("What kind of error is it?", " ".join(self.tags.get(pair.row, ())), hint=hint), written
        )

    def action_against(self) -> None:
        evaluation = self._evaluation
        if self._against is not None or evaluation is None:
            self._against = None
            self._refresh()
            return
        from ftworkbench.steps.evaluation import measured_by, runs_before

        def found(by_name: dict[str, Job]) -> None:
            if self._evaluation is not evaluation:
                return
            entries = [entry for entry in self._workbench.jobs if entry["job"] in by_name]
            if len(entries) < 2:
                self._read_against(evaluation, None)
                return
            from ftworkbench.tui.widgets.choose_job import ChooseJob

            def chosen(name: str | None) -> None:
                if name is not None:
                    self._read_against(evaluation, by_name[name])

            self.app.push_screen(ChooseJob("Against which run?", entries, next(iter(by_name))), chosen)

        self._workbench.launch(
            lambda: measured_by(runs_before(evaluation)),
            found,
            doing="looking for runs before",
            group="run against run",
        )

    def _read_against(self, evaluation: Evaluation, run: Job | None) -> None:
        """Shows the evaluation against that run before it; the newest that there is, where none is named."""
        from ftworkbench.steps.evaluation import against_run_before, read_evaluation, run_against_run

        def found(both: Evaluation) -> None:
            if self._evaluation is evaluation:
                self._against = both
                self._refresh()
                if (change := both.change) is not None:
                    self._workbench.tell(f"against {both.baseline_name}: {change.word}; {change.reasons[1]}")

        def read() -> Evaluation:
            return run_against_run(evaluation, read_evaluation(run)) if run else against_run_before(evaluation)

        self._workbench.launch(read, found, doing="reading the run before", group="run against run")
