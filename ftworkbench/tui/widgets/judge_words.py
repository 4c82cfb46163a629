"""What a judge said of the answers, in a few lines beneath the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.content import Content

from ftworkbench.evaluate.judge.words import judge_short, judge_words, label_hint
from ftworkbench.printable import one_line
from ftworkbench.tui.text import shown
from ftworkbench.tui.widgets.job_words import fit, verdict_sign
from ftworkbench.tui.widgets.lines_view import wrapped

_LABEL = 9


def judge_entry(found: Mapping[str, Any], width: int) -> list[Content]:
    """One line for the card, none where nobody judged."""
    judge = found.get("judge")
    if not judge:
        return []
    word, told = judge_short(judge)
    sign, style = verdict_sign(word)
    label = (fit("judge", _LABEL), "$text-muted")
    return [Content.assemble(label, (f"{sign} ", style), one_line(told)).truncate(width)]


def judge_lines(found: Mapping[str, Any], width: int) -> list[Content]:
    """The lines of an evaluation's judge, after an empty one; none where nobody judged."""
    judge = found.get("judge")
    if not judge:
        return []
    lines = [Content("")]
    for place, text in enumerate(judge_words(judge)):
        lines += wrapped(shown(text, "bold" if place == 0 else "$text-muted"), width)
    hint = label_hint(judge)
    if hint:
        lines += wrapped(shown(f"J {hint}", "$warning"), width)
    return lines
