"""What the verdict says of experiments whose truth is known: how often it is wrong, and how often it finds a gain.

Of clustered rows, which take longer, 2,000 experiments are drawn over four kinds of them: 500 of each.
FTWORKBENCH_EXPERIMENTS=2000 draws 2,000 of each.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import binom

from ftworkbench.evaluate.power import mcnemar_power
from ftworkbench.evaluate.statistics import mcnemar_exact
from ftworkbench.evaluate.verdict import decide

EXPERIMENTS = 2_000
CLUSTERED = int(os.environ.get("FTWORKBENCH_EXPERIMENTS", "500"))
ALPHA = 0.05
MIXED = (1, 1, 1, 2, 2, 3, 5, 8, 12)

Draw = np.random.Generator
Rows = npt.NDArray[np.float64]
Groups = list[int]


def scored(differences: Rows, draw: Draw) -> tuple[list[float], list[float]]:
    """Right and wrong answers of two systems that differ so: where they agree both are right, or both wrong."""
    same = draw.integers(0, 2, len(differences)).astype(float)
    before = np.where(differences == 0, same, differences < 0)
    return before.tolist(), (before + differences).tolist()


def luck(experiments: int) -> int:
    """The most experiments that may say "better" where there is no difference: 77 of 2,000, which is 3.9%.

    Half of alpha lies on each side of the test; more than so many come once in 10,000 times.
    """
    return int(binom.ppf(1 - 1e-4, experiments, ALPHA / 2))


def together(sizes: list[int], draw: Draw, discordance: float) -> tuple[Rows, Groups]:
    """Groups whose rows fall together: all are gained, all are lost, or none differs."""
    falls = draw.choice([-1.0, 0.0, 1.0], p=[discordance / 2, 1 - discordance, discordance / 2], size=len(sizes))
    return np.repeat(falls, sizes), np.repeat(np.arange(len(sizes)), sizes).tolist()


def partly_together(sizes: list[int], draw: Draw) -> tuple[Rows, Groups]:
    """Groups that lean to one side or the other, some more, some less; each of their rows falls by that lean."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    lean = draw.uniform(-1, 1, len(sizes))[groups]
    differs = draw.random(len(groups)) < 0.4
    return np.where(differs, np.where(draw.random(len(groups)) < (1 + lean) / 2, 1.0, -1.0), 0.0), groups.tolist()


CLUSTERS: dict[str, Callable[[Draw], tuple[Rows, Groups]]] = {
    "fives that fall together": lambda draw: together([5] * 40, draw, 0.3),
    "mixed sizes that fall together": lambda draw: together(draw.choice(MIXED, 50).tolist(), draw, 0.3),
    "mixed sizes that partly do": lambda draw: partly_together(draw.choice(MIXED, 50).tolist(), draw),
    "few large groups": lambda draw: together([20] * 9, draw, 0.9),
}


@pytest.mark.parametrize(("n", "discordance"), [(200, 0.2), (40, 0.5), (1000, 0.05)])
def test_of_2000_experiments_without_a_difference_at_most_a_twentieth_is_called_better(
    n: int, discordance: float
) -> None:
    draw = np.random.default_rng(20261128)
    shares = [discordance / 2, 1 - discordance, discordance / 2]
    found = Counter(
        decide(*scored(draw.choice([-1.0, 0.0, 1.0], p=shares, size=n), draw), "exact_match", ALPHA).word
        for _ in range(EXPERIMENTS)
    )
    assert found["better"] <= luck(EXPERIMENTS) < ALPHA * EXPERIMENTS
    assert found["worse"] <= luck(EXPERIMENTS)
    assert found["no better"] + found["not enough data"] > 0.9 * EXPERIMENTS


@lru_cache
def clustered(kind: str) -> Counter[str]:
    """How often each word was said of the rows in groups, and how often McNemar alone would have said better."""
    draw = np.random.default_rng(20261129)
    found: Counter[str] = Counter()
    for _ in range(CLUSTERED):
        differences, groups = CLUSTERS[kind](draw)
        found[decide(*scored(differences, draw), "exact_match", ALPHA, groups=groups).word] += 1
        lost, gained = int((differences < 0).sum()), int((differences > 0).sum())
        found["McNemar alone"] += mcnemar_exact(lost, gained) < ALPHA and gained > lost
    return found


@pytest.mark.parametrize("kind", CLUSTERS)
def test_rows_in_groups_do_not_make_it_cry_better(kind: str) -> None:
    found = clustered(kind)
    assert found["better"] <= luck(CLUSTERED)
    assert found["worse"] <= luck(CLUSTERED)
    assert found["McNemar alone"] > luck(CLUSTERED)  # the groups are what keeps it honest


def test_of_2000_experiments_with_rows_in_groups_at_most_a_twentieth_is_called_better() -> None:
    experiments = CLUSTERED * len(CLUSTERS)
    better = sum(clustered(kind)["better"] for kind in CLUSTERS)
    assert better <= luck(experiments) < ALPHA * experiments


def by_enumeration(n: int, lost: float, gained: float) -> float:
    """The power of the exact McNemar test: the chance of every table that it finds a gain in, added up."""
    chance = 0.0
    for discordant in range(n + 1):
        finds = 0.0
        for down in range(discordant // 2 + 1):
            up = discordant - down
            if up > down and mcnemar_exact(down, up) < ALPHA:
                finds += binom.pmf(up, discordant, gained / (lost + gained))
        chance += binom.pmf(discordant, n, lost + gained) * finds
    return float(chance)


# What the exact test can do, by enumeration of its tables (see the last test): 0.974, 0.875, 0.703 and 0.569.
THEORY = {0.14: 0.97, 0.20: 0.87, 0.30: 0.70, 0.40: 0.57}


@pytest.mark.parametrize("discordance", THEORY)
def test_a_gain_of_ten_points_in_200_rows_is_found_as_often_as_theory_says(discordance: float) -> None:
    lost, gained = (discordance - 0.1) / 2, (discordance + 0.1) / 2
    power = mcnemar_power(200, lost, gained, ALPHA)
    draw = np.random.default_rng(20261130)
    found = 0
    for _ in range(EXPERIMENTS):
        differences = draw.choice([-1.0, 0.0, 1.0], p=[lost, 1 - discordance, gained], size=200)
        found += decide(*scored(differences, draw), "exact_match", ALPHA).word == "better"
    low, high = binom.ppf([1e-4, 1 - 1e-4], EXPERIMENTS, power)
    assert low <= found <= high, (found / EXPERIMENTS, power)


@pytest.mark.parametrize("discordance", THEORY)
def test_theory_is_the_exact_power_of_mcnemars_test(discordance: float) -> None:
    lost, gained = (discordance - 0.1) / 2, (discordance + 0.1) / 2
    power = mcnemar_power(200, lost, gained, ALPHA)
    assert power == pytest.approx(THEORY[discordance], abs=0.006)
    assert mcnemar_power(60, lost, gained, ALPHA) == pytest.approx(by_enumeration(60, lost, gained), abs=1e-9)
