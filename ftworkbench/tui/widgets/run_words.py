"""What is said of one job: where it stands, what it measured, what it had to tell."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.content import Content

from ftworkbench.figures import count, duration, measure
from ftworkbench.printable import one_line
from ftworkbench.tui.text import shown, shown_line
from ftworkbench.tui.widgets.job_words import ALIVE, LOST, fit, job_title, phase_mark, phase_style
from ftworkbench.tui.widgets.lines_view import wrapped
from ftworkbench.tui.widgets.progress_line import bar

if TYPE_CHECKING:
    from ftworkbench.jobs.story import Story

GAP = Content("  ")


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


def head_lines(entry: Mapping[str, Any], story: Story, width: int, now: float) -> list[Content]:
    """Name, phase and time of a job; its progress, or why it ended; its last figures. `now` since the epoch."""
    phase = entry["phase"]
    lines = [_title_line(entry, story, width)]
    words = _words(phase, story)
    if phase in ALIVE:
        lines.append(_progress_line(phase, story, width, now))
    elif words:
        lines += wrapped(shown(words, phase_style(phase)), width)[:3]
    figures = _figures(story)
    if figures:
        lines.append(GAP.join(figures).truncate(width, ellipsis=True))
    return lines


def _title_line(entry: Mapping[str, Any], story: Story, width: int) -> Content:
    phase = entry["phase"]
    parts = [
        Content.assemble(phase_mark(phase), " ", shown_line(job_title(entry), 40, "bold")),
        shown_line(str(entry["kind"]), 20, "$text-muted"),
        shown_line(phase, 20, phase_style(phase)),
    ]
    if story.steps:
        parts.append(Content(f"step {story.step:,}/{story.steps:,}"))
    if story.epoch is not None:
        parts.append(Content(f"epoch {story.epoch:.2f}"))
    if story.attempt > 1:
        parts.append(Content.styled(f"attempt {story.attempt}", "$text-muted"))
    if phase not in ALIVE and story.started is not None and story.updated is not None:
        parts.append(Content.styled(f"after {duration(story.updated - story.started)}", "$text-muted"))
    return GAP.join(parts).truncate(width, ellipsis=True)


def _words(phase: str, story: Story) -> str:
    last = story.checkpoints[-1].step if story.checkpoints else None
    back = f"r goes on from step {last:,}." if last is not None else "r starts it again."
    if phase == "lost":
        return f"{LOST} {back}"
    if phase == "failed":
        why = (story.why or "It says no reason; its log may (l)").rstrip(".")
        return f"{why}. {back}" if last is not None else f"{why}."
    if phase == "stopped":
        return f"{(story.why or 'stopped').rstrip('.')}. {back}"
    return story.why


def _progress_line(phase: str, story: Story, width: int, now: float) -> Content:
    found = progress_of(story)
    if phase in ("queued", "loading") or found is None:
        words = story.why or {"queued": "waits for the device", "loading": "loads the libraries and the model"}.get(
            phase, ""
        )
        return shown_line(words, width, "$text-muted")
    what, done, total, unit = found
    told = f"{done / total:4.0%} " if total else f"{count(int(done), unit or 'done')} "
    if unit not in ("step", "steps"):
        told = f"{what} {done:,.0f}/{total:,.0f} {unit} "
    label = shown_line(told, width // 2)
    left = story.eta(now)
    ends = f" {duration(left)} left" if left is not None else ""
    room = width - label.cell_length - len(ends)
    return Content.assemble(label, bar(done / total if total else None, room), (ends, "$text-muted"))


def progress_of(story: Story) -> tuple[str, float, float, str] | None:
    """What the job works on now: the last thing that it began and has not ended, as (what, done, total, unit)."""
    for what, (done, total, unit) in reversed(story.progress.items()):
        if not total or done < total:
            return what, done, total, unit
    for what, (done, total, unit) in reversed(story.progress.items()):
        return what, done, total, unit
    return None


def _figures(story: Story) -> list[Content]:
    figures = []
    for metric in metrics_of(story)[:1]:
        figures.append(_figure(metric.title, story.latest(metric.name)))
        evaluated = evaluation_points(story, metric)
        if evaluated:
            figures.append(_figure("on validation", evaluated[-1][1]))
            best = min(evaluated, key=lambda point: point[1])
            if best[0] != evaluated[-1][0]:
                figures.append(_figure(f"best at step {best[0]:,}", best[1]))
    if "tokens_per_second" in story.metrics:
        figures.append(_figure("tokens/s", story.latest("tokens_per_second")))
    return figures


def _figure(name: str, value: float | None) -> Content:
    return Content.assemble((f"{one_line(name)} ", "$text-muted"), (measure(value), "bold"))


def notice_lines(story: Story, width: int) -> list[Content]:
    """What the job had to tell, the last first."""
    styles = {"error": ("✘", "bold $error"), "warning": ("!", "bold $warning")}
    lines: list[Content] = []
    for notice in reversed(story.notices):
        sign, style = styles.get(notice.level, ("·", "$text-muted"))
        at = time.strftime("%H:%M:%S", time.localtime(notice.t))
        where = "" if notice.step is None else f"step {notice.step:,}  "
        text = Content.assemble((where, "$text-muted"), shown(notice.text))
        label = Content.assemble((f"{at} ", "$text-muted"), (sign, style))
        lines += wrapped(text, width, label, gutter=11)
    return lines or [Content.styled("Nothing to tell so far.", "$text-muted")]


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


def toml_lines(text: str, width: int) -> Sequence[Content]:
    """A recipe's text: tables bold, comments muted."""
    lines: list[Content] = []
    for line in text.split("\n"):
        stripped = line.lstrip()
        style = "bold $accent" if stripped.startswith("[") else "$text-muted" if stripped.startswith("#") else ""
        key, equals, value = line.partition("=")
        if not style and equals:
            lines += wrapped(Content.assemble(shown(key, "$primary"), ("=", "$text-muted"), shown(value)), width)
        else:
            lines += wrapped(shown(line, style), width)
    return lines
