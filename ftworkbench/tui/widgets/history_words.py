"""The history in lines: a job with what it changed and came to, in the columns that there is room for."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textual.content import Content

from ftworkbench.figures import UNKNOWN, duration, measure, size
from ftworkbench.jobs.names import short_name
from ftworkbench.tui.text import shown, shown_line
from ftworkbench.tui.widgets.job_words import (
    fit,
    fit_title,
    job_progress,
    job_title,
    phase_mark,
    phase_style,
    verdict_sign,
)
from ftworkbench.tui.widgets.lines_view import wrapped

STAR = "★"
_STAR_STYLE = "$warning"
_MUTED = "$text-muted"
_LABEL = 12  # cells before the facts of the chosen job
_VERDICT_SIGN = "✔"  # over the verdicts, where there is room for their signs only
_SINCE = "%d %b %H:%M"


@dataclass(frozen=True)
class Columns:
    """How many cells each column has, with the gap that follows it; 0 for one that there is no room for."""

    name: int
    kind: int
    changes: int
    best: int
    verdict: int
    time: int
    cost: int
    size: int
    created: int


def columns_for(width: int, *, with_cost: bool) -> Columns:
    """The columns that `width` cells have room for; `with_cost`: somebody said what an hour costs."""
    name = 20 if width >= 100 else 16
    kind = 10 if width >= 100 else 0
    verdict = 13 if width >= 100 else 2
    best, took, room = 8, 9, 10
    cost = 9 if with_cost and width >= 100 else 0
    created = 14 if width >= 140 else 0
    fixed = 4 + name + kind + verdict + best + took + room + cost + created
    return Columns(name, kind, max(width - fixed, 8), best, verdict, took, cost, room, created)


def head_line(width: int, *, with_cost: bool) -> Content:
    """The names of the columns."""
    at = columns_for(width, with_cost=with_cost)
    parts = [
        "    ",
        fit("job", at.name),
        fit("kind", at.kind),
        fit("created", at.created),
        fit("changed", at.changes),
        fit("best", at.best - 2, right=True) + "  ",
        fit("verdict" if at.verdict > 2 else _VERDICT_SIGN, at.verdict),
        fit("time", at.time - 1, right=True) + " ",
        fit("cost", at.cost - 1, right=True) + " " if at.cost else "",
        fit("size", at.size - 1, right=True),
    ]
    return Content.styled("".join(parts), _MUTED)


def history_line(entry: Mapping[str, Any], width: int, *, with_cost: bool) -> Content:
    """A job of the history on one line."""
    at = columns_for(width, with_cost=with_cost)
    dim = _MUTED if entry["kind"] == "session" else ""
    sign, style = _verdict(entry)
    words = f"{sign} {_verdict_word(entry)}" if at.verdict > 2 and sign else sign
    return Content.assemble(
        (STAR if entry["star"] else " ", _STAR_STYLE),
        " ",
        phase_mark(entry["phase"]),
        (" " + fit_title(entry, at.name - 1) + " ", dim),
        (fit(str(entry["kind"]), at.kind), _MUTED),
        (fit(_day(entry), at.created), _MUTED),
        _changes(entry, at.changes),
        (fit(_best(entry), at.best - 2, right=True) + "  ", "bold"),
        (fit(words, at.verdict), style),
        (fit(_took(entry), at.time - 1, right=True) + " ", _MUTED),
        (fit(_cost(entry), at.cost - 1, right=True) + " " if at.cost else "", _MUTED),
        (fit(size(entry["bytes"]), at.size - 1, right=True), _MUTED),
    )


def detail_lines(entry: Mapping[str, Any], width: int) -> list[Content]:
    """The chosen job in full: what it changed, its best loss and verdict, its note, what it was of."""
    best = ""
    if entry["best_loss"] is not None:
        rows = "the validation rows" if entry["best_of"] == "evaluation" else "the training rows, over ten steps"
        best = f"{measure(entry['best_loss'])} at step {entry['best_step']:,}, on {rows}"
    facts: list[tuple[str, Content]] = [("changed", _changed(entry)), ("best loss", Content(best))]
    sign, style = _verdict(entry)
    if sign:
        facts.append(("verdict", Content.styled(f"{sign} {_verdict_word(entry)}", style)))
    if entry["about"]:
        gone = ", which was removed" if entry["about_gone"] else ""
        facts.append(("of", shown_line(f"{short_name(entry['about'])}{gone}", None, "$warning" if gone else "")))
    if entry["why"] and entry["phase"] in ("queued", "stopped", "failed"):
        facts.append(("why", shown(str(entry["why"]), phase_style(entry["phase"]))))
    if entry["note"]:
        facts.append(("note", shown(str(entry["note"]))))
    lines = [_title(entry, width)]
    for label, fact in facts:
        if fact.plain:
            lines += wrapped(fact, width, Content.styled(f"{label:<{_LABEL}}", _MUTED), gutter=_LABEL)
    return lines


def _title(entry: Mapping[str, Any], width: int) -> Content:
    star = Content.styled(f"{STAR} ", _STAR_STYLE) if entry["star"] else Content("")
    parts = [
        Content.assemble(phase_mark(entry["phase"]), " ", star, shown_line(job_title(entry), 40, "bold")),
        Content.styled(str(entry["kind"]), _MUTED),
        shown_line(job_progress(entry), 20, phase_style(entry["phase"])),
        Content.styled(_day(entry), _MUTED),
        Content(f"{_took(entry)} at work") if entry["seconds"] else Content(""),
        Content(f"cost {_cost(entry)}") if entry["cost"] is not None else Content(""),
        Content(f"{size(entry['bytes'])} on disk"),
    ]
    return Content("  ").join(part for part in parts if part.plain).truncate(width, ellipsis=True)


def _changed(entry: Mapping[str, Any]) -> Content:
    if entry["against"] is None:
        return Content("")
    against = short_name(entry["against"])
    if not entry["changes"]:
        return Content.styled(f"nothing since {against}", _MUTED)
    return Content.assemble(shown_line(entry["changes"]), (f"  since {against}", _MUTED))


def _changes(entry: Mapping[str, Any], width: int) -> Content:
    """The note first, where there is one: that is what somebody wanted to be seen."""
    room = max(width - 1, 0)
    note = Content(fit(str(entry["note"]), room).rstrip()) if entry["note"] else Content("")
    rest = room - note.cell_length - (2 if note.plain else 0)
    words = str(entry["changes"] or ("" if not entry["about"] else f"of {short_name(entry['about'])}"))
    if entry["about_gone"]:
        words += " (removed)"
    changes = fit(words, rest).rstrip() if rest > 3 and words else ""
    line = Content.assemble((note.plain, "italic"), "  " if note.plain and changes else "", (changes, _MUTED))
    return Content.assemble(line, " " * (width - line.cell_length))


def _verdict_word(entry: Mapping[str, Any]) -> str:
    return "void" if entry.get("void") else str(entry.get("verdict") or "")


def _verdict(entry: Mapping[str, Any]) -> tuple[str, str]:
    word = _verdict_word(entry)
    return verdict_sign(word) if word else ("", "")


def _best(entry: Mapping[str, Any]) -> str:
    return "" if entry["best_loss"] is None else measure(entry["best_loss"])


def _took(entry: Mapping[str, Any]) -> str:
    return duration(entry["seconds"]) if entry["seconds"] else ""


def _cost(entry: Mapping[str, Any]) -> str:
    return "" if entry["cost"] is None else f"{entry['cost']:,.2f}"


def _day(entry: Mapping[str, Any]) -> str:
    created = entry["created"]
    return time.strftime(_SINCE, time.localtime(created)) if isinstance(created, int | float) else UNKNOWN
