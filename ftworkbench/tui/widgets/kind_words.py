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
    head = f"{'kind of error':<{room}}{'rows':>{_FIGURE}}{'wrong before':>{_FIGURE}}{'wrong after':>{_FIGURE}}"
    lines = [Content.styled(head, "bold").truncate(width)]
    for kind in kinds:
        before, after = (UNKNOWN if each is None else f"{each:,}" for each in (kind.before, kind.after))
        better = kind.before is not None and kind.after is not None and kind.after < kind.before
        worse = kind.before is not None and kind.after is not None and kind.after > kind.before
        style = "$success" if better else "$error" if worse else ""
        line = Content.assemble(
            fit(one_line(kind.tag), room), f"{kind.rows:>{_FIGURE},}{before:>{_FIGURE}}", (f"{after:>{_FIGURE}}", style)
        )
        lines.append(line.truncate(width))
    return [*lines, Content("")]
