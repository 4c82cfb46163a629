"""Paired statistics: every row was answered by both systems, and the tests and intervals know it."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

Interval = tuple[float, float]

_ENUMERATED = 20  # groups whose 2^20 signs are all tried
_DRAWS = 50_000
_FEWEST_DRAWS = 10_000
_MOST_FLIPS = 200_000_000  # signs drawn for one p-value: seconds
_MOST_DRAWN = 200_000_000  # units drawn for one interval: seconds
_FEWEST_RESAMPLES = 2_000
_CELLS = 50_000  # numbers held at once while resampling: they stay in the cache
_INTEGER_SPAN = 20_000
_DRAWS_A_COUNT = 20  # rows that are drawn one by one in the time of one count


def mcnemar_exact(b: int, c: int) -> float:
    """The two-sided p-value of the exact McNemar test for `b` and `c` discordant pairs; 1 for none.

    Each discordant pair falls to either side with probability 1/2 (McNemar 1947), so it is a binomial test.
    """
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(b, c), b + c, 0.5))) if b != c else 1.0


def wilson(successes: float, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval (1927) of a proportion; (0, 1) where nothing was seen.

    The values p within z √(p (1 - p) / n) of what was seen: (s + z²/2 ± z √(s (n - s) / n + z²/4)) / (n + z²).
    """
    if n == 0:
        return 0.0, 1.0
    z = normal_quantile((1 + confidence) / 2)
    middle, total = successes + z * z / 2, n + z * z
    reach = z * math.sqrt(max(successes * (n - successes), 0.0) / n + z * z / 4)
    return max((middle - reach) / total, 0.0), min((middle + reach) / total, 1.0)


def normal_quantile(probability: float) -> float:
    """The point below which a standard normal number lies with that probability."""
    from scipy.special import ndtri

    return float(ndtri(probability))


