"""The card beneath a verdict: form of the answers, time and cost, and what the other metrics came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textual.content import Content

from ftworkbench.evaluate.serving import serving_short
from ftworkbench.figures import p_value, points
from ftworkbench.printable import one_line
from ftworkbench.tui.widgets.job_words import VERDICTS, fit, verdict_sign

_ENTRIES = ("format", "latency", "cost")  # quality is the verdict itself, the suites have lines of their own
_LABEL = 9


def card_lines(found: Mapping[str, Any], width: int) -> list[Content]:
    """The entries of the card that are not told elsewhere, a line each; with its n where that is not all rows."""
    card, rows = found.get("card") or {}, int(found.get("n") or 0)
    lines = []
    for name in _ENTRIES:
        if name in card:
            lines.append(_entry(name, card[name], rows, width))
        if name == "latency" and card and (serving := found.get("serving")):
            told = serving_short(serving)
            for place, short in enumerate(told):
                n = serving["n"] if place == len(told) - 1 else 0  # it is that of both
                lines.append(_entry("" if place else "serving", {"short": short, "n": n}, rows, width))
    return [line.truncate(width) for line in lines]


def _entry(name: str, entry: Mapping[str, Any], rows: int, width: int) -> Content:
    """An entry on one line, with its n where that is not that of all rows and there is room for it."""
    word = str(entry.get("word"))
    sign, style = verdict_sign(word if word in VERDICTS else "")
    n = int(entry.get("n") or 0)
    line = Content.assemble(
        (fit(name, _LABEL), "$text-muted"), (f"{sign} ", style), one_line(str(entry.get("short", "")))
    )
    told = Content("" if n in (0, rows) else f", n = {n:,}")
    return line + told if line.cell_length + told.cell_length <= width else line


def metric_lines(found: Mapping[str, Any], width: int) -> list[Content]:
    """Each metric's own test, where there is more than one; p-values adjusted by Holm."""
    tested: Sequence[Mapping[str, Any]] = found.get("metrics") or ()
    told = [each for each in tested if each.get("p_adjusted") is not None]
    if len(told) < 2:
        return []
    lines = [Content.styled("each metric, p adjusted by Holm", "$text-muted")]
    for each in told:
        sign, style = verdict_sign(str(each.get("word") or ""))
        line = Content.assemble(
            (f"{sign} ", style),
            fit(str(each["metric"]), 18),
            (fit(points(each.get("difference")), 8), "bold"),
            (fit(p_value(each["p_adjusted"]), 14), "$text-muted"),
            (one_line(str(each.get("word"))), style),
        )
        lines.append(line.truncate(width))
    return lines
