"""The overview of a file in lines: bars where looking beats reading."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content

from ftworkbench.printable import one_line
from ftworkbench.tui.overview import Bin, Group, Overview
from ftworkbench.tui.widgets.lines_view import wrapped
from ftworkbench.tui.widgets.row_pen import fit

_NAME = 24
_PARTS = "▏▎▍▌▋▊▉"
_STATUSES = (
    ("accepted", "✔", "$success"),
    ("rejected", "✘", "$error"),
    ("skipped", "s", "$secondary"),
    ("refused", "!", "$warning"),
    ("unreviewed", "·", "$text-muted"),
)


def bar(value: float, most: float, width: int) -> str:
    """A bar as long as `value` is of `most`, to an eighth of a cell; at least a sliver where it is not nothing."""
    if value <= 0 or most <= 0:
        return ""
    eighths = max(round(value / most * width * 8), 1)
    full, rest = divmod(eighths, 8)
    return "█" * full + (_PARTS[rest - 1] if rest else "")


def overview_lines(found: Overview, width: int) -> list[Content]:
    """What is to be seen of an overview in `width` cells."""
    width -= 1  # beside the scroll bar
    lines: list[Content] = []
    if found.looked_at < found.rows:
        note = f"{found.looked_at:,} of {found.rows:,} rows, evenly spaced"
        lines += [Content.styled(note, "$text-muted"), Content("")]
    lines += [_heading("Review"), *_review(found, width)]
    lines += wrapped(Content.styled(found.sample, "$text-muted"), width)
    for title, groups in (("Labels", found.labels), ("Tags", found.tags)):
        if groups:
            wanted = found.wanted if groups is found.labels else 0
            lines += [Content(""), _heading(title), *_groups(groups, wanted, width)]
    if found.lengths:
        lines += [Content(""), _heading(f"Length in {found.unit}"), *_lengths(found, width)]
    return lines


def _heading(title: str) -> Content:
    return Content.styled(title, "bold $accent")


def _review(found: Overview, width: int) -> list[Content]:
    total = max(found.looked_at, 1)
    room = max(width - _NAME - 16, 8)
    lines = []
    for status, mark, style in _STATUSES:
        if rows := found.statuses[status]:
            share = f"{rows:>9,} {100 * rows // total:>3}% "
            drawn = Content.styled(bar(rows, total, room), style)
            lines.append(Content.assemble((f"{mark} ", style), fit(status, _NAME - 2), (share, "$text-muted"), drawn))
    return lines


def _groups(groups: Sequence[Group], wanted: int, width: int) -> list[Content]:
    name_width = min(max(cell_len(one_line(group.name)) for group in groups), _NAME)
    measured = any(group.loss is not None for group in groups)
    head = f"{'':<{name_width}}     rows    kept  reviewed{'   loss' if measured else ''}"
    lines = [Content.styled(head, "$text-muted")]
    room = max(width - name_width - 28 - (7 if measured else 0), 8)
    most = max(group.rows for group in groups)
    for group in groups:
        loss = f"{group.loss:>7.2f}" if group.loss is not None else f"{'':>7}" if measured else ""
        reviewed = f"{100 * group.reviewed // group.rows:>8}% "
        full = bar(group.rows, most, room)
        done = full[: round(len(full) * group.reviewed / group.rows)]
        drawn = Content.assemble((done, "$success"), (full[len(done) :], "$primary"))
        name = fit(one_line(group.name), name_width)
        kept = (f"{group.kept:>8,}", "bold $warning" if group.kept < wanted else "")
        lines.append(Content.assemble(name, f"{group.rows:>9,}", kept, (reviewed, "$text-muted"), loss, " ", drawn))
    if any(group.kept < wanted for group in groups):
        lines.append(Content.styled(f"fewer than {wanted:,} kept rows are few for a label", "$text-muted"))
    return lines


def _lengths(found: Overview, width: int) -> list[Content]:
    edges = [_edge(each, found.lengths[-1]) for each in found.lengths]
    edge_width = max(map(len, edges))
    most = max(each.rows for each in found.lengths)
    room = max(width - edge_width - 11, 8)
    lines = []
    for edge, each in zip(edges, found.lengths, strict=True):
        over = found.limit is not None and each.low >= found.limit
        style = "$error" if over else "$primary"
        drawn = Content.styled(bar(each.rows, most, room), style)
        lines.append(Content.assemble(f"{edge:>{edge_width}}", (f"{each.rows:>9,} ", "$text-muted"), drawn))
    if found.limit is not None:
        lines.append(Content.styled(f"rows are cut at train.max_length = {found.limit:,}", "$text-muted"))
    return lines


def _edge(each: Bin, last: Bin) -> str:
    return f"{each.low:,} to {each.high - 1:,}" if each is not last or each.low else f"up to {each.high - 1:,}"
