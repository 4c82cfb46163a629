"""Did tuning break what the model could do before: a non-inferiority test of each suite of other skills."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ftworkbench.evaluate.paired import Paired, interval_of, paired
from ftworkbench.evaluate.power import cluster_size, needed_to_hold, variance_of_scores
from ftworkbench.evaluate.statistics import Interval, normal_quantile

SuiteWord = Literal["held", "broken", "not sure"]


@dataclass(frozen=True)
class Regression:
    """A suite before and after tuning. `interval` is that of after minus before; "not sure" is neither.

    `needed` rows would tell, for "not sure"; `groups` counts the groups of rows that hang together, if any do.
    """

    word: SuiteWord
    before: float
    after: float
    interval: Interval
    n: int
    margin: float
    needed: int | None = None
    metric: str = ""
    groups: int | None = None

    def as_json(self, suite: str) -> dict[str, Any]:
        return {
            "suite": suite,
            "before": self.before,
            "after": self.after,
            "interval": list(self.interval),
            "word": self.word,
            "n": self.n,
            "margin": self.margin,
            "needed": self.needed,
            "metric": self.metric,
            "groups": self.groups,
        }


def non_inferior(
    before: Sequence[float],
    after: Sequence[float],
    margin: float,
    alpha: float = 0.05,
    *,
    groups: Sequence[Hashable] | None = None,
    power: float = 0.8,
    metric: str = "",
    seed: int = 0,
) -> Regression:
    """Whether a suite is no more than `margin` worse, on the same rows.

    "held" where the whole interval lies above -margin (a non-inferiority test at alpha / 2, as ICH E9 has
    it), "broken" where it all lies below; "not sure" where the rows are too few to say.

    No correction for several suites. That all of them held is said only where each did, an intersection-union
    test, which keeps its level without one (Berger 1982). And "broken" is said of a suite that is worse by more
    than the margin: of one that is as before it comes far less often than alpha, however many there are; while a
    correction would hide damage, more of it the more one looks at.
    """
    binary = {*before, *after} <= {0.0, 1.0}
    pairs = paired(before, after, binary, groups)
    low, high = interval_of(pairs, 1 - alpha, seed)
    word: SuiteWord = "not sure"
    if low > -margin:
        word = "held"
    elif high < -margin:
        word = "broken"
    n = pairs.n
    means = (sum(before) / n, sum(after) / n) if n else (0.0, 0.0)
    needed = _needed(pairs, margin, alpha, power) if word == "not sure" else None
    units = None if pairs.groups is None else pairs.units
    return Regression(
        word, *means, interval=(low, high), n=n, margin=margin, needed=needed, metric=metric, groups=units
    )


def _needed(pairs: Paired, margin: float, alpha: float, power: float) -> int | None:
    """How many rows like these would show that the suite held, if nothing was lost; None where no margin is left.

    Right or wrong: needed_to_hold, times what groups make of the variance. Scores: (z_a + z_b)² σ² / margin².
    """
    if margin <= 0 or not pairs.n:
        return None
    variance = variance_of_scores(pairs.differences, pairs.groups)
    if pairs.binary:
        discordance = (pairs.lost + pairs.gained) / pairs.n
        inflation = 1.0
        if pairs.groups is not None:
            inflation = max(variance / discordance if discordance and variance else cluster_size(pairs.groups), 1.0)
        needed = math.ceil(needed_to_hold(discordance, margin, alpha, power) * inflation)
    elif variance is None:
        return None
    else:
        reach = normal_quantile(1 - alpha / 2) + normal_quantile(power)
        needed = math.ceil(reach * reach * variance / margin**2)
    return max(needed, pairs.n + 1)


def broken_suites(regression: Mapping[str, Regression]) -> list[str]:
    """The names of the suites that tuning broke."""
    return [name for name, found in regression.items() if found.word == "broken"]


def unsure_suites(regression: Mapping[str, Regression]) -> list[str]:
    """The names of the suites of which it cannot be said."""
    return [name for name, found in regression.items() if found.word == "not sure"]
