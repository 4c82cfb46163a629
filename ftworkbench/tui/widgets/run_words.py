"""What is said of one job: where it stands, what it measured, what it had to tell."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.content import Content

from ftworkbench.figures import count, duration, size
from ftworkbench.tui.text import shown, shown_line
from ftworkbench.tui.widgets.job_words import ALIVE, LOST, job_title, phase_mark, phase_style
from ftworkbench.tui.widgets.lines_view import wrapped
from ftworkbench.tui.widgets.progress_line import bar
from ftworkbench.tui.widgets.run_metrics import figure_lines

if TYPE_CHECKING:
    from ftworkbench.jobs.story import Story
    from ftworkbench.jobs.trends import Trend

GAP = Content("  ")
_LONGEST_TIME = 7  # "59m 59s"
_WARNS = Content.styled("!", "bold $warning")


@dataclass(frozen=True)
class Known:
    """What is worked out of a run beside its story: its smoothed loss, what its card allows in tokens/s, its trends."""

    smoothed: float | None = None
    limit: float | None = None
    trends: Sequence[Trend] = ()


def head_lines(
    entry: Mapping[str, Any], story: Story, width: int, now: float, known: Known | None = None
) -> list[Content]:
    """Name, phase and time of a job; its progress, or why it ended; its last figures. `now` since the epoch."""
    known = known or Known()
    phase = entry["phase"]
    lines = [_title_line(entry, story, width)]
    words = _words(phase, story, str(entry.get("why") or ""))
    if phase in ALIVE:
        lines.append(_progress_line(phase, story, width, now))
    elif words:
        lines += wrapped(shown(words, phase_style(phase)), width)[:3]
    lines += figure_lines(story, known.smoothed, known.limit, width)
    for trend in known.trends[:1]:
        more = " (n: what to do)" if len(known.trends) == 1 else f" (n: what to do, and {len(known.trends) - 1} more)"
        lines += wrapped(Content.styled(f"{trend.text}{more}", "$warning"), width, _WARNS, gutter=2)[:2]
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


def _words(phase: str, story: Story, why: str) -> str:
    last = story.checkpoints[-1].step if story.checkpoints else None
    back = f"r goes on from step {last:,}." if last is not None else "r starts it again."
    if phase == "lost":
        return f"{why[:1].upper()}{why[1:]}. {back}" if why else f"{LOST} {back}"
    if phase == "failed":
        why = (why or story.why or "It says no reason; its log may (l)").rstrip(".")
        return f"{why}. {back}" if last is not None else f"{why}."
    if phase == "stopped":
        return f"{(why or story.why or 'stopped').rstrip('.')}. {back}"
    return story.why


def _progress_line(phase: str, story: Story, width: int, now: float) -> Content:
    found = progress_of(story)
    fetches = found is not None and found[3] == "bytes" and found[1] < found[2]
    if (phase in ("queued", "loading") and not fetches) or found is None:
        words = story.why or {"queued": "waits for the device", "loading": "loads the libraries and the model"}.get(
            phase, ""
        )
        return shown_line(words, width, "$text-muted")
    what, done, total, unit = found
    told = f"{done / total:4.0%} " if total else f"{count(int(done), unit or 'done')} "
    if unit not in ("step", "steps"):
        told = f"{what} {done:,.0f}/{total:,.0f} {unit} "
    if unit == "bytes":
        told = f"{what} {size(done)} of {size(total)} "
    label = shown_line(told, width // 2)
    left = story.eta(now)
    # Always as wide, so that the bar stays as it is while the time goes on.
    ends = f" {duration(left):>{_LONGEST_TIME}} left" if left is not None else ""
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


def notice_lines(story: Story, width: int, trends: Sequence[Trend] = ()) -> list[Content]:
    """What its curves say, and what the job had to tell, the last first."""
    styles = {"error": ("✘", "bold $error"), "warning": ("!", "bold $warning")}
    lines: list[Content] = []
    for trend in trends:
        label = Content.assemble(("  curves ", "$text-muted"), _WARNS)
        lines += wrapped(Content.assemble((trend.text, "$warning"), " ", trend.advice), width, label, gutter=11)
    for notice in reversed(story.notices):
        sign, style = styles.get(notice.level, ("·", "$text-muted"))
        at = time.strftime("%H:%M:%S", time.localtime(notice.t))
        where = "" if notice.step is None else f"step {notice.step:,}  "
        text = Content.assemble((where, "$text-muted"), shown(notice.text))
        label = Content.assemble((f"{at} ", "$text-muted"), (sign, style))
        lines += wrapped(text, width, label, gutter=11)
    return lines or [Content.styled("Nothing to tell so far.", "$text-muted")]


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
