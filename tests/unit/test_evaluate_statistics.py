import itertools
import math
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import optimize, stats
from statsmodels.stats import contingency_tables, proportion

from ftworkbench.evaluate.paired import interval_of, mean_interval, paired
from ftworkbench.evaluate.power import fewest_rows, needed_rows, needed_rows_of_scores, needed_to_hold
from ftworkbench.evaluate.statistics import (
    expanded_confidence,
    mcnemar_exact,
    paired_bootstrap,
    sign_flip,
    tango,
    wilson,
)


@pytest.mark.parametrize(("b", "c"), [(2, 8), (8, 2), (0, 6), (0, 5), (5, 5), (59, 16), (150, 86), (1, 0)])
def test_exact_mcnemar_is_the_binomial_sum(b: int, c: int) -> None:
    n, k = b + c, min(b, c)
    both_tails = sum(math.comb(n, i) for i in range(n + 1) if i <= k or i >= n - k)
    assert mcnemar_exact(b, c) == pytest.approx(both_tails / 2**n, abs=1e-12)


@pytest.mark.parametrize(("b", "c"), [(2, 8), (8, 2), (0, 6), (5, 5), (59, 16), (150, 86), (1, 0), (0, 0), (900, 1000)])
def test_exact_mcnemar_is_statsmodels_and_scipys_binomial_test(b: int, c: int) -> None:
    p = mcnemar_exact(b, c)
    assert p == pytest.approx(contingency_tables.mcnemar([[30, b], [c, 10]], exact=True).pvalue, abs=1e-9)
    assert p == pytest.approx(stats.binomtest(b, b + c, 0.5).pvalue if b + c else 1.0, abs=1e-9)


def test_exact_mcnemar_of_published_examples() -> None:
    # R's and statsmodels' worked examples agree: 2 against 8 gives 7/64; no discordant pair tells nothing.
    assert mcnemar_exact(2, 8) == pytest.approx(0.109375, abs=1e-12)
    assert mcnemar_exact(0, 0) == 1.0
    # Armitage & Berry 1994, p. 127, two media for cultures: 12 against 2, two-sided p = 0.0129 (Liddell 1983).
    assert mcnemar_exact(12, 2) == pytest.approx(0.0129, abs=5e-5)
    # Bentur et al. 2009 (Fagerland, Lydersen & Laake 2013): 1 against 7, exact conditional p = 0.0703.
    assert mcnemar_exact(1, 7) == pytest.approx(0.0703125, abs=1e-12)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_is_newcombes_table(successes: int, n: int, low: float, high: float) -> None:
    # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3.
    assert wilson(successes, n) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_wilson_is_its_formula_to_the_last_digit() -> None:
    z = stats.norm.ppf(0.975)
    p, n = 37 / 120, 120
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    assert wilson(37, 120) == pytest.approx((middle - half, middle + half), abs=1e-12)
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("successes", "n"), [(0, 20), (20, 20), (1, 29), (81, 263), (1999, 2000)])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_wilson_is_statsmodels(successes: int, n: int, alpha: float) -> None:
    expected = proportion.proportion_confint(successes, n, alpha, method="wilson")
    assert wilson(successes, n, 1 - alpha) == pytest.approx(expected, abs=1e-9)


def test_tango_is_the_published_worked_examples() -> None:
    # Bentur et al. 2009 in Fagerland, Lydersen & Laake, BMC Medical Research Methodology 13 (2013) 91; Cavo et al. 2012
    # in their Statistical Analysis of Contingency Tables (2017), chapter 8, with the figures of its R package.
    assert tango(lost=7, gained=1, n=21) == pytest.approx((-0.517, -0.026), abs=5e-4)
    assert tango(lost=16, gained=6, n=161) == pytest.approx((-0.1240, -0.0054), abs=5e-5)


