"""What two tables of labels, before and after, say together: the most confused pairs, each label, the matrix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ftworkbench.evaluate.metrics.labels import NO_LABEL
from ftworkbench.figures import count, interval, percent

OTHER = -2  # in a matrix, the labels that are not shown
NONE_OF_THEM = "(no label)"
Table = Mapping[str, Any]  # the `labels` of a system in verdict.json


@dataclass(frozen=True)
class Confused:
    """How often answers took `reference` for `answer`; None for a system that was not measured."""

    reference: str
    answer: str
    before: int | None
    after: int | None


@dataclass(frozen=True)
class LabelChange:
    """A label's rows, and its precision, recall and F1 before and after."""

    label: str
    n: int
    before: Table | None
    after: Table | None

    @property
    def last_f1(self) -> float:
        return float((self.after or self.before or {}).get("f1", 0.0))


@dataclass(frozen=True)
class Matrix:
    """Counts by reference (a row each) and answer (a column each), as places in `names`.

    `columns` are those of the rows, OTHER where labels are left out, and NO_LABEL where an answer is none of them.
    `left_out` counts those that are not shown.
    """

    names: Mapping[int, str]
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    counts: Mapping[tuple[int, int], int]
    left_out: int


def macro_f1(table: Table) -> str:
    """Macro F1 with its interval, where it has one: `61.3% [55.0, 66.9]`."""
    return f"{percent(table.get('macro_f1'))} {interval(table.get('macro_f1_interval'))}".rstrip()


def label_tables(found: Mapping[str, Any]) -> list[tuple[str, Table]]:
    """The systems of an evaluation that have a table of labels, by name: the baseline first."""
    systems = found.get("systems") or ()
    return [(str(each["name"]), each["labels"]) for each in systems if (each.get("labels") or {}).get("labels")]


def most_confused(before: Table | None, after: Table | None) -> list[Confused]:
    """The pairs of labels that any answer confused, the most often confused first; see no_label for the rest."""
    one, other = _confusions(before), _confusions(after)
    found = {pair for pair in (*one, *other) if pair[1] != NONE_OF_THEM}
    pairs = sorted(found, key=lambda pair: (-max(one[pair], other[pair]), -other[pair], pair))
    return [
        Confused(*pair, None if before is None else one[pair], None if after is None else other[pair]) for pair in pairs
    ]


def no_label(table: Table) -> int:
    """How many answers are none of the labels."""
    return sum(int(number) for _, answer, number in table.get("confusions", ()) if answer == NO_LABEL)


def _confusions(table: Table | None) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    names = _names(table)
    for reference, answer, number in (table or {}).get("confusions", ()):
        if reference != answer:
            found[names[reference], names.get(answer, NONE_OF_THEM)] += number
    return found


def _names(table: Table | None) -> dict[int, str]:
    return {place: str(each["label"]) for place, each in enumerate((table or {}).get("labels", ()))}


def label_changes(before: Table | None, after: Table | None) -> list[LabelChange]:
    """Each label that a reference has, before and after; the one that is worst now first."""
    one, other = ({str(each["label"]): each for each in (table or {}).get("labels", ())} for table in (before, after))
    found = [
        LabelChange(label, int((other.get(label) or one[label])["n"]), one.get(label), other.get(label))
        for label in dict.fromkeys([*other, *one])
    ]
    found = [change for change in found if change.n]
    return sorted(found, key=lambda change: (change.last_f1, -change.n, change.label))


def seen_labels(among: Sequence[Table]) -> list[int]:
    """The places of the labels that a reference has, or an answer of any of the systems, in their order."""
    lists = [table.get("labels", ()) for table in among]
    return [
        place
        for place, each in enumerate(lists[0])
        if each["n"] or any(place < len(labels) and labels[place]["answered"] for labels in lists)
    ]


def label_count(table: Table) -> str:
    """How many labels the references have, `13 of 77 labels` where more are known."""
    labels = table.get("labels", ())
    asked = sum(each["n"] > 0 for each in labels)
    return count(asked, "label") if asked == len(labels) else f"{asked} of {len(labels)} labels"


def matrix(table: Table, most: int, among: Sequence[Table] = ()) -> Matrix:
    """The confusion matrix of at most so many labels: those that the systems `among` whom it is shown confuse most.

    So that all of them show the same labels, `among` holds the table itself, too. Labels keep their order.
    """
    among = among or (table,)
    names, seen = _names(table), seen_labels(among)
    kept = set(seen)
    if len(seen) > most:
        wrong: Counter[str] = Counter()
        for each in among:
            for (reference, answer), number in _confusions(each).items():
                wrong[reference] += number
                wrong[answer] += number
        order = sorted(seen, key=lambda place: (-wrong[names[place]], names[place]))
        kept = set(order[: max(most, 1)])
    folded: Counter[tuple[int, int]] = Counter()
    for row, column, number in table.get("confusions", ()):
        to = column if column in kept or column == NO_LABEL else OTHER
        folded[row if row in kept else OTHER, to] += number
    rows = tuple(place for place in seen if place in kept)
    left_out = (OTHER,) if len(kept) < len(seen) else ()
    none = (NO_LABEL,) if any(column == NO_LABEL for _, column in folded) else ()
    return Matrix(names, (*rows, *left_out), (*rows, *left_out, *none), folded, len(seen) - len(kept))
