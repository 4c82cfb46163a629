"""How much of a file was reviewed, and what a random sample of it says about the rest."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from ftworkbench.data.review.decisions import DECIDED
from ftworkbench.data.review.ledger import Ledger, RowState

if TYPE_CHECKING:
    from numpy import uint64
    from numpy.typing import NDArray

    Keys: TypeAlias = Sequence[str] | NDArray[uint64]

CONFIDENCE = 0.95
_SAYS_NOTHING = 0.5
_DIGITS = 16


@dataclass(frozen=True)
class Reviewed:
    """How many of so many `rows` were accepted or rejected, and how many of those one by one, not in a range."""

    rows: int
    reviewed: int
    one_by_one: int


@dataclass(frozen=True)
class Sample:
    """The first `n` rows of the random stream, all decided one by one, and how many of them were `bad`.

    `bound` is a share: with confidence `CONFIDENCE` no more of all rows are bad.
    """

    n: int
    bad: int
    bound: float

    @property
    def words(self) -> str:
        """What that says of all rows, in words; the bound is rounded up."""
        if not self.n:
            return "no row of the random order was decided yet: sort at random, and decide from the top"
        rows = "the 1 row" if self.n == 1 else f"{self.n:,} rows"
        were = {0: "none was", 1: "1 was"}.get(self.bad, f"{self.bad:,} were")
        if self.bound > _SAYS_NOTHING:
            return f"of {rows} drawn at random {were} bad: too few rows to say how many of all are"
        return f"of {rows} drawn at random {were} bad: at {CONFIDENCE:.0%} {_at_most(self.bound)} of all are"


@dataclass(frozen=True)
class Coverage:
    """How much of each label and of each tag was reviewed, and what the rows reviewed at random say of all."""

    labels: Mapping[str, Reviewed]
    tags: Mapping[str, Reviewed]
    sample: Sample

    def as_json(self) -> dict[str, Any]:
        groups = {"labels": self.labels, "tags": self.tags}
        return {name: {key: asdict(one) for key, one in found.items()} for name, found in groups.items()} | {
            "sample": asdict(self.sample)
        }


def coverage_of(keys: Keys, labels: Sequence[str | None], ledger: Ledger, seed: int) -> Coverage:
    """The coverage of rows; `labels` has one for each key, None for a row without."""
    return Coverage(by_label(keys, labels, ledger), by_tag(keys, ledger), sample(keys, ledger, seed))


def random_place(seed: int, key: str) -> bytes:
    """The place of a row in the random order of a seed, by its key alone: the smallest comes first."""
    return hashlib.sha256(f"{seed}:{key}".encode()).digest()


def _random_places(names: Sequence[str], seed: int) -> list[bytes]:
    """`random_place` of many rows, in half the time."""
    sha256, start = hashlib.sha256, f"{seed}:"
    return [sha256((start + name).encode()).digest() for name in names]


def sample(keys: Keys, ledger: Ledger, seed: int) -> Sample:
    """What the longest beginning of the random stream says whose rows were all decided one by one.

    A row that was rejected or edited counts as bad. A skipped one ends the beginning, and so does one that was
    decided with others as a range: who decides so has not looked at each.
    """
    judged: dict[str, bool] = {}
    for key, state in _states(ledger):
        if state.alone and state.status in DECIDED:
            judged[key] = state.status == "rejected" or state.messages is not None
    names = _names(keys)
    end = min(_random_places([key for key in names if key not in judged], seed), default=None)
    looked_at = [key for key in judged.keys() & set(names) if end is None or random_place(seed, key) < end]
    bad = sum(judged[key] for key in looked_at)
    return Sample(len(looked_at), bad, upper_bound(bad, len(looked_at)))


def upper_bound(bad: int, n: int, confidence: float = CONFIDENCE) -> float:
    """The largest share of bad rows that `bad` in `n` drawn at random still go with: Clopper and Pearson (1934).

    One-sided and exact: it is too small in no more than 1 - `confidence` of all samples. 1 where all were bad, or none
    was drawn.
    """
    if bad >= n:
        return 1.0
    from scipy.special import betaincinv

    return float(betaincinv(bad + 1, n - bad, confidence))


def by_label(keys: Keys, labels: Sequence[str | None], ledger: Ledger) -> dict[str, Reviewed]:
    """How much of each label was reviewed, the commonest first. `labels` has one for each key; None counts nowhere."""
    rows = Counter(labels)
    one_by_one = _reviewed_keys(ledger)
    done = [(label, one_by_one[key]) for key, label in zip(_names(keys), labels, strict=True) if key in one_by_one]
    return _counted(((label, count) for label, count in rows.most_common() if label is not None), done)


def by_tag(keys: Keys, ledger: Ledger) -> dict[str, Reviewed]:
    """How many of the rows with each tag were reviewed, by the tag's name."""
    names, one_by_one = Counter(_names(keys)), _reviewed_keys(ledger)
    tagged = [(tag, key, names[key]) for key, state in _states(ledger) if key in names for tag in state.tags]
    rows = Counter[str]()
    for tag, _, count in tagged:
        rows[tag] += count
    done = [(tag, one_by_one[key]) for tag, key, count in tagged if key in one_by_one for _ in range(count)]
    return _counted(sorted(rows.items()), done)


def _counted(rows: Iterable[tuple[str, int]], done: Sequence[tuple[str | None, bool]]) -> dict[str, Reviewed]:
    reviewed = Counter(name for name, _ in done)
    one_by_one = Counter(name for name, alone in done if alone)
    return {name: Reviewed(count, reviewed[name], one_by_one[name]) for name, count in rows}


def _reviewed_keys(ledger: Ledger) -> dict[str, bool]:
    """The rows that were reviewed, and whether each was alone."""
    return {key: state.alone for key, state in _states(ledger) if state.status in DECIDED}


def _states(ledger: Ledger) -> list[tuple[str, RowState]]:
    keys = ledger.keys()
    return [(key, ledger.state(key)) for key in keys]


def _names(keys: Keys) -> Sequence[str]:
    """The keys as the ledger has them: 16 hexadecimal digits."""
    if not hasattr(keys, "astype"):
        return keys
    text = keys.astype(">u8").tobytes().hex()
    return [text[start : start + _DIGITS] for start in range(0, len(text), _DIGITS)]


def _at_most(share: float) -> str:
    """A bound in words; rounded up, so that it still holds."""
    percent = math.ceil(share * 100) if share >= 0.1 else math.ceil(share * 1000) / 10
    return f"no more than {percent:g}%"