@pytest.mark.parametrize(("lost", "gained", "n"), [(2, 8, 200), (7, 1, 21), (0, 6, 120), (30, 0, 40), (20, 40, 160)])
def test_tangos_limits_are_where_the_score_test_just_rejects(lost: int, gained: int, n: int) -> None:
    # The same from its definition: where the likelihood under the hypothesis is greatest, its slope is zero.
    z = stats.norm.ppf(0.975)
    for limit in tango(lost, gained, n):

        def slope(share: float, limit: float = limit) -> float:
            return lost / share + gained / (share + limit) - 2 * (n - lost - gained) / (1 - 2 * share - limit)

        low, high = max(0.0, -limit) + 1e-14, (1 - limit) / 2 - 1e-14
        share = low if slope(low) <= 0 else optimize.brentq(slope, low, high, xtol=1e-16, rtol=1e-15)
        variance = n * (2 * share + limit * (1 - limit))
        assert abs(gained - lost - n * limit) / math.sqrt(variance) == pytest.approx(z, rel=1e-9)


@pytest.mark.parametrize("n", [1, 12, 120, 3000])
def test_tango_keeps_its_closed_form_width_where_nothing_differs(n: int) -> None:
    z2 = stats.norm.ppf(0.975) ** 2
    half = z2 / (n + z2)
    assert tango(0, 0, n) == (pytest.approx(-half, abs=1e-9), pytest.approx(half, abs=1e-9))


def test_tango_stays_within_bounds_and_mirrors() -> None:
    for lost, gained in itertools.product(range(6), repeat=2):
        if lost + gained > 5:
            continue
        low, high = tango(lost, gained, 5)
        assert -1 <= low <= (gained - lost) / 5 <= high <= 1
        assert tango(gained, lost, 5) == (pytest.approx(-high, abs=1e-9), pytest.approx(-low, abs=1e-9))
    assert tango(0, 0, 0) == (-1.0, 1.0)


def test_bootstrap_of_scores_is_scipys_on_the_same_resamples() -> None:
    draw = np.random.default_rng(7)
    a, b = draw.random(150), draw.random(150) ** 0.8
    ours = paired_bootstrap(a, b, seed=1)
    scipys = stats.bootstrap((b - a,), np.mean, n_resamples=10_000, method="percentile", rng=np.random.default_rng(1))
    assert ours == pytest.approx(tuple(scipys.confidence_interval), abs=1e-9)
    assert ours == paired_bootstrap(a, b, seed=1)
    assert ours != paired_bootstrap(a, b, seed=2)


def test_bootstrap_of_few_different_values_is_scipys_of_the_same_distribution() -> None:
    rows = np.array([1.0] * 25 + [-1.0] * 15 + [0.0] * 110)  # few: how often each was drawn is drawn
    counts = np.random.default_rng(3).multinomial(150, [110 / 150, 25 / 150, 15 / 150], size=10_000)
    known = SimpleNamespace(bootstrap_distribution=(counts @ [0.0, 1.0, -1.0]) / 150)
    scipys = stats.bootstrap((rows,), np.mean, n_resamples=0, method="percentile", bootstrap_result=known)
    ours = paired_bootstrap(np.zeros(150), rows, seed=3)
    assert ours == pytest.approx(tuple(scipys.confidence_interval), abs=1e-9)


@pytest.mark.parametrize("rows", [[0, 1, 1], [1, 0, -1, 1], [1, 1, 1, 1, -1], [0.3, -0.1, 0.25, 0.41]])
def test_bootstrap_of_a_few_rows_is_that_of_all_resamples(rows: list[float]) -> None:
    means = [sum(each) / len(rows) for each in itertools.product(rows, repeat=len(rows))]
    every = np.quantile(means, [0.025, 0.975], method="inverted_cdf")
    assert paired_bootstrap([0.0] * len(rows), rows) == pytest.approx(tuple(every), abs=1e-9)