def tango_variance(lost: float, gained: float, n: float, difference: float) -> float:
    """The variance of gained - lost under the hypothesis that the true difference is `difference`.

    With the share of lost pairs that is then likeliest (Tango 1998, eq. 2; Nam 1997).
    """
    a = 2 * n
    b = -gained - lost + (2 * n - gained + lost) * difference
    c = -lost * difference * (1 - difference)
    share = (math.sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
    return n * (2 * share + difference * (1 - difference))


def _tango_statistic(lost: int, gained: int, n: int, difference: float) -> float:
    """The score statistic of the hypothesis that the true difference is `difference`."""
    distance = gained - lost - n * difference
    if distance == 0:
        return 0.0
    variance = tango_variance(lost, gained, n, difference)
    return math.copysign(math.inf, distance) if variance <= 0 else distance / math.sqrt(variance)


def tango(lost: int, gained: int, n: int, confidence: float = 0.95) -> Interval:
    """Tango's score interval of the difference of paired proportions, (gained - lost) / n.

    T. Tango, Statistics in Medicine 17 (1998) 891-908. It holds 0 exactly where the uncorrected McNemar test
    does not reject, and keeps a width where no pair is discordant: z²/(n + z²) to either side.
    """
    if n == 0:
        return -1.0, 1.0
    z = normal_quantile((1 + confidence) / 2)
    seen = (gained - lost) / n
    low = _falls_to(lambda at: _tango_statistic(lost, gained, n, at), z, -1.0, seen)
    high = _falls_to(lambda at: _tango_statistic(lost, gained, n, at), -z, seen, 1.0)
    return low, high


def _falls_to(statistic: Callable[[float], float], level: float, low: float, high: float) -> float:
    """Where a falling function crosses `level` between `low` and `high`, by bisection to the last bit."""
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        if statistic(middle) > level:
            low = middle
        else:
            high = middle


def by_group(values: Floats, groups: Sequence[Hashable] | None) -> tuple[Floats, Floats]:
    """The sum and the size of each group; every row is its own where there are none."""
    import numpy as np

    if groups is None:
        return values, np.ones_like(values)
    numbers: dict[Hashable, int] = {}
    index = np.array([numbers.setdefault(group, len(numbers)) for group in groups], dtype=np.intp)
    if len(index) != len(values):
        raise ValueError(f"{len(index)} groups for {len(values)} rows")
    return np.bincount(index, weights=values).astype(np.float64), np.bincount(index).astype(np.float64)


def paired_bootstrap(
    a: Sequence[float],
    b: Sequence[float],
    seed: int = 0,
    *,
    groups: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
    resamples: int = 10_000,
) -> Interval:
    """The percentile bootstrap interval of mean(b) - mean(a), rows or groups of them resampled in pairs.

    Percentile and not BCa: BCa is undefined where all differences are equal, and with few discordant pairs it
    leaves out zero where the exact test is far from rejecting. Efron & Tibshirani 1993, ch. 13.
    """
    import numpy as np

    differences = np.asarray(b, dtype=np.float64) - np.asarray(a, dtype=np.float64)
    if differences.size == 0:
        return -1.0, 1.0
    sums, sizes = by_group(differences, groups)
    resamples = min(resamples, max(_MOST_DRAWN // len(sums), _FEWEST_RESAMPLES))
    means = _resampled_means(sums, sizes, resamples, np.random.default_rng(seed))
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def expanded_confidence(confidence: float, units: int) -> float:
    """The confidence at which the percentile bootstrap of so many units covers as often as `confidence` says.

    Hesterberg, The American Statistician 69 (2015) 371-386, the expanded percentile interval: the tails are those
    of a normal number at √(n / (n - 1)) times Student's quantile. For 0.95 that is 0.983 of 10 units, 0.952 of 200.
    """
    from scipy.special import ndtr, stdtrit

    if units < 2:
        return confidence
    reach = math.sqrt(units / (units - 1)) * float(stdtrit(units - 1, (1 + confidence) / 2))
    return float(2 * ndtr(reach) - 1)


def _resampled_means(sums: Floats, sizes: Floats, resamples: int, draw: np.random.Generator) -> Floats:
    """The mean of each resample. Of few distinct values only how often each was drawn matters, and is drawn."""
    import numpy as np

    kinds, counts = np.unique(np.stack([sums, sizes]), axis=1, return_counts=True)
    few = _DRAWS_A_COUNT * kinds.shape[1] < len(sums)
    order = np.argsort(-counts, kind="stable")  # the counts of the rare ones are then quickly drawn
    kinds, shares = kinds[:, order], counts[order] / len(sums)
    chunk = max(_CELLS // (kinds.shape[1] if few else len(sums)), 1)
    means: list[Floats] = []
    for start in range(0, resamples, chunk):
        now = min(chunk, resamples - start)
        if few:
            drawn = draw.multinomial(len(sums), shares, size=now)
            means.append((drawn @ kinds[0]) / (drawn @ kinds[1]))
        else:
            at = draw.integers(0, len(sums), size=(now, len(sums)))
            taken = at.shape[1] * sizes[0] if np.all(sizes == sizes[0]) else sizes.take(at).sum(axis=1)
            means.append(sums.take(at).sum(axis=1) / taken)
    return np.concatenate(means)


def sign_flip(differences: Sequence[float], groups: Sequence[Hashable] | None = None, seed: int = 0) -> float:
    """The two-sided p-value of the sign-flip test of mean difference 0, signs flipped by group.

    Under the hypothesis each group's sum is as likely to have the other sign (Fisher 1935): that the two systems
    are as good as exchanged. Exact where all sums are of one size, which of single right-or-wrong rows makes
    it the exact McNemar test, where they are whole numbers, or where the signs can all be tried; else from
    seeded draws, (1 + as extreme) / (1 + drawn) after Phipson & Smyth 2010.
    """
    import numpy as np

    signed, _ = by_group(np.asarray(differences, dtype=np.float64), groups)
    sums = np.abs(signed[signed != 0])
    if sums.size == 0:
        return 1.0
    if np.all(sums == sums[0]):
        return mcnemar_exact(int((signed < 0).sum()), int((signed > 0).sum()))
    seen = abs(float(signed.sum()))
    if np.all(sums == np.round(sums)) and sums.sum() <= _INTEGER_SPAN:
        return _whole_sums(sums.astype(np.int64), round(seen))
    limit = seen - 1e-9 * max(float(sums.sum()), 1e-300)
    if sums.size <= _ENUMERATED:
        totals = np.zeros(1)
        for each in sums:
            totals = np.concatenate([totals + each, totals - each])
        return float(np.mean(np.abs(totals) >= limit))
    return _drawn_signs(sums, limit, seed)


def _whole_sums(sums: npt.NDArray[np.int64], seen: int) -> float:
    """The share of all signs whose total is as far from 0 as `seen`; the distribution, sum by sum."""
    import numpy as np

    span = int(sums.sum())
    chances = np.zeros(2 * span + 1)
    chances[span] = 1.0
    for each in sums:
        chances = (np.roll(chances, each) + np.roll(chances, -each)) / 2  # the ends hold 0 until the last sum
    totals = np.abs(np.arange(-span, span + 1))
    return min(float(chances[totals >= seen].sum()), 1.0)


def _drawn_signs(sums: Floats, limit: float, seed: int) -> float:
    import numpy as np

    draw = np.random.default_rng(seed)
    draws = max(_FEWEST_DRAWS, min(_DRAWS, _MOST_FLIPS // sums.size))
    chunk = max(_CELLS // sums.size, 1)
    extreme = 0
    for start in range(0, draws, chunk):
        flips = draw.integers(0, 2, size=(min(chunk, draws - start), sums.size), dtype=np.int8)
        totals = 2 * (flips @ sums) - sums.sum()
        extreme += int(np.count_nonzero(np.abs(totals) >= limit))
    return (1 + extreme) / (1 + draws)
