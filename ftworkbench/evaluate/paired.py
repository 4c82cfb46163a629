"""Two systems on the same rows: their differences, the test that fits them, and the interval."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ftworkbench.evaluate.power import (
    cluster_size,
    fewest_rows,
    fewest_that_differ,
    mcnemar_power,
    needed_rows,
    needed_rows_of_scores,
    scores_power,
)
from ftworkbench.evaluate.statistics import (
    Interval,
    expanded_confidence,
    mcnemar_exact,
    paired_bootstrap,
    sign_flip,
    tango,
    wilson,
)

_KINDS = 2  # different values, below which a bootstrap draws the same mean each time


@dataclass(frozen=True)
class Paired:
    """The differences of two systems on the same rows, after minus before. `groups` name rows that hang together."""

    differences: tuple[float, ...]
    binary: bool
    groups: tuple[Hashable, ...] | None

    @property
    def n(self) -> int:
        return len(self.differences)

    @cached_property
    def gained(self) -> int:
        return sum(each > 0 for each in self.differences)

    @cached_property
    def lost(self) -> int:
        return sum(each < 0 for each in self.differences)

    @cached_property
    def mean(self) -> float:
        return sum(self.differences) / self.n if self.n else 0.0

    @cached_property
    def units(self) -> int:
        """How many are independent of each other: the groups, or the rows where there are none."""
        return self.n if self.groups is None else len(set(self.groups))


def paired(
    before: Sequence[float],
    after: Sequence[float],
    binary: bool,
    groups: Sequence[Hashable] | None = None,
) -> Paired:
    """Pairs two lists of scores, row by row. Groups that all hold one row are none.

    Raises ValueError where there are not as many scores, or groups, of one as of the other.
    """
    differences = tuple(float(b) - float(a) for a, b in zip(before, after, strict=True))
    if groups is not None and len(groups) != len(differences):
        raise ValueError(f"{len(groups)} groups for {len(differences)} rows")
    if groups is not None and len(set(groups)) == len(groups):
        groups = None
    return Paired(differences, binary, None if groups is None else tuple(groups))


def significance(pairs: Paired, seed: int = 0) -> tuple[float, str]:
    """The two-sided p-value of no difference, and the name of the test it is from."""
    if pairs.binary and pairs.groups is None:
        return mcnemar_exact(pairs.lost, pairs.gained), "exact McNemar"
    over = "rows" if pairs.groups is None else "groups of rows"
    return sign_flip(pairs.differences, pairs.groups, seed), f"sign flip over {over}"


def interval_of(pairs: Paired, confidence: float, seed: int = 0) -> Interval:
    """The interval of the mean difference: Tango's for right or wrong, else the paired bootstrap over groups.

    The bootstrap never leaves what was seen: of fewer units than the test could ever reject it is no interval, and
    anything is left possible; where all differ by the same it would be a point, and Tango's keeps its width. Of few
    groups it is too narrow, so it is expanded (see expanded_confidence).
    """
    if pairs.binary and pairs.groups is None:
        return tango(pairs.lost, pairs.gained, pairs.n, confidence)
    if pairs.units < fewest_that_differ(1 - confidence) and (pairs.gained or pairs.lost):
        return -1.0, 1.0
    size = max(pairs.differences, default=0.0)
    if size == min(pairs.differences, default=0.0):
        lost, gained = (pairs.units if size < 0 else 0), (pairs.units if size > 0 else 0)
        low, high = tango(lost, gained, pairs.units, confidence)
        return (low * abs(size), high * abs(size)) if size else (low, high)
    zeros = [0.0] * pairs.n
    wider = expanded_confidence(confidence, pairs.units)
    return paired_bootstrap(zeros, pairs.differences, seed, groups=pairs.groups, confidence=wider)


def mean_interval(
    scores: Sequence[float],
    binary: bool,
    groups: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """The interval of the mean of scores from 0 to 1: Wilson's for right or wrong, else the bootstrap over groups.

    Where there are too few units for a bootstrap, or all are alike, it is Wilson's of as many units with that mean:
    no scores of that mean spread further.
    """
    pairs = paired([0.0] * len(scores), scores, binary, groups)
    alike = len(set(pairs.differences)) < _KINDS or pairs.units < fewest_that_differ(1 - confidence)
    if alike or (binary and pairs.groups is None):
        return wilson(pairs.mean * pairs.units, pairs.units, confidence)
    wider = expanded_confidence(confidence, pairs.units)
    return paired_bootstrap([0.0] * pairs.n, scores, seed, groups=pairs.groups, confidence=wider)


def rows_needed(pairs: Paired, effect: float, alpha: float, power: float) -> int | None:
    """How many rows like these would tell a difference of `effect`; None where nothing can be said."""
    if pairs.binary and pairs.groups is None:
        return needed_rows(pairs.lost, pairs.gained, pairs.n, alpha, power, effect=effect)
    return needed_rows_of_scores(pairs.differences, effect, pairs.groups, alpha, power)


def rows_at_least(pairs: Paired, effect: float, alpha: float) -> int:
    """Below so many rows, grouped as these are, a gain of `effect` could not show at all (see fewest_rows)."""
    return math.ceil(fewest_rows(effect, alpha) * cluster_size(pairs.groups) - 1e-9)


def rows_to_differ(pairs: Paired, alpha: float) -> int | None:
    """So many rows like these hold as many pairs, or groups, that differ as the test wants at least; None for none.

    Of k that all fall to one side the p-value is 2^(1-k).
    """
    differ = pairs.lost + pairs.gained
    if pairs.groups is not None:
        differ = len({group for group, each in zip(pairs.groups, pairs.differences, strict=True) if each})
    if not differ:
        return None
    return math.ceil(pairs.n * max(fewest_that_differ(alpha) / differ, 1) - 1e-9)


def chance_to_find(pairs: Paired, effect: float, alpha: float) -> float | None:
    """How often as many rows, as discordant as these, find a real gain of `effect`; None where it cannot be said."""
    if pairs.binary and pairs.groups is None:
        discordance = max((pairs.lost + pairs.gained) / max(pairs.n, 1), effect)
        return mcnemar_power(pairs.n, (discordance - effect) / 2, (discordance + effect) / 2, alpha)
    return scores_power(pairs.differences, effect, pairs.groups, alpha)