def test_bootstrap_of_a_few_groups_is_that_of_all_resamples_of_them() -> None:
    rows, groups = [1.0, 1.0, 0.0, -1.0, 1.0, 1.0], ["a", "a", "a", "b", "c", "c"]
    sums, sizes = [2.0, -1.0, 2.0], [3, 1, 2]
    drawn = list(itertools.product(range(3), repeat=3))
    means = [sum(sums[i] for i in each) / sum(sizes[i] for i in each) for each in drawn]
    every = np.quantile(means, [0.025, 0.975], method="inverted_cdf")
    assert paired_bootstrap([0.0] * 6, rows, groups=groups) == pytest.approx(tuple(every), abs=1e-9)


def test_bootstrap_over_groups_is_wider_where_rows_say_the_same() -> None:
    draw = np.random.default_rng(3)
    once = draw.normal(0.1, 1, 40)
    five = np.repeat(once, 5)
    groups = np.repeat(np.arange(40), 5).tolist()
    zeros = np.zeros(200)
    low, high = paired_bootstrap(zeros, five, groups=groups)
    alone = paired_bootstrap(zeros[:40], once)
    assert (low, high) == (pytest.approx(alone[0], abs=0.02), pytest.approx(alone[1], abs=0.02))
    narrow = paired_bootstrap(zeros, five)
    assert narrow[1] - narrow[0] < 0.6 * (high - low)
    assert paired_bootstrap([], []) == (-1.0, 1.0)


def test_sign_flip_of_single_right_or_wrong_rows_is_exact_mcnemar() -> None:
    for lost, gained in [(2, 8), (0, 6), (40, 70), (300, 260), (0, 0)]:
        rows = [-1.0] * lost + [1.0] * gained + [0.0] * 50
        assert sign_flip(rows) == pytest.approx(mcnemar_exact(lost, gained), abs=1e-9)


