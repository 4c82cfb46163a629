"""How far two who judged the same rows agree, beyond what chance would do."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from ftworkbench.evaluate.statistics import Interval, normal_quantile, wilson


@dataclass(frozen=True)
class Agreement:
    """`kappa` is 1 for full agreement, 0 for that of chance; None where both only ever said one thing.

    `observed` is the share of rows on which they agree, `error` the standard error of kappa.
    """

    kappa: float | None
    interval: Interval | None
    observed: float
    error: float | None
    n: int


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable], confidence: float = 0.95) -> Agreement:
    """Cohen's kappa of two raters' labels of the same rows, with its interval.

    Cohen 1960; the standard error for large samples of Fleiss, Cohen & Everitt 1969 (eq. 13), the normal interval;
    where both agree on every row, Wilson's of that agreement in the place of an error of 0. Raises ValueError where the
    lists are of unequal length, or empty.
    """
    n = len(first)
    if n == 0:
        raise ValueError("there are no rows to agree on")
    pairs = Counter(zip(first, second, strict=True))
    one, two = Counter(first), Counter(second)
    observed = sum(count for (a, b), count in pairs.items() if a == b) / n
    chance = sum(one[label] * two[label] for label in one) / n**2
    if chance == 1:
        return Agreement(None, None, observed, None, n)
    kappa = (observed - chance) / (1 - chance)
    agreeing = sum(
        count / n * (1 - (one[a] + two[a]) / n * (1 - kappa)) ** 2 for (a, b), count in pairs.items() if a == b
    )
    apart = sum(count / n * ((two[a] + one[b]) / n) ** 2 for (a, b), count in pairs.items() if a != b)
    variance = agreeing + (1 - kappa) ** 2 * apart - (kappa - chance * (1 - kappa)) ** 2
    error = math.sqrt(max(variance, 0.0) / n) / (1 - chance)
    reach = normal_quantile((1 + confidence) / 2) * error
    low = kappa - reach
    if observed == 1:  # no error was seen, which of a few rows says little: how often both may still disagree
        low = (wilson(n, n, confidence)[0] - chance) / (1 - chance)
    return Agreement(kappa, (max(low, -1.0), min(kappa + reach, 1.0)), observed, error, n)
