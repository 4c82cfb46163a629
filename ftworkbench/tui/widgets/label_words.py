"""The labels of an evaluation, drawn: what is confused with what, each label, the confusion matrix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from textual.content import Content

from ftworkbench.evaluate.confusions import (
    NONE_OF_THEM,
    OTHER,
    Matrix,
    Table,
    label_changes,
    label_count,
    label_tables,
    macro_f1,
    matrix,
    most_confused,
    no_label,
    seen_labels,
)
from ftworkbench.evaluate.metrics.labels import NO_LABEL
from ftworkbench.figures import percent
from ftworkbench.printable import one_line
from ftworkbench.tui.text import shown
from ftworkbench.tui.widgets.job_words import fit
from ftworkbench.tui.widgets.lines_view import beside, wrapped

_PAIRS = 12
_GAP = 3
_NAME = 24
_LEAST_NAME = 12
_NUMBER = 4  # cells of a label's number
_FEWEST = 4  # labels in a matrix that is worth drawing
_OTHERS = 8
TITLE = 26  # cells of the longest title of a first column; else it is as wide as its names, with their numbers near


def label_lines(found: Mapping[str, Any], width: int, turned: int = 0) -> list[Content]:
    """All that there is about labels, if anything. `turned` says which system's matrix where only one has room."""
    tables = label_tables(found)[:2]
    return _all_of_labels(tables, width, turned) if tables else []


def _all_of_labels(tables: Sequence[tuple[str, Table]], width: int, turned: int) -> list[Content]:
    before, after = tables[0][1], tables[1][1] if len(tables) > 1 else None
    field = f" in {before['field']}" if before.get("field") else ""
    macro = " → ".join(f"{macro_f1(table)} {name}" for name, table in tables)
    head = f"{label_count(before)}{field} · macro F1 {macro}"
    lines = wrapped(shown(head, "bold"), width)
    if any(no_label(table) for _, table in tables):
        told = " → ".join(f"{no_label(table)} {name}" for name, table in tables)
        lines += wrapped(shown(f"answers that are no label: {told}", "$text-muted"), width)
    drawn, whole = _matrix_lines(tables, width, turned)
    confused = _confused_lines([name for name, _ in tables], before, after, width)
    parts = [drawn, confused] if whole else [confused, drawn]
    parts += [_each_lines([name for name, _ in tables], before, after, width), _other_lines(tables, width)]
    for part in parts:
        if part:
            lines += [Content(""), *part]
    return lines


# What is taken for what


def _confused_lines(names: Sequence[str], before: Table, after: Table | None, width: int) -> list[Content]:
    pairs = most_confused(before, after)
    if not pairs:
        return wrapped(Content.styled("No label was taken for another.", "$text-muted"), width)
    column = 13
    longest = max(Content(one_line(f"{pair.reference} → {pair.answer}")).cell_length for pair in pairs[:_PAIRS])
    room = min(width - column * len(names), max(longest + 2, TITLE))
    heads = "".join(fit(name, column - 1, right=True) + " " for name in names)
    title = f"most confused, {min(_PAIRS, len(pairs))} of {len(pairs)}" if len(pairs) > _PAIRS else "most confused"
    lines = [Content.styled(fit(title, room) + heads, "$text-muted")]
    for pair in pairs[:_PAIRS]:
        cells: list[Content | tuple[str, str]] = [Content(_pair(pair.reference, pair.answer, room))]
        numbers = [each for each in (pair.before, pair.after) if each is not None]
        for place, number in enumerate(numbers):
            fewer = place == 1 and number < numbers[0]
            more = place == 1 and number > numbers[0]
            mark = "↓" if fewer else "↑" if more else " "
            style = "bold $success" if fewer else "bold $error" if more else ""
            cells.append((fit(str(number), column - 1, right=True) + mark, style))
        lines.append(Content.assemble(*cells).truncate(width))
    return lines


def _pair(reference: str, answer: str, room: int) -> str:
    """Both names in so many cells; where that is too little, each has the half that the other does not need."""
    names = [Content(one_line(name)) for name in (reference, answer)]
    arrow = " → "
    half = (room - len(arrow) - 1) // 2
    spare = [max(half - name.cell_length, 0) for name in names]
    cut = [
        name.truncate(max(half + other, 1), ellipsis=True).plain for name, other in zip(names, spare[::-1], strict=True)
    ]
    return fit(arrow.join(cut), room)


def _other_lines(tables: Sequence[tuple[str, Table]], width: int) -> list[Content]:
    lines: list[Content] = []
    for name, table in tables:
        others = table.get("others") or {}
        if others:
            told = ", ".join(f"{text or '(nothing)'} ×{number}" for text, number in [*others.items()][:_OTHERS])
            lines += wrapped(shown(f"answers of {name} that are no label: {told}", "$text-muted"), width)
    return lines


# Each label