def test_sign_flip_of_few_scores_is_exact_as_scipys_permutations() -> None:
    differences = [0.3, -0.1, 0.25, 0.0, 0.41, -0.05, 0.2, 0.15]
    scipys = stats.permutation_test(
        (differences,),
        lambda x, axis: np.mean(x, axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
    ).pvalue
    assert sign_flip(differences) == pytest.approx(scipys, abs=1e-9)


@pytest.mark.parametrize("units", [2, 5, 10, 40, 1000])
def test_the_interval_of_few_groups_is_expanded_as_hesterberg_has_it(units: int) -> None:
    reach = math.sqrt(units / (units - 1)) * stats.t.ppf(0.975, units - 1)
    assert expanded_confidence(0.95, units) == pytest.approx(1 - 2 * stats.norm.sf(reach), abs=1e-9)
    assert expanded_confidence(0.95, units) > 0.95
    assert expanded_confidence(0.95, 1) == 0.95


def test_the_interval_of_ten_groups_covers_nearly_as_often_as_it_says() -> None:
    draw, groups = np.random.default_rng(9), np.repeat(np.arange(10), 3).tolist()
    covers = 0
    for _ in range(300):
        rows = np.repeat(draw.normal(0.1, 1.0, 10), 3).tolist()
        low, high = interval_of(paired([0.0] * 30, rows, False, groups), 0.95)
        covers += low <= 0.1 <= high
    assert covers / 300 > 0.93  # of the same experiments the plain percentiles cover 0.91


def every_sign(sums: list[float]) -> float:
    """The p-value of the sign-flip test, from all signs."""
    seen = abs(sum(sums))
    totals = [abs(math.fsum(s * x for s, x in zip(signs, sums, strict=True))) for signs in every_signs(len(sums))]
    return sum(total >= seen - 1e-12 for total in totals) / len(totals)


def every_signs(count: int) -> list[tuple[int, ...]]:
    return list(itertools.product((-1, 1), repeat=count))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("whole", [True, False])
def test_sign_flip_over_groups_is_full_enumeration_and_scipys_permutation_test(seed: int, whole: bool) -> None:
    draw = np.random.default_rng(seed)
    groups = draw.integers(0, 11, 60).tolist()
    rows = draw.choice([-1.0, 0.0, 1.0], 60) if whole else draw.normal(0.2, 1, 60)
    sums = [float(rows[np.array(groups) == group].sum()) for group in sorted(set(groups))]
    found = sign_flip(rows, groups)
    assert found == pytest.approx(every_sign(sums), abs=1e-9)
    scipys = stats.permutation_test((sums,), lambda x, axis: np.sum(x, axis=axis), permutation_type="samples",
                                    n_resamples=np.inf, vectorized=True).pvalue  # fmt: skip
    assert found == pytest.approx(scipys, abs=1e-9)


def test_sign_flip_of_right_or_wrong_stays_exact_however_many_groups() -> None:
    groups, rows = list(range(3000)), [1.0] * 60 + [-1.0] * 30 + [0.0] * 2910
    assert sign_flip([2 * each for each in rows], groups) == pytest.approx(mcnemar_exact(30, 60), abs=1e-9)


def test_sign_flip_of_groups_is_that_of_their_sums() -> None:
    rows = [1.0, 1.0, 1.0, -1.0, 1.0, 0.0, 1.0, 1.0]
    groups = ["a", "a", "b", "b", "c", "c", "d", "d"]
    sums = [2, 0, 1, 2]
    extreme = sum(
        abs(sum(sign * each for sign, each in zip(signs, sums, strict=True))) >= 5
        for signs in itertools.product((-1, 1), repeat=4)
    )
    assert sign_flip(rows, groups) == pytest.approx(extreme / 16, abs=1e-12)
    with pytest.raises(ValueError, match="3 groups for 8 rows"):
        sign_flip(rows, ["a", "b", "c"])


def test_sign_flip_of_many_scores_is_drawn_by_seed_and_near_the_normal_limit() -> None:
    differences = np.random.default_rng(5).normal(0.12, 1, 300)
    p = sign_flip(differences, seed=1)
    assert p == sign_flip(differences, seed=1)
    z = differences.sum() / math.sqrt((differences**2).sum())
    assert p == pytest.approx(2 * stats.norm.sf(z), abs=0.005)
    assert sign_flip(np.linspace(0.4, 0.6, 300)) == pytest.approx(1 / 50_001)  # never zero
    assert sign_flip(np.full(300, 0.5)) == pytest.approx(2.0**-299)  # all of one size: exact again


def test_groups_keep_the_sign_flip_honest_where_mcnemar_is_not() -> None:
    # Groups of five rows that fall together: no difference, 400 experiments.
    draw = np.random.default_rng(11)
    found: Counter[str] = Counter()
    groups = np.repeat(np.arange(40), 5).tolist()
    for _ in range(400):
        rows = np.repeat(draw.choice([-1.0, 0.0, 1.0], p=[0.15, 0.7, 0.15], size=40), 5)
        found["grouped"] += sign_flip(rows, groups) < 0.05
        found["mcnemar"] += mcnemar_exact(int((rows < 0).sum()), int((rows > 0).sum())) < 0.05
    assert found["grouped"] / 400 < 0.075
    assert found["mcnemar"] / 400 > 0.15


def test_needed_rows_is_connors_formula() -> None:
    # ψ = 0.2, δ = 0.1: (1.959964 √0.2 + 0.841621 √0.19)² / 0.01 = 154.6.
    assert needed_rows(10, 30, 200) == 155
    assert needed_rows(30, 10, 200) == 155
    assert needed_rows(5, 5, 100) is None
    # ψ = 0.1, δ = 0.05: (1.959964 √0.1 + 0.841621 √0.0975)² / 0.0025 = 311.6.
    assert needed_rows(5, 5, 100, effect=0.05) == 312
    assert needed_rows(0, 0, 0) is None


def test_needed_rows_of_published_examples() -> None:
    # Connor, Biometrics 43 (1987) 207-211, p. 209: 0.05 against 0.45 at a power of 0.8 takes 23 pairs.
    assert needed_rows(5, 45, 100) == 23
    # A non-inferiority trial that loses no pair: z² (1 - margin) / margin, where Tango's interval just ends there.
    for margin in (0.05, 0.1, 0.02):
        n = needed_to_hold(0.0, margin)
        assert n == math.ceil(stats.norm.ppf(0.975) ** 2 * (1 - margin) / margin)
        assert tango(0, 0, n)[0] > -margin >= tango(0, 0, n - 1)[0]


@pytest.mark.parametrize("discordance", [0.02, 0.1, 0.3])
def test_so_many_rows_show_about_as_often_as_they_should_that_nothing_was_lost(discordance: float) -> None:
    n = needed_to_hold(discordance, 0.05)
    draw = np.random.default_rng(2)
    shares = [discordance / 2, discordance / 2, 1 - discordance]
    held = sum(tango(int(b), int(c), n)[0] > -0.05 for b, c, _ in draw.multinomial(n, shares, size=1000)) / 1000
    assert 0.76 < held < 0.92


def test_that_many_rows_do_tell_about_as_often_as_they_should() -> None:
    n = needed_rows(10, 30, 200)
    assert n is not None
    draw = np.random.default_rng(1)
    counts = draw.multinomial(n, [0.05, 0.15, 0.8], size=2000)
    told = sum(mcnemar_exact(int(b), int(c)) < 0.05 for b, c, _ in counts) / 2000
    assert 0.72 < told < 0.84  # the exact test gives away a few points of the 80%


def test_needed_rows_of_scores_is_the_paired_normal_formula() -> None:
    differences = np.random.default_rng(2).normal(0.0, 0.4, 100)
    z = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    expected = math.ceil(z**2 * differences.var(ddof=1) / 0.05**2)
    assert needed_rows_of_scores(differences, 0.05) == expected
    doubled = np.repeat(differences, 2)
    grouped = needed_rows_of_scores(doubled, 0.05, np.repeat(np.arange(100), 2).tolist())
    assert grouped == pytest.approx(2 * expected, rel=0.01)
    assert needed_rows_of_scores([0.1], 0.05) is None


def test_the_fewest_rows_are_those_where_six_without_a_loss_are_five_points() -> None:
    assert fewest_rows(0.05) == 120
    assert mcnemar_exact(0, 6) < 0.05 < mcnemar_exact(0, 5)
    assert fewest_rows(0.05, alpha=0.01) == 160
    assert mcnemar_exact(0, 8) < 0.01 < mcnemar_exact(0, 7)


def test_the_interval_of_a_mean_knows_which_rows_hang_together_and_is_never_a_point() -> None:
    right = [1.0] * 30 + [0.0] * 20
    assert mean_interval(right, True) == wilson(30, 50)
    low, high = mean_interval(right, True, groups=[row // 5 for row in range(50)])
    assert high - low > 1.5 * (wilson(30, 50)[1] - wilson(30, 50)[0])
    assert mean_interval([1.0] * 3, False) == wilson(3, 3)
    assert mean_interval([1.0] * 50, True, groups=[0] * 50) == wilson(1, 1)
    assert mean_interval([], True) == (0.0, 1.0)
    spread = mean_interval(np.linspace(0.2, 0.8, 40).tolist(), False)
    assert wilson(20, 40)[0] < spread[0] < 0.5 < spread[1] < wilson(20, 40)[1]


def test_many_scores_take_no_longer_for_an_interval_that_is_as_narrow_all_the_same() -> None:
    scores = np.random.default_rng(3).random(120_000)
    low, high = paired_bootstrap(np.zeros(120_000), scores)
    assert high - low == pytest.approx(2 * 1.96 * scores.std() / 120_000**0.5, rel=0.1)
