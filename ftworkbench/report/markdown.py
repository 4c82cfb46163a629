"""A document as Markdown, as GitHub reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ftworkbench.figures import measure
from ftworkbench.printable import one_line, printable
from ftworkbench.report.blocks import Block, Bullets, Chart, Document, Folded, Heading, Paragraph, Table, Verbatim

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&]|^\s*[-+](?=\s|$|-)|^\s*\d+(?=[.)](?:\s|$)))")
_POINTS = 12  # of a curve, in its table
_FEWEST = 3  # backticks of a fence
_MARKED = 12  # pieces of a text that are named as what differs in it


def as_markdown(document: Document) -> str:
    """The document's text. Nothing in it can break out of its place: what is special is escaped or fenced."""
    return "\n\n".join(part for block in document for part in _render(block)) + "\n"


def _render(block: Block) -> Iterator[str]:
    match block:
        case Heading():
            yield f"{'#' * block.level} {_escaped(block.text)}"
        case Paragraph():
            yield _escaped(block.text)
        case Bullets():
            yield "\n".join(f"- {_escaped(line)}" for line in block.lines)
        case Table():
            yield _table(block)
        case Verbatim():
            yield _verbatim(block)
            if block.marks:
                yield _marked(block)
        case Chart():
            yield f"**{_escaped(block.title)}**"
            yield _table(_points(block))
        case Folded():
            yield f"**{_escaped(block.title)}**"
            for inner in block.blocks:
                yield from _render(inner)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(_with_backslash, one_line(text))


def _with_backslash(found: re.Match[str]) -> str:
    sign = found[1].lstrip()
    return f"{sign}\\" if sign[0].isdigit() else f"\\{sign}"


def _table(table: Table) -> str:
    rule = ["---:" if place in table.numbers else "---" for place in range(len(table.head))]
    rows = [[_escaped(cell) for cell in row] for row in (table.head, *table.rows)]
    lines = [rows[0], rule, *rows[1:]]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _verbatim(block: Verbatim) -> str:
    text = printable(block.text)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(longest + 1, _FEWEST)
    return f"{_escaped(block.label)}:\n\n{fence}text\n{text}\n{fence}"


def _marked(block: Verbatim) -> str:
    """What differs in a text, beneath it: a fence shows no marks."""
    pieces = [f"“{one_line(block.text[start:end], 60)}”" for start, end in block.marks]
    more = f" and {len(pieces) - _MARKED} more places" if len(pieces) > _MARKED else ""
    return _escaped(f"what differs: {', '.join(pieces[:_MARKED])}{more}")


def _points(chart: Chart) -> Table:
    """Each curve at a few of its steps."""
    rows = []
    for curve in chart.curves:
        every = max(len(curve.points) / _POINTS, 1)
        chosen = [curve.points[round(place * every)] for place in range(min(_POINTS, len(curve.points)))]
        chosen = [*chosen[:-1], curve.points[-1]] if chosen else []
        rows += [(curve.name, f"{step:g}", measure(value)) for step, value in chosen]
    return Table(("curve", "step", "value"), tuple(rows), frozenset({1, 2}))
