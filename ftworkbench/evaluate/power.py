"""How many rows would tell, and how likely these were to: sample sizes and powers of the paired tests."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from functools import lru_cache

from ftworkbench.evaluate.statistics import by_group, normal_quantile, tango_variance


def needed_rows(
    b: int, c: int, n: int, alpha: float = 0.05, power: float = 0.8, *, effect: float | None = None
) -> int | None:
    """How many paired rows would tell, with that power, at the discordance of `b` and `c` pairs among `n`.

    Tells a difference of `effect` (a share of the rows), or else of that seen; None where none was seen.
    Miettinen 1968, Connor 1987: (z_a √ψ + z_b √(ψ - δ²))² / δ², for the two-sided test, with ψ the
    discordance and δ the difference. The exact test wants a few rows more.
    """
    if n == 0:
        return None
    delta = abs(c - b) / n if effect is None else abs(effect)
    if delta == 0:
        return None
    psi = min(max((b + c) / n, delta), 1.0)
    reach = normal_quantile(1 - alpha / 2) * math.sqrt(psi)
    reach += normal_quantile(power) * math.sqrt(max(psi - delta * delta, 0.0))
    return math.ceil((reach / delta) ** 2)


def needed_to_hold(discordance: float, margin: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """How many paired rows would show that no more than `margin` was lost, if nothing was, at that discordance.

    Nam 1997, Tango 1998: (z_a √V₀ + z_b √ψ)² / margin², with V₀ the variance under a loss of just the margin.
    """
    limit = tango_variance(discordance / 2, discordance / 2, 1, -margin)
    reach = normal_quantile(1 - alpha / 2) * math.sqrt(limit) + normal_quantile(power) * math.sqrt(discordance)
    return math.ceil((reach / margin) ** 2 - 1e-9)


def needed_rows_of_scores(
    differences: Sequence[float],
    effect: float,
    groups: Sequence[Hashable] | None = None,
    alpha: float = 0.05,
    power: float = 0.8,
) -> int | None:
    """As needed_rows, for scores: (z_a + z_b)² σ² / δ²; σ² is n times the variance of the mean, by groups."""
    variance = variance_of_scores(differences, groups)
    if variance is None or effect == 0:
        return None
    reach = normal_quantile(1 - alpha / 2) + normal_quantile(power)
    return max(math.ceil(reach * reach * variance / effect**2), 1)


def variance_of_scores(differences: Sequence[float], groups: Sequence[Hashable] | None = None) -> float | None:
    """n times the variance of the mean of `n` differences, groups of them seen as one; None for fewer than two."""
    import numpy as np

    values = np.asarray(differences, dtype=np.float64)
    sums, sizes = by_group(values, groups)
    if sums.size < 2:
        return None
    spread = sums - sizes * values.mean()
    return float((spread**2).sum()) / values.size * len(sums) / max(len(sums) - 1, 1)


def fewest_that_differ(alpha: float = 0.05) -> int:
    """The fewest pairs, all on one side, that the exact McNemar test rejects: 6 at 0.05."""
    return math.floor(math.log2(2 / alpha) + 1)


def fewest_rows(effect: float, alpha: float = 0.05) -> int:
    """Below so many rows not even an improvement by `effect` that loses no row could be significant."""
    return math.ceil(fewest_that_differ(alpha) / effect - 1e-9)


_SURELY = 10  # so many deviations from the mean no count that matters lies


@lru_cache(maxsize=256)
def mcnemar_power(n: int, lost: float, gained: float, alpha: float = 0.05) -> float:
    """How often the exact McNemar test of `n` rows finds the gain, where a row is lost and gained with those chances.

    By enumeration: the discordant pairs are binomial among the rows, and those lost are among the discordant.
    """
    import numpy as np
    from scipy.special import bdtr
    from scipy.stats import binom

    discordant = min(lost + gained, 1.0)
    if n == 0 or discordant <= 0:
        return 0.0
    middle, reach = n * discordant, _SURELY * math.sqrt(n * discordant)
    pairs = np.arange(max(int(middle - reach), 0), min(int(middle + reach) + _SURELY, n) + 1)
    most_lost = binom.ppf(alpha / 2, pairs, 0.5) - 1  # the test rejects where 2 · P(lost or fewer) < alpha
    able = most_lost >= 0
    finds = bdtr(most_lost[able], pairs[able], lost / (lost + gained))
    return float(binom.pmf(pairs[able], n, discordant) @ finds)


def scores_power(
    differences: Sequence[float], effect: float, groups: Sequence[Hashable] | None = None, alpha: float = 0.05
) -> float | None:
    """As mcnemar_power, for a gain of `effect` in scores that spread like these; None where they do not spread.

    The normal approximation that needed_rows_of_scores inverts.
    """
    from scipy.special import ndtr

    variance = variance_of_scores(differences, groups)
    if not variance:
        return None
    return float(ndtr(effect / math.sqrt(variance / len(differences)) - normal_quantile(1 - alpha / 2)))


def cluster_size(groups: Sequence[Hashable] | None) -> float:
    """By how much groups make rows worth less, if all rows of a group say the same: Σ size² / Σ size (Kish 1965)."""
    if not groups:
        return 1.0
    sizes: dict[Hashable, int] = {}
    for group in groups:
        sizes[group] = sizes.get(group, 0) + 1
    return sum(size * size for size in sizes.values()) / len(groups)
