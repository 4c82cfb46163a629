"""What serving takes, drawn: base, adapter and merged beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.content import Content

from ftworkbench.evaluate.serving import HEADS, serving_notes, serving_rows, serving_title
from ftworkbench.tui.text import shown
from ftworkbench.tui.widgets.job_words import fit
from ftworkbench.tui.widgets.lines_view import wrapped

_SIZES = (10, 20, 25, 10, 22, 25)  # cells of each column; those that have no room are left out, the last first


def serving_lines(found: Mapping[str, Any], width: int) -> list[Content]:
    """The table and its notes; nothing where serving was not measured."""
    serving = found.get("serving")
    if not serving:
        return []
    kept = max(2, sum(sum(_SIZES[: place + 1]) <= width for place in range(len(_SIZES))))
    sizes = _SIZES[:kept]
    lines = [Content.styled("".join(map(fit, HEADS, sizes)), "$text-muted").truncate(width)]
    for row in serving_rows(serving):
        name, *cells = map(fit, row, sizes)
        lines.append(Content.assemble(name, *cells).truncate(width))
    for note in (serving_title(serving), *serving_notes(serving)):
        lines += wrapped(shown(note, "$text-muted"), width)
    return lines
