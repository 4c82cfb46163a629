"""What RAGAS's metrics came to, beneath the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.content import Content

from ftworkbench.evaluate.ragas import ragas_short, ragas_title
from ftworkbench.printable import one_line
from ftworkbench.tui.text import shown
from ftworkbench.tui.widgets.lines_view import wrapped


def ragas_lines(found: Mapping[str, Any], width: int) -> list[Content]:
    """A line for each metric, whose figures they are, and what is lacking; none where RAGAS was not asked."""
    ragas = found.get("ragas")
    if not ragas:
        return []
    lines = [Content(""), *wrapped(shown(one_line(ragas_title(ragas)), "bold"), width)]
    for text in (*ragas_short(ragas), *ragas.get("notes", ())):
        lines += wrapped(shown(one_line(str(text), 1000), "$text-muted"), width)
    return lines
