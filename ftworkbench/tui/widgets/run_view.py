"""One job, whole: where it stands, its curves, its log, what it told, and the recipe that it ran."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import ContentSwitcher

from ftworkbench.tui.telling import Telling
from ftworkbench.tui.text import entitle
from ftworkbench.tui.widgets.chart import SECONDS_BETWEEN, Chart
from ftworkbench.tui.widgets.lines_view import LinesView
from ftworkbench.tui.widgets.log_view import LogView
from ftworkbench.tui.widgets.plot import Curve, sparkline
from ftworkbench.tui.widgets.run_words import (
    Metric,
    caption,
    evaluation_points,
    head_lines,
    metric_line,
    metrics_of,
    notice_lines,
    toml_lines,
)

_NAME_AND_VALUE = 27
clock = time.time


class RunView(Vertical):
    """Shows a job's story. The views are `curves`, `log`, `notices` and `recipe`."""

    VIEWS: ClassVar[tuple[str, ...]] = ("curves", "log", "notices", "recipe")

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes="pane")
        self._entry: Mapping[str, Any] | None = None
        self._telling: Telling | None = None
        self._chosen = 0
        self._view = "curves"
        self._recipe = ""
        self._drawn_at = 0.0
        self._waiting: Timer | None = None

    def compose(self) -> ComposeResult:
        yield LinesView(id="run-head", classes="inner")
        with ContentSwitcher(initial="curves", id="run-views"):
            with Vertical(id="curves"):
                yield Chart(id="run-chart")
                yield LinesView(id="run-metrics", classes="inner")
            yield LogView(id="log")
            yield LinesView(id="notices", classes="inner")
            yield LinesView(id="recipe", classes="inner")

    def on_mount(self) -> None:
        for name in ("run-head", "run-metrics"):
            self.query_one(f"#{name}").can_focus = False
        self.query_one("#log").remove_class("pane").add_class("inner")
        self.show_job(None, None)

    # What is shown

    @property
    def view(self) -> str:
        return self._view

    def choose_view(self, view: str) -> None:
        """Shows that view; the curves where it is shown already."""
        self._view = "curves" if view == self._view else view
        self.query_one(ContentSwitcher).current = self._view
        self._say_title()
        self.refresh_story()

    def next_metric(self) -> None:
        """Puts the next metric into the large chart."""
        metrics = self._metrics()
        if metrics:
            self._chosen = (self._chosen + 1) % len(metrics)
            self.refresh_story()

    def show_job(self, entry: Mapping[str, Any] | None, telling: Telling | None) -> None:
        """Shows another job, or none."""
        self._entry, self._telling = entry, telling
        self._chosen, self._recipe = 0, ""
        self._say_title()
        self.refresh_story()
        path = telling.job.log if telling else None
        self.run_worker(self.query_one(LogView).follow(path), group="log", exclusive=True)

    def show_recipe(self, text: str) -> None:
        """The text of the job's recipe, once it was read."""
        self._recipe = text
        self._refresh_recipe()

    def entry_changed(self, entry: Mapping[str, Any]) -> None:
        """The same job, in another phase or further on."""
        self._entry = entry
        self.story_moved()

    def story_moved(self) -> None:
        """Draws what has changed of the story, twice a second at most."""
        if self._waiting is None:
            due = self._drawn_at + SECONDS_BETWEEN - time.monotonic()
            if due <= 0:
                self.refresh_story()
            else:
                self._waiting = self.set_timer(due, self.refresh_story)

    def refresh_story(self) -> None:
        """Draws what has changed of the story, at once."""
        if self._waiting is not None:
            self._waiting.stop()
            self._waiting = None
        self._drawn_at = time.monotonic()
        self._refresh_head()
        if self._view == "curves":
            self._refresh_curves()
        elif self._view == "notices" and self._telling is not None:
            story = self._telling.story
            self.query_one("#notices", LinesView).show(lambda width: notice_lines(story, width), top=False)
        elif self._view == "recipe":
            self._refresh_recipe()

    def tick(self) -> None:
        """Lets the time left go on."""
        self._refresh_head()

    def _say_title(self) -> None:
        if self._entry is None:
            entitle(self, "Job")
            return
        views = [
            Content.styled(f" {view} ", "reverse bold") if view == self._view else Content(f" {view} ")
            for view in self.VIEWS
        ]
        entitle(self, Content("").join(views))

    def _refresh_head(self) -> None:
        entry, telling = self._entry, self._telling
        head = self.query_one("#run-head", LinesView)
        if entry is None or telling is None:
            head.show(lambda width: ())
            return
        now = clock()
        head.show(lambda width: head_lines(entry, telling.story, width, now), top=False)

    def _metrics(self) -> list[Metric]:
        return metrics_of(self._telling.story) if self._telling is not None else []

    def _refresh_curves(self) -> None:
        metrics = self._metrics()
        self.query_one("#run-metrics").display = bool(metrics)
        chart = self.query_one(Chart)
        if self._telling is None or not metrics:
            chart.plot((), 0, empty=self._nothing_to_draw())
            return
        story = self._telling.story
        metric = metrics[min(self._chosen, len(metrics) - 1)]
        curves = self._curves(metric)
        chart.plot(curves, story.steps, caption(metric, with_evaluation=len(curves) > 2))
        lines = [self._metric_line(each, each is metric) for each in metrics]
        self.query_one("#run-metrics", LinesView).show(lambda width: [line(width) for line in lines], top=False)

    def _curves(self, metric: Metric) -> list[Curve]:
        assert self._telling is not None
        thinned = self._telling.curves[metric.name]
        curves = [Curve(thinned.raw, "chart-faint"), Curve(thinned.smoothed, "chart-1")]
        evaluated = evaluation_points(self._telling.story, metric)
        if evaluated:
            curves += [Curve(evaluated, "chart-2"), Curve(evaluated, "chart-2", dots=True)]
        return curves

    def _metric_line(self, metric: Metric, chosen: bool) -> Any:
        assert self._telling is not None
        story = self._telling.story
        raw, value, steps = self._telling.curves[metric.name].raw, story.latest(metric.name), story.steps

        def line(width: int) -> Content:
            return metric_line(metric, value, sparkline(raw, width - _NAME_AND_VALUE, steps), width, chosen)

        return line

    def _nothing_to_draw(self) -> str:
        if self._entry is None:
            return ""
        kind = str(self._entry["kind"])
        return {
            "train": "No step has been logged yet.",
            "evaluate": "A measurement has no curves; enter opens it in Evaluate.",
            "merge": "A merge has no curves; enter opens it in Ship.",
            "session": "A session answers prompts; enter opens Compare.",
        }.get(kind, "This kind of job has no curves; l shows its log.")

    def _refresh_recipe(self) -> None:
        if self._view == "recipe":
            text = self._recipe
            self.query_one("#recipe", LinesView).show(lambda width: toml_lines(text, width), top=False)
