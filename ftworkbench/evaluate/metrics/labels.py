"""Labels: which is taken for which, and precision, recall and F1 of each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ftworkbench.evaluate.metrics.json_values import parse_json
from ftworkbench.evaluate.metrics.macro import macro_f1_interval
from ftworkbench.evaluate.metrics.text import normalise

NO_LABEL = -1  # the column of answers that are none of the labels
_MOST_OTHERS = 20
_LONGEST_OTHER = 80


@dataclass(frozen=True)
class LabelScore:
    """`n` rows have the label, `answered` answers say it, `right` of them to such a row. Shares from 0 to 1."""

    label: str
    n: int
    answered: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.answered if self.answered else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.n if self.n else 0.0

    @property
    def f1(self) -> float:
        return 2 * self.right / (self.n + self.answered) if self.right else 0.0


@dataclass(frozen=True)
class LabelTable:
    """The confusion matrix, sparse: `counts` are rows by (reference, answer), as places in `labels` or NO_LABEL.

    `labels` are those of the references, the most frequent first, then the others that are known; `others` the answers
    that are none of them. `field` is the key of JSON answers whose value is the label, None where the answer is.
    `interval` is that of macro F1, None where it was not asked for.
    """

    labels: tuple[str, ...]
    field: str | None
    counts: Mapping[tuple[int, int], int]
    others: Mapping[str, int]
    interval: tuple[float, float] | None = None

    @property
    def n(self) -> int:
        return sum(self.counts.values())

    @property
    def accuracy(self) -> float:
        right = sum(count for (reference, answer), count in self.counts.items() if reference == answer)
        return right / self.n if self.n else 0.0

    def each(self) -> list[LabelScore]:
        """The score of each label, in their order."""
        wanted: Counter[int] = Counter()
        answered: Counter[int] = Counter()
        for (reference, answer), count in self.counts.items():
            wanted[reference] += count
            answered[answer] += count
        return [
            LabelScore(label, wanted[place], answered[place], self.counts.get((place, place), 0))
            for place, label in enumerate(self.labels)
        ]

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the labels that any reference has; 0 for a label that no answer hits.

        As scikit-learn's f1_score with average="macro", labels=those of the references, zero_division=0.
        """
        found = [score for score in self.each() if score.n]
        return sum(score.f1 for score in found) / len(found) if found else 0.0

    def as_json(self) -> dict[str, Any]:
        """The `labels` of a system in verdict.json."""
        return {
            "field": self.field,
            "accuracy": self.accuracy,
            "macro_f1": self.macro_f1,
            "macro_f1_interval": None if self.interval is None else list(self.interval),
            "labels": [
                {
                    "label": score.label,
                    "n": score.n,
                    "answered": score.answered,
                    "right": score.right,
                    "precision": score.precision,
                    "recall": score.recall,
                    "f1": score.f1,
                }
                for score in self.each()
            ],
            "confusions": [[*pair, count] for pair, count in sorted(self.counts.items())],
            "others": dict(self.others),
        }


def label_of(text: str, field: str | None) -> str | None:
    """What the label of an answer is; None where it has none. A whole answer is normalised."""
    if field is None:
        return normalise(text) or text.strip() or None
    try:
        value = parse_json(text)
    except ValueError:
        return None
    found = value.get(field) if isinstance(value, dict) else None
    return None if found is None or isinstance(found, dict | list) else _as_text(found)


def _as_text(value: Any) -> str:
    """As JSON has it, numbers that are equal alike."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, str) else json.dumps(value)


def label_table(
    pairs: Iterable[tuple[str, str | None]],
    field: str | None = None,
    known: Iterable[str] = (),
    groups: Sequence[Hashable] | None = None,
) -> LabelTable:
    """The table of (reference, answer) pairs; an answer of None is a row that could not be had.

    References without a label are left out. `known` are further answers whose labels there are. `groups` name, pair by
    pair, rows that hang together; with them macro F1 has its interval.
    """
    spelt: dict[str, Counter[str]] = {}
    found: list[tuple[str, str | None, str]] = []
    among: list[Hashable] = []
    for row, (reference, answer) in enumerate(pairs):
        wanted = label_of(reference, field)
        if wanted is None:
            continue
        among += [] if groups is None else [groups[row]]
        spelt.setdefault(wanted, Counter())[reference.strip() if field is None else wanted] += 1
        found.append((wanted, None if answer is None else label_of(answer, field), answer or ""))
    order = sorted(spelt, key=lambda label: (-spelt[label].total(), label))
    more: dict[str, str] = {}
    for text in known:
        label = label_of(text, field)
        if label is not None and label not in spelt:
            more.setdefault(label, text.strip() if field is None else label)
    order += sorted(more)
    places = {label: place for place, label in enumerate(order)}
    cells: list[tuple[int, int]] = []
    others: Counter[str] = Counter()
    for wanted, said, answer in found:
        place = places.get(said, NO_LABEL) if said is not None else NO_LABEL
        cells.append((places[wanted], place))
        if place == NO_LABEL:
            others[" ".join((said or answer).split())[:_LONGEST_OTHER]] += 1
    labels = tuple(more[label] if label in more else spelt[label].most_common(1)[0][0] for label in order)
    interval = macro_f1_interval(cells, among) if among else None
    return LabelTable(labels, field, dict(Counter(cells)), dict(others.most_common(_MOST_OTHERS)), interval)
