"""The picture of a run's curves, or of several runs' over each other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from textual.content import Content

from ftworkbench.figures import measure
from ftworkbench.tui.reading import Point, Span
from ftworkbench.tui.telling import Telling
from ftworkbench.tui.text import shown_line
from ftworkbench.tui.widgets.chart import Picture
from ftworkbench.tui.widgets.plot import Curve
from ftworkbench.tui.widgets.run_metrics import KNOWN, Metric, caption, evaluation_points, metrics_of

# Runs over each other are told apart by their signs; the colours only help, and come again after four.
SIGNS = "●▲■◆○△□◇"
_COLOURS = ("chart-1", "chart-2", "chart-3", "chart-4")
_APART = 16  # cells between two signs on a curve
_LEGEND_LINES = 3


@dataclass(frozen=True)
class Run:
    """A run whose curve is drawn over others': its name, the number of its sign, and its story."""

    name: str
    number: int
    telling: Telling

    @property
    def sign(self) -> str:
        return SIGNS[self.number % len(SIGNS)]

    @property
    def colour(self) -> str:
        return _COLOURS[self.number % len(_COLOURS)]


def picture_of(telling: Telling, metric: Metric) -> Picture:
    """A run's metric: each step, smoothed, and what evaluations found."""
    points = telling.story.metrics[metric.name]
    thinned = telling.curves[metric.name]
    evaluated = evaluation_points(telling.story, metric)

    def curves(span: Span) -> list[Curve]:
        raw, smoothed = thinned.between(*span)
        found = [Curve(raw, "chart-faint"), Curve(smoothed, "chart-1")]
        return [*found, Curve(evaluated, "chart-2", "●")] if evaluated else found

    def foot(place: int, width: int) -> list[Content]:
        step, value = points[place]
        figures = [("", metric.title, value), ("", "smoothed", thinned.smoothed_at(place))]
        if (last := _at(evaluated, step)) is not None:
            figures.append(("", "validation" if last[0] == step else f"validation at {last[0]:,.0f}", last[1]))
        return [_foot(step, figures, width), _others(telling, metric, step, width)]

    def legend(width: int) -> list[Content]:
        return [caption(metric, with_evaluation=bool(evaluated)).truncate(width, ellipsis=True)]

    last = float(max(telling.story.steps, points[-1][0] if points else 0, 1))
    return Picture(curves, points, (0.0, last), legend, foot, lambda: thinned.raw)


def picture_of_all(runs: Sequence[Run], metric: Metric) -> Picture | None:
    """The smoothed metric of several runs; the cursor reads the steps of the first. None where none has measured it."""
    runs = [run for run in runs if run.telling.story.metrics.get(metric.name)]
    if not runs:
        return None
    first = runs[0].telling
    points: Sequence[Point] = first.story.metrics[metric.name]

    def curves(span: Span) -> list[Curve]:
        return [
            Curve(
                run.telling.curves[metric.name].between(*span)[1],
                run.colour,
                run.sign,
                _APART,
            )
            for run in reversed(runs)  # the first one lies above the others
        ]

    def foot(place: int, width: int) -> list[Content]:
        step = points[place][0]
        found = []
        for run in runs:
            theirs = run.telling.story.metrics[metric.name]
            there = bisect_right(theirs, step, key=lambda point: point[0]) - 1
            ended = there == len(theirs) - 1 and theirs[there][0] < step
            value = None if ended or there < 0 else run.telling.curves[metric.name].smoothed_at(there)
            found.append((run.colour, run.sign, value))
        return [_foot(step, found, width), Content.styled("smoothed", "$text-muted")]

    last = float(max(max(run.telling.story.steps, run.telling.story.metrics[metric.name][-1][0]) for run in runs))
    peaks = first.curves[metric.name]
    return Picture(curves, points, (0.0, max(last, 1.0)), partial(_legend, metric, runs), foot, lambda: peaks.raw)


def _legend(metric: Metric, runs: Sequence[Run], width: int) -> list[Content]:
    lines = [Content.styled(shown_line(metric.title).plain, "bold")]
    for run in runs:
        value = run.telling.curves[metric.name].last_smoothed
        entry = Content.assemble(
            (f"━{run.sign}━ ", f"${run.colour}"), shown_line(run.name, 24), (f" {measure(value)}", "bold")
        )
        if lines[-1].cell_length + 3 + entry.cell_length <= width:
            lines[-1] = Content.assemble(lines[-1], "   ", entry)
        elif len(lines) < _LEGEND_LINES:
            lines.append(entry.truncate(width, ellipsis=True))
        else:
            lines[-1] = Content.assemble(lines[-1], " …").truncate(width)
            break
    return lines


def _foot(step: float, figures: Sequence[tuple[str, str, float | None]], width: int) -> Content:
    parts = [Content.assemble(("step ", "$text-muted"), (f"{step:,.0f}", "bold reverse"))]
    for colour, name, value in figures:
        parts.append(
            Content.assemble((f"{name} ", f"${colour}" if colour else "$text-muted"), (measure(value), "bold"))
        )
    return Content("  ").join(parts).truncate(width, ellipsis=True)


def _others(telling: Telling, metric: Metric, step: float, width: int) -> Content:
    """What else was measured at that step."""
    parts = []
    for other in metrics_of(telling.story):
        if other == metric or other not in KNOWN:
            continue
        found = _at(telling.story.metrics[other.name], step)
        if found is not None and found[0] == step:
            parts.append(f"{other.title} {measure(found[1])}")
    return Content.styled("  ".join(parts), "$text-muted").truncate(width, ellipsis=True)


def _at(points: Sequence[Point], step: float) -> Point | None:
    """The last point at that step or before."""
    place = bisect_right(points, step, key=lambda point: point[0]) - 1
    return points[place] if place >= 0 else None
