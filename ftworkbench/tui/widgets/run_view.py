"""One job, whole: where it stands, its curves, its answers, its log, what it told, and the recipe that it ran."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import ContentSwitcher

from ftworkbench.tui.telling import Telling
from ftworkbench.tui.text import entitle
from ftworkbench.tui.widgets.chart import Chart
from ftworkbench.tui.widgets.framed import FramedLines, FramePainted
from ftworkbench.tui.widgets.lines_view import LinesView
from ftworkbench.tui.widgets.log_view import LogView
from ftworkbench.tui.widgets.plot import Point, sparkline
from ftworkbench.tui.widgets.run_curves import Run, picture_of, picture_of_all
from ftworkbench.tui.widgets.run_metrics import NAME_AND_VALUE, Metric, metric_line, metrics_of
from ftworkbench.tui.widgets.run_words import Known, head_lines, notice_lines, toml_lines
from ftworkbench.tui.widgets.sample_words import sample_lines

# Figures that change every second are read; faster ones only flicker.
SECONDS_BETWEEN = 1.0
clock = time.time


class RunView(Vertical, FramePainted):
    """Shows a job's story. The views are `curves`, `answers`, `log`, `notices` and `recipe`."""

    VIEWS: ClassVar[tuple[str, ...]] = ("curves", "answers", "log", "notices", "recipe")

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes="pane")
        self._styles_cache = FramedLines()
        self._entry: Mapping[str, Any] | None = None
        self._telling: Telling | None = None
        self._over: Sequence[Run] = ()
        self._metric = ""
        self._view = "curves"
        self._recipe = ""
        self._drawn_at = 0.0
        self._all_drawn_at = 0.0
        self._is_new = True
        self._waiting: Timer | None = None
        self._sparks: dict[tuple[str, int], tuple[Sequence[Point], float, str]] = {}

    def compose(self) -> ComposeResult:
        yield LinesView(id="run-head", classes="inner")
        with ContentSwitcher(initial="curves", id="run-views"):
            with Vertical(id="curves"):
                yield Chart(id="run-chart")
                yield LinesView(id="run-metrics", classes="inner")
            yield LinesView(id="answers", classes="inner")
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

    @property
    def chart(self) -> Chart:
        return self.query_one(Chart)

    def choose_view(self, view: str) -> None:
        """Shows that view; the curves where it is shown already."""
        self._view = "curves" if view == self._view else view
        views = self.query_one(ContentSwitcher)
        if views.has_focus_within:  # what is hidden loses the focus, to nothing
            (self.chart if self._view == "curves" else self.query_one(f"#{self._view}")).focus()
        views.current = self._view
        self._say_title()
        self.refresh_story()

    def read_chart(self) -> None:
        """Gives the chart the focus."""
        if self._view != "curves":
            self.choose_view("curves")
        self.chart.focus()

    def on_descendant_focus(self) -> None:
        self._make_room()

    def on_descendant_blur(self) -> None:
        self._make_room()

    def _make_room(self) -> None:
        """In a low terminal the chart that is read has the lines of the other metrics too."""
        self.set_class(self.chart.has_focus and self.screen.has_class("-narrow"), "-reading")

    def next_metric(self) -> None:
        """Puts the next metric into the large chart."""
        metrics = self._metrics()
        if metrics:
            self._metric = metrics[(metrics.index(self._shown_metric(metrics)) + 1) % len(metrics)].name
            self.refresh_story()

    def _shown_metric(self, metrics: Sequence[Metric]) -> Metric:
        return next((metric for metric in metrics if metric.name == self._metric), metrics[0])

    def show_job(self, entry: Mapping[str, Any] | None, telling: Telling | None, over: Sequence[Run] = ()) -> None:
        """Shows another job, or none; its curves over those of others where there are any."""
        self._entry, self._telling, self._over = entry, telling, over
        self._recipe, self._is_new = "", True
        self.chart.begin()
        self._say_title()
        self.refresh_story()
        path = telling.job.log if telling else None
        self.run_worker(self.query_one(LogView).follow(path), group="log", exclusive=True)

    def show_over(self, runs: Sequence[Run]) -> None:
        """Draws these runs over each other, the one that is shown first; one alone where there are no others."""
        self._over = runs
        self.refresh_story()

    def show_recipe(self, text: str) -> None:
        """The text of the job's recipe, once it was read."""
        self._recipe = text
        self._refresh_recipe()

    def entry_changed(self, entry: Mapping[str, Any]) -> None:
        """The same job, in another phase or further on."""
        if entry != self._entry:
            self._is_new = self._is_new or self._entry is None or entry["phase"] != self._entry["phase"]
            self._entry = entry
            self.story_moved()

    def story_moved(self) -> None:
        """Draws what has changed of the story: figures once a second at most, curves and texts half as often."""
        if self._is_new:
            self._is_new = False
            self.refresh_story()
            if self.screen.has_class("-narrow"):  # elsewhere it only grows: what is below stays where it is
                self.query_one("#run-head", LinesView).fit()
        elif self._waiting is None:
            self._wait(self._drawn_at + SECONDS_BETWEEN, self._refresh_figures)

    def _wait(self, until: float, call: Callable[[], None]) -> None:
        left = until - time.monotonic()
        if left > 0:
            self._waiting = self.set_timer(left, call)
        else:
            call()

    def _refresh_figures(self) -> None:
        """The figures now, the rest when its time has come."""
        self._refresh_head()
        self._wait(self._all_drawn_at + 2 * SECONDS_BETWEEN, self.refresh_story)

    def refresh_story(self) -> None:
        """Draws what has changed of the story, at once."""
        self._refresh_head()
        self._all_drawn_at = self._drawn_at
        if self._view == "curves":
            self._refresh_curves()
        elif self._view == "recipe":
            self._refresh_recipe()
        elif self._view in ("answers", "notices") and self._telling is not None:
            self.query_one(f"#{self._view}", LinesView).show(self._lines_of(self._telling, self._view), top=False)

    @staticmethod
    def _lines_of(telling: Telling, view: str) -> Callable[[int], Sequence[Content]]:
        story, trends = telling.story, telling.trends
        if view == "answers":
            return lambda width: sample_lines(story, width)
        return lambda width: notice_lines(story, width, trends)

    def tick(self) -> None:
        """Lets the time left go on, where nothing else is new."""
        if self._waiting is None and time.monotonic() - self._drawn_at >= 1.5 * SECONDS_BETWEEN:
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
        if self._waiting is not None:
            self._waiting.stop()
            self._waiting = None
        self._drawn_at = time.monotonic()
        entry, telling = self._entry, self._telling
        head = self.query_one("#run-head", LinesView)
        if entry is None or telling is None:
            head.show(lambda width: ())
            return
        now = clock()
        known = Known(telling.smoothed_loss, telling.limit, telling.trends)
        head.show(lambda width: head_lines(entry, telling.story, width, now, known), top=False)

    def _metrics(self) -> list[Metric]:
        return metrics_of(self._telling.story) if self._telling is not None else []

    def _refresh_curves(self) -> None:
        metrics = self._metrics()
        table = self.query_one("#run-metrics", LinesView)
        if table.display != bool(metrics):
            table.display = bool(metrics)
        telling = self._telling
        if telling is None or not metrics:
            self.chart.plot(None, empty=_nothing_to_draw(self._entry))
            return
        metric = self._shown_metric(metrics)
        over = picture_of_all(self._over, metric) if len(self._over) > 1 else None
        self.chart.plot(over or picture_of(telling, metric))
        line = partial(self._metric_line, telling)
        table.show(lambda width: [line(each, each is metric, width) for each in metrics], top=False)

    def _metric_line(self, telling: Telling, metric: Metric, chosen: bool, width: int) -> Content:
        raw, steps = telling.curves[metric.name].raw, telling.story.steps
        drawn = self._sparks.get((metric.name, width))
        if drawn is None or drawn[0] is not raw or drawn[1] != steps:
            drawn = raw, steps, sparkline(raw, width - NAME_AND_VALUE, steps)
            self._sparks[metric.name, width] = drawn
        return metric_line(metric, telling.story.latest(metric.name), drawn[2], width, chosen)

    def _refresh_recipe(self) -> None:
        if self._view == "recipe":
            text = self._recipe
            self.query_one("#recipe", LinesView).show(lambda width: toml_lines(text, width), top=False)


def _nothing_to_draw(entry: Mapping[str, Any] | None) -> str:
    if entry is None:
        return ""
    return {
        "train": "No step has been logged yet.",
        "evaluate": "A measurement has no curves; enter opens it in Evaluate.",
        "merge": "A merge has no curves; enter opens it in Ship.",
        "session": "A session answers prompts; enter opens Compare.",
    }.get(str(entry["kind"]), "This kind of job has no curves; l shows its log.")
