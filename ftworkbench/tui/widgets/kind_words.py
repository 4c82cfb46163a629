"""The kinds of error, as they were tagged: how many of each before, and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from ftworkbench.figures import UNKNOWN
from ftworkbench.printable import one_line
from ftworkbench.tui.widgets.job_words import fit

if TYPE_CHECKING:
    from ftworkbench.steps.failures import Kind

_TAG, _FIGURE = 24, 14


def kind_lines(kinds: Sequence[Kind], width: int) -> list[Content]:
    """A line for each kind under a heading; none where no row is tagged."""
    if not kinds:
        return []
    room = min(_TAG, max(width - 3 * _FIGURE, 8))
    from ftworkbench.steps.failures import kind_heads

    head = f"{'kind of error':<{room}}" + "".join(f"{name:>{_FIGURE}}" for name in ("rows", *kind_heads(kinds)))
    lines = [Content.styled(head, "bold").truncate(width)]
    for kind in kinds:
        first, second = kind.figures
        before, after = (UNKNOWN if each is None else f"{each:,}" for each in (first, second))
        more = 0 if first is None or second is None else second - first
        better = more > 0 if kind.graded else more < 0
        style = "" if not more else "$success" if better else "$error"
        line = Content.assemble(
            fit(one_line(kind.tag), room), f"{kind.rows:>{_FIGURE},}{before:>{_FIGURE}}", (f"{after:>{_FIGURE}}", style)
        )
        lines.append(line.truncate(width))
    return [*lines, Content("")]
