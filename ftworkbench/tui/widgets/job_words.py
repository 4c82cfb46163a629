"""Jobs in signs and words: what a phase looks like, what a job is called, what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.content import Content

from ftworkbench.figures import measure
from ftworkbench.jobs.names import short_name
from ftworkbench.printable import one_line

# Each phase has a sign of its own: the colour only helps.
PHASES = {
    "queued": ("◌", "$text-muted"),
    "loading": ("◔", "$accent"),
    "running": ("●", "$accent"),
    "saving": ("◕", "$accent"),
    "done": ("✔", "$success"),
    "stopped": ("■", "$warning"),
    "failed": ("✘", "$error"),
    "lost": ("?", "$error"),
}
VERDICTS = {
    "better": ("✔", "$success"),
    "no better": ("=", "$warning"),
    "worse": ("✘", "$error"),
    "skills lost": ("✘", "$error"),
    "broken": ("✘", "$error"),
    "held": ("✔", "$success"),
    "not sure": ("?", "$warning"),
    "not enough data": ("?", "$warning"),
    "no baseline": ("–", "$text-muted"),
    "void": ("⊘", "$warning"),
}
ALIVE = frozenset({"queued", "loading", "running", "saving"})
LOST = "Its process is gone, and it never wrote that it had ended: killed, out of memory, or the machine was restarted."


def job_title(entry: Mapping[str, Any]) -> str:
    """A job's name without date and kind: `triage-3f2a`."""
    return short_name(str(entry["job"]))


def fit(text: str, width: int, *, right: bool = False) -> str:
    """`text` on one line of exactly so many cells."""
    line = Content(one_line(text, max(4 * width, 1))).truncate(max(width, 0), ellipsis=True).plain
    gap = " " * (width - Content(line).cell_length)
    return gap + line if right else line + gap


def fit_title(entry: Mapping[str, Any], width: int) -> str:
    """The job's title in so many cells; where it is too long, its recipe's name is cut, not what tells it apart."""
    recipe, end = one_line(str(entry["recipe"])), str(entry["job"]).rsplit("-", 1)[-1]
    room = width - len(end) - 1
    short = Content(recipe).truncate(max(room, 1), ellipsis=True).plain
    return fit(f"{short}-{end}", width)


def phase_mark(phase: str) -> Content:
    sign, style = PHASES.get(phase, ("·", "$text-muted"))
    return Content.styled(sign, style)


def phase_style(phase: str) -> str:
    return PHASES.get(phase, ("·", "$text-muted"))[1]


def verdict_sign(word: str) -> tuple[str, str]:
    """The sign and the style of a verdict, a blank where there is none."""
    return VERDICTS.get(word, ("·", "$text-muted")) if word else (" ", "$text-muted")


def job_progress(entry: Mapping[str, Any]) -> str:
    """`42%` while it goes through its steps, `open` for a session that can be asked, otherwise its phase."""
    phase, step, steps = entry["phase"], entry["step"], entry["steps"]
    if phase == "running" and entry["kind"] == "session":
        return "open"
    if phase == "running" and steps:
        return f"{min(step / steps, 1):.0%}"
    return str(phase)


def job_line(entry: Mapping[str, Any], width: int) -> Content:
    """A job on one line: sign, name, kind, how far, and its verdict or last loss; what there is room for."""
    room = width - 2
    kind_room = 10 if room >= 30 else 0
    progress_room = 9
    end_room = 17 if room >= 56 else 13 if room >= 40 else 0
    name_room = room - kind_room - progress_room - end_room
    end, end_style = _end_of(entry)
    if not end_room and entry.get("verdict"):
        progress, style = end, end_style
    else:
        progress, style = job_progress(entry), phase_style(entry["phase"])
    dim = "$text-muted" if entry["kind"] == "session" else ""
    return Content.assemble(
        phase_mark(entry["phase"]),
        ("★" if entry.get("star") else " ", "$warning"),
        (fit_title(entry, name_room - 1) + " ", dim),
        (fit(str(entry["kind"]), kind_room), "$text-muted"),
        (fit(progress, progress_room), dim or style),
        (fit(end, end_room), end_style),
    )


def _end_of(entry: Mapping[str, Any]) -> tuple[str, str]:
    verdict = "void" if entry.get("void") else entry.get("verdict")
    if verdict:
        sign, style = verdict_sign(verdict)
        return f"{sign} {verdict}", style
    loss = entry.get("loss")
    return (f"loss {measure(loss)}", "$text-muted") if loss is not None else ("", "$text-muted")
