"""What a training measures: the names of its metrics, their figures, a line for each with its curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content

from ftworkbench.figures import measure
from ftworkbench.printable import one_line
from ftworkbench.tui.text import shown_line
from ftworkbench.tui.widgets.job_words import fit

if TYPE_CHECKING:
    from ftworkbench.jobs.story import Story

NAME_AND_VALUE = 27  # cells before the curve of a metric's line


@dataclass(frozen=True)
class Metric:
    """A metric of training that has a chart: its names in `metric` and `evaluation` events, and what it is called."""

    name: str
    title: str
    evaluation: str = ""


KNOWN = (
    Metric("loss", "loss", "eval_loss"),
    Metric("mean_token_accuracy", "token accuracy", "eval_mean_token_accuracy"),
    Metric("learning_rate", "learning rate"),
    Metric("grad_norm", "gradient norm"),
    Metric("tokens_per_second", "tokens/s"),
    Metric("memory_gib", "memory GiB"),
    Metric("gpu_percent", "GPU busy %"),
    Metric("gpu_celsius", "GPU °C"),
    Metric("gpu_watts", "GPU watts"),
    Metric("gpu_gib", "GPU memory GiB"),
    Metric("peak_gib", "peak memory GiB"),
    Metric("entropy", "entropy", "eval_entropy"),
)
_NOT_A_CURVE = frozenset({"num_tokens", "eval_num_tokens", "epoch"})


def metrics_of(story: Story) -> list[Metric]:
    """The metrics that the job has measured: those that have a name here first, then the others by theirs."""
    known = [metric for metric in KNOWN if metric.name in story.metrics]
    names = {metric.name for metric in known} | {metric.evaluation for metric in known} | _NOT_A_CURVE
    others = sorted(set(story.metrics) - names)
    return known + [Metric(name, name.replace("_", " "), f"eval_{name}") for name in others]


def evaluation_points(story: Story, metric: Metric) -> list[tuple[int, float]]:
    """The points that evaluations on the validation rows found."""
    if not metric.evaluation:
        return []
    found = [
        (each.step, each.values[metric.evaluation]) for each in story.evaluations if metric.evaluation in each.values
    ]
    return found or list(story.metrics.get(metric.evaluation, []))


def metric_line(metric: Metric, value: float | None, spark: str, width: int, chosen: bool) -> Content:
    """A metric in one line: its name, last value, and curve."""
    name = fit(metric.title, 16)
    return Content.assemble(
        ("▸" if chosen else " ", "$primary"),
        (name, "bold" if chosen else "$text-muted"),
        (f"{measure(value):>9} ", "bold"),
        (spark, "$chart-1" if chosen else "$chart-faint"),
    ).truncate(width)


def caption(metric: Metric, *, with_evaluation: bool) -> Content:
    """What the curves of the large chart are."""
    parts = [
        Content.styled(shown_line(metric.title).plain, "bold"),
        Content.assemble(("━━ ", "$chart-1"), ("smoothed", "$text-muted")),
        Content.assemble(("── ", "$chart-faint"), ("each step", "$text-muted")),
    ]
    if with_evaluation:
        parts.append(Content.assemble(("━● ", "$chart-2"), ("on the validation rows", "$text-muted")))
    return Content("   ").join(parts)


def figure_lines(story: Story, smoothed: float | None, limit: float | None, width: int) -> list[Content]:
    """The last figures of a training, on as few lines as hold them: losses, then speed, then the device.

    `smoothed` is the loss; `limit` is what the card's arithmetic allows in tokens a second.
    """
    groups = [_losses(story, smoothed), _speed(story, limit), _device(story)]
    lines: list[Content] = []
    for group in groups:
        for figure in group:
            if lines and lines[-1].cell_length + 2 + figure.cell_length <= width:
                lines[-1] = Content.assemble(lines[-1], "  ", figure)
            else:
                lines.append(figure.truncate(width, ellipsis=True))
    return lines


def _losses(story: Story, smoothed: float | None) -> list[Content]:
    figures = []
    for metric in metrics_of(story)[:1]:
        last = story.latest(metric.name)
        figures.append(_figure(metric.title, measure(last)))
        if smoothed is not None and metric.name == "loss" and len(story.metrics["loss"]) > 1:
            figures.append(_figure("smoothed", measure(smoothed)))
        evaluated = evaluation_points(story, metric)
        if evaluated:
            figures.append(_figure("validation", measure(evaluated[-1][1])))
            best = min(evaluated, key=lambda point: point[1])
            if best[0] != evaluated[-1][0]:
                figures.append(_figure("best", f"{measure(best[1])} at step {best[0]:,}"))
    accuracy = evaluation_points(story, KNOWN[1]) or story.metrics.get(KNOWN[1].name, [])
    if accuracy:
        figures.append(_figure("accuracy", f"{100 * accuracy[-1][1]:.1f}%"))
    return figures


def _speed(story: Story, limit: float | None) -> list[Content]:
    speed = story.latest("tokens_per_second")
    if speed is None:
        return []
    share = Content.styled(f" {speed / limit:.0%} of the card's limit", "$text-muted") if limit else ""
    return [Content.assemble((f"{speed:,.0f}", "bold"), (" tokens/s", "$text-muted"), share)]


def _device(story: Story) -> list[Content]:
    memory = story.latest("gpu_gib")
    memory = story.latest("memory_gib") if memory is None else memory
    figures = []
    if memory is not None:
        figures.append(Content.assemble((measure(memory), "bold"), (" GiB", "$text-muted")))
    gauges = (("gpu_percent", "%", "GPU "), ("gpu_celsius", " °C", ""), ("gpu_watts", " W", ""))
    for name, unit, before in gauges:
        value = story.latest(name)
        if value is not None:
            figures.append(Content.assemble((before, "$text-muted"), (f"{value:,.0f}", "bold"), (unit, "$text-muted")))
    return figures


def _figure(name: str, value: str) -> Content:
    return Content.assemble((f"{one_line(name)} ", "$text-muted"), (value, "bold"))
