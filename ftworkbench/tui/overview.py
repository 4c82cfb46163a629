"""The rows of a file as a whole: what was decided, by label and by tag, their lengths, their losses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING

from ftworkbench.data.checks.advice import rows_wanted
from ftworkbench.data.example import Example, content_text
from ftworkbench.data.labels import find_labels
from ftworkbench.data.review.coverage import sample
from ftworkbench.data.review.decisions import DECIDED
from ftworkbench.tui.scan import paced

if TYPE_CHECKING:
    from ftworkbench.recipe.check_table import Check
    from ftworkbench.tui.review import Review

MOST_ROWS = 20_000
_BINS = 12
_MOST_GROUPS = 40


@dataclass
class Group:
    """Rows that have something in common: how many, how many of them were reviewed or rejected, their losses."""

    name: str
    rows: int = 0
    reviewed: int = 0
    rejected: int = 0
    losses: list[float] = field(default_factory=list, repr=False)

    @property
    def kept(self) -> int:
        """The rows that were not rejected."""
        return self.rows - self.rejected

    @property
    def loss(self) -> float | None:
        """The mean of what training left of the loss of its rows; None where none was measured."""
        return fmean(self.losses) if self.losses else None

    def add(self, status: str, loss: float | None) -> None:
        self.rows += 1
        self.reviewed += status in DECIDED
        self.rejected += status == "rejected"
        if loss is not None:
            self.losses.append(loss)


@dataclass(frozen=True)
class Bin:
    """How many rows are from `low` up to, but not including, `high` long."""

    low: int
    high: int
    rows: int


@dataclass(frozen=True)
class Overview:
    """Of a file: `looked_at` rows of it, evenly spaced where there are many more; groups by size.

    `wanted` are the rows that each label should have; 0 where that is not to be told. `limit` is the length past which
    rows are cut, in the same `unit` as the bins; None where that is another one. `sample` says in words what the rows
    that were reviewed at random say of all.
    """

    rows: int
    looked_at: int
    statuses: Counter[str]
    labels: Sequence[Group]
    wanted: int
    tags: Sequence[Group]
    lengths: Sequence[Bin]
    unit: str
    limit: int | None
    sample: str


def look_over(review: Review, seed: int, rules: Check, cancelled: Callable[[], bool] = lambda: False) -> Overview:
    """Looks at the rows that are known, or at 20,000 of them. For a thread.

    `seed` is that of the random order, `rules` say how many rows a label should have.
    """
    import numpy

    size = review.size
    indexes = range(0, size, max(-(-size // MOST_ROWS), 1))
    tokens = review.known.measured.tokens
    answers: list[str] = []
    statuses: Counter[str] = Counter()
    tags: dict[str, Group] = {}
    seen: list[tuple[str, float | None]] = []
    lengths: list[int] = []
    for index in paced(indexes):
        if cancelled():
            break
        key = review.key(index)
        state, loss = review.ledger.state(key), review.facts(index).loss
        messages = state.messages or review.messages(index)
        answers.append(Example(tuple(messages)).answer)
        statuses[review.tally.class_of(key, state)] += 1
        seen.append((state.status, loss))
        for tag in state.tags:
            tags.setdefault(tag, Group(tag)).add(state.status, loss)
        if tokens is None:
            lengths.append(sum(len(content_text(message)) for message in messages))
        elif (counted := review.known.measured.tokens_of(key)) is not None:
            lengths.append(counted)
    labels = _by_label(review, answers, seen)
    return Overview(
        size,
        len(seen),
        statuses,
        labels,
        rows_wanted(len(labels), rules) if len(seen) == size else 0,
        _largest(tags.values()),
        _binned(lengths),
        "characters" if tokens is None else "tokens",
        tokens.max_length if tokens is not None else None,
        sample(numpy.array(review.tally.keys), review.ledger, seed).words,
    )


def _by_label(review: Review, answers: list[str], seen: Sequence[tuple[str, float | None]]) -> list[Group]:
    labels = find_labels([answer for answer in answers if answer], review.label)
    groups: dict[str, Group] = {}
    if labels is not None:
        for answer, (status, loss) in zip(answers, seen, strict=True):
            if (name := labels.of(answer)) is not None:
                groups.setdefault(name, Group(name)).add(status, loss)
    return _largest(groups.values())


def _largest(groups: Iterable[Group]) -> list[Group]:
    return sorted(groups, key=lambda group: (-group.rows, group.name))[:_MOST_GROUPS]


def _binned(lengths: list[int]) -> list[Bin]:
    """The lengths in about a dozen equal bins with round edges; what lies far out goes into a last, open one."""
    if not lengths:
        return []
    ordered = sorted(lengths)
    usual = max(ordered[min(len(ordered) * 99 // 100, len(ordered) - 1)], 1)
    width = _round_up(-(-usual // (_BINS - 1)))
    counts = Counter(min(length // width, _BINS - 1) for length in lengths)
    last = max(counts)
    return [
        Bin(place * width, max(ordered[-1] + 1, width) if place == _BINS - 1 else (place + 1) * width, counts[place])
        for place in range(last + 1)
    ]


def _round_up(width: int) -> int:
    """The next number that is 1, 2, 2.5 or 5 times a power of ten, and whole."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power // 2 if power > 1 else 2, 5 * power):
            if step >= width:
                return step
        power *= 10
