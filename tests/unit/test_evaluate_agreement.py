import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa, to_table

from ftworkbench.evaluate.agreement import cohen_kappa


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("labels", [2, 3, 7])
def test_kappa_with_its_interval_is_statsmodels(seed: int, labels: int) -> None:
    draw = np.random.default_rng(seed)
    first = draw.integers(0, labels, 80)
    second = np.where(draw.random(80) < 0.6, first, draw.integers(0, labels, 80))
    table = np.zeros((labels, labels))
    np.add.at(table, (first, second), 1)
    expected = cohens_kappa(table)
    found = cohen_kappa(first.tolist(), second.tolist())
    assert found.kappa == pytest.approx(expected.kappa, abs=1e-9)
    assert found.error == pytest.approx(expected.std_kappa, abs=1e-9)
    assert found.interval == pytest.approx((expected.kappa_low, expected.kappa_upp), abs=1e-9)
    assert found.observed == pytest.approx((first == second).mean(), abs=1e-12)


def test_labels_may_be_words_and_need_not_be_the_same_ones() -> None:
    first, second = ["win", "tie", "win", "loss"], ["win", "win", "win", "tie"]
    names = {"win": 0, "tie": 1, "loss": 2}
    pairs = np.array([[names[a], names[b]] for a, b in zip(first, second, strict=True)])
    assert cohen_kappa(first, second).kappa == pytest.approx(cohens_kappa(to_table(pairs, 3)[0]).kappa, abs=1e-9)


def test_full_agreement_is_one_and_that_of_chance_is_nothing() -> None:
    assert cohen_kappa("abab", "abab").kappa == 1.0
    assert cohen_kappa("aabb", "abab").kappa == 0.0
    assert cohen_kappa("aabb", "bbaa").kappa == -1.0


def test_no_interval_is_a_point_or_passes_one() -> None:
    low, high = cohen_kappa("aba", "aba").interval or (1.0, 1.0)
    assert low < 0.5
    assert high == 1.0
    one_apart = cohen_kappa("a" * 28 + "bb", "a" * 28 + "ba")
    assert one_apart.interval is not None
    assert one_apart.interval[1] == 1.0


def test_where_both_only_ever_say_one_thing_nothing_can_be_said() -> None:
    found = cohen_kappa("aaaa", "aaaa")
    assert (found.kappa, found.interval, found.observed, found.n) == (None, None, 1.0, 4)
    with pytest.raises(ValueError, match="no rows"):
        cohen_kappa([], [])
    with pytest.raises(ValueError, match="shorter"):
        cohen_kappa("ab", "a")
