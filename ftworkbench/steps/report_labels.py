"""The labels of an evaluation in its report: their scores, what was taken for what, the confusion matrix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ftworkbench.evaluate.confusions import (
    NONE_OF_THEM,
    OTHER,
    Matrix,
    label_tables,
    macro_f1,
    matrix,
    most_confused,
)
from ftworkbench.evaluate.metrics.labels import NO_LABEL
from ftworkbench.figures import percent
from ftworkbench.report.blocks import Block, Folded, Heading, Paragraph, Table

_CONFUSED = 15
_LABELS = 20  # of a matrix


def label_blocks(found: Mapping[str, Any]) -> Iterator[Block]:
    """The blocks of a verdict.json whose answers are labels, or hold one; none of any other."""
    tables = label_tables(found)
    if not tables:
        return
    yield Heading(2, "Labels")
    rows = tuple((name, percent(table.get("accuracy")), macro_f1(table)) for name, table in tables)
    yield Table(("", "accuracy", "macro F1"), rows, frozenset({1, 2}))
    last = tables[-1][1]
    each = tuple(
        (str(label["label"]), percent(label.get("precision")), percent(label.get("recall")), percent(label.get("f1")))
        for label in last["labels"]
    )
    inner = Table(("label", "precision", "recall", "F1"), each, frozenset({1, 2, 3}))
    yield Folded(f"each label, {tables[-1][0]}", (inner,))
    before, after = (tables[0][1], last) if len(tables) > 1 else (None, last)
    confused = tuple(
        (each.reference, each.answer, _count(each.before), _count(each.after))
        for each in most_confused(before, after)[:_CONFUSED]
    )
    if confused:
        yield Heading(3, "What was taken for what, the most often first")
        yield Table(("is", "was taken for", "before", "after"), confused, frozenset({2, 3}))
    yield Heading(3, "Confusion matrix")
    yield Paragraph("A row for each label of the references, a column for each that was answered.")
    among = [table for _, table in tables]
    for name, table in tables:
        yield _matrix(name, matrix(table, _LABELS, among))


def _matrix(name: str, found: Matrix) -> Table:
    """The matrix; the labels that are confused least stand in it together where there are too many."""
    others = f"the other {found.left_out} labels"
    names = {**found.names, OTHER: others, NO_LABEL: NONE_OF_THEM}
    rows = tuple((names[row], *(_cell(found, row, column) for column in found.columns)) for row in found.rows)
    head = (name, *(names[column] for column in found.columns))
    return Table(head, rows, frozenset(range(1, len(head))))


def _cell(found: Matrix, row: int, column: int) -> str:
    if row == column == OTHER:
        return ""  # which of them were taken for which does not stand here
    return f"{found.counts.get((row, column), 0):,}" if found.counts.get((row, column)) else "·"


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"