def _each_lines(names: Sequence[str], before: Table, after: Table | None, width: int) -> list[Content]:
    changes = label_changes(before, after)
    last = names[-1]
    column = 9
    heads = ["n", *(f"F1 {name}" for name in names), "precision", "recall"]
    widths = [6, *(max(column, min(len(head) + 2, 18)) for head in heads[1 : 1 + len(names)]), 11, 9]
    while len(widths) > 2 and width - sum(widths) < 2 * _LEAST_NAME:  # too narrow: the last columns go first
        widths.pop()
    longest = max(Content(one_line(change.label)).cell_length for change in changes)
    room = min(width - sum(widths), max(longest + 2, TITLE))
    head = fit("label, the worst first", room) + "".join(
        fit(text, size, right=True) for text, size in zip(heads, widths, strict=False)
    )
    lines = [Content.styled(head, "$text-muted")]
    for change in changes:
        shares = [each["f1"] for each in (change.before, change.after) if each is not None]
        now = change.after or change.before or {}
        cells = [str(change.n), *map(percent, shares), percent(now.get("precision")), percent(now.get("recall"))]
        parts: list[Content | str | tuple[str, str]] = [Content(fit(change.label, room))]
        for place, (cell, size) in enumerate(zip(cells, widths, strict=False)):
            text = fit(cell, size, right=True)
            risen = place == len(names) == 2 and shares[-1] > shares[0]
            fallen = place == len(names) == 2 and shares[-1] < shares[0]
            parts.append(
                (
                    text,
                    "bold $success"
                    if risen
                    else "bold $error"
                    if fallen
                    else "$text-muted"
                    if place > len(names)
                    else "",
                )
            )
        lines.append(Content.assemble(*parts).truncate(width))
    if len(widths) == len(heads) and len(names) > 1:
        lines.append(Content.styled(fit(f"precision and recall are those of {last}", width), "$text-muted"))
    return lines


# The matrix


def _matrix_lines(tables: Sequence[tuple[str, Table]], width: int, turned: int) -> tuple[list[Content], bool]:
    """The matrix of each system beside each other where all labels have room so, else of the one that is turned to.

    The second is whether all labels are in it.
    """
    cell, labels = _cell(tables), len(seen_labels([table for _, table in tables]))
    half = (width - _GAP) // 2
    both = len(tables) > 1 and labels <= _most(half, cell, _LEAST_NAME)
    kept = list(tables) if both or len(tables) == 1 else [tables[-1 - turned % len(tables)]]
    room = half if both else width
    whole = labels <= _most(room, cell, _LEAST_NAME)
    most = labels if whole else _most(room, cell, _NAME)
    if most < _FEWEST and not whole:
        return [], False
    told = "confusion matrix, rows: reference, columns: answer"
    if len(kept) < len(tables):
        told += f"; t turns to {tables[turned % len(tables)][0]}"
    drawn = [_one_matrix(name, matrix(table, most, [other for _, other in tables]), room, cell) for name, table in kept]
    lines = wrapped(shown(told, "$text-muted"), width)
    return [*lines, *beside(drawn, [room] * len(drawn), _GAP)], whole


def _cell(tables: Sequence[tuple[str, Table]]) -> int:
    """The cells of a number in a matrix, with the space before it; sums of what is left out are numbers, too."""
    sums: Counter[tuple[str, int]] = Counter()
    for name, table in tables:
        for row, column, number in table.get("confusions", ()):
            sums[f"{name} row", row] += number
            sums[f"{name} column", column] += number
    return max(len(str(max(sums.values(), default=1))), 2) + 1


def _most(width: int, cell: int, name: int) -> int:
    """How many labels have room, beside names of so many cells and the columns of other labels and of none."""
    return max((width - name - _NUMBER) // cell - 2, 0)


def _one_matrix(name: str, found: Matrix, width: int, cell: int) -> list[Content]:
    longest = max(Content(one_line(found.names[row])).cell_length if row != OTHER else 12 for row in found.rows)
    room = min(width - cell * len(found.columns), longest + _NUMBER + 1)
    marks = {place: str(number) for number, place in enumerate(found.rows, 1)} | {OTHER: "+", NO_LABEL: "?"}
    head = "".join(fit(marks[column], cell, right=True) for column in found.columns)
    lines = [Content.assemble((fit(name, room), "bold"), (head, "$text-muted"))]
    for row in found.rows:
        label = "other labels" if row == OTHER else found.names[row]
        total = max(sum(found.counts.get((row, column), 0) for column in found.columns), 1)
        parts: list[Content | tuple[str, str]] = [
            (f"{marks[row]:>3} ", "$text-muted"),
            Content(fit(label, room - _NUMBER)),
        ]
        for column in found.columns:
            number = found.counts.get((row, column), 0)
            told = "" if row == column == OTHER else str(number) if number else "·"
            parts.append((fit(told, cell, right=True), _look(row, column, number / total)))
        lines.append(Content.assemble(*parts).truncate(width))
    legend = [f"? {NONE_OF_THEM.strip('()')}"] if NO_LABEL in found.columns else []
    if OTHER in found.columns:
        legend.append(f"+ the other {found.left_out} labels, which are confused less")
    if legend:
        lines += wrapped(shown(" · ".join(legend), "$text-muted"), width)
    return lines


def _look(row: int, column: int, share: float) -> str:
    if not share:
        return "$text-disabled"
    if row == column:
        return "bold $success"
    return "bold $error" if share >= 0.2 else "$error"
