import itertools
from collections import Counter
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom
from statsmodels.stats.multitest import multipletests

from ftworkbench.evaluate.headline import headline
from ftworkbench.evaluate.metrics import METRICS
from ftworkbench.evaluate.multiple import MetricComparison, compare_metrics, holm, told_under, verdict_by_rule
from ftworkbench.recipe.tables import Evaluate

MATCH, VALID, EXACT = METRICS["json_match"], METRICS["json_valid"], METRICS["exact_match"]


def compared(*counts: tuple[int, int], n: int = 200, **rule: Any) -> list[MetricComparison]:
    """The tests of as many metrics, each with so many rows lost and gained."""
    metrics = (MATCH, VALID, EXACT)[: len(counts)]
    before, after = {}, {}
    for metric, (lost, gained) in zip(metrics, counts, strict=True):
        before[metric.name] = [1.0] * lost + [0.0] * (n - lost)
        after[metric.name] = [0.0] * lost + [1.0] * gained + [0.0] * (n - lost - gained)
    return compare_metrics(before, after, metrics, Evaluate(**rule))


@pytest.mark.parametrize(
    "p_values", [[0.01, 0.04, 0.03], [0.5], [], [0.02, 0.02, 0.9, 1.0, 0.001], [1.0, 0.6, 0.5], [0.0, 0.04]]
)
def test_holm_is_statsmodels(p_values: list[float]) -> None:
    expected = multipletests(p_values, method="holm")[1].tolist() if p_values else []
    assert holm(p_values) == pytest.approx(expected, abs=1e-9)


def test_holm_does_not_depend_on_the_order_and_never_lowers_a_p_value() -> None:
    given = [0.2, 0.003, 0.04, 0.011]
    found = dict(zip(given, holm(given), strict=True))
    for order in itertools.permutations(given):
        assert dict(zip(order, holm(order), strict=True)) == found
    assert all(adjusted >= p for p, adjusted in found.items())


def test_each_metric_has_its_own_test_and_holms_p_value_beside_it() -> None:
    match, valid, exact = (each.as_json() for each in compared((2, 30), (5, 16), (10, 10)))
    assert (match["metric"], match["word"], match["gained"], match["lost"]) == ("json_match", "better", 30, 2)
    assert valid["p_value"] < 0.05 < valid["p_adjusted"]
    assert valid["word"] == "not enough data"  # alone it would be better; among three it may be luck
    assert (exact["p_value"], exact["p_adjusted"], exact["word"]) == (1.0, 1.0, "no better")


def test_the_deciding_metric_is_held_to_alpha_itself_whatever_is_reported_beside_it() -> None:
    found = compared((5, 16), (10, 10), (10, 10))
    assert found[0].among.word == "not enough data"
    verdict = verdict_by_rule(found, "metric")
    assert (verdict.metric, verdict.word) == ("json_match", "better")
    assert [each.as_json()["word"] for each in told_under(found, "metric")] == ["better", "no better", "no better"]
    assert told_under(found, "any") == found
    assert verdict_by_rule(compared((10, 10), (0, 40)), "metric").word == "no better"


def test_under_any_one_metric_is_enough_if_holm_leaves_it_and_none_is_lost() -> None:
    verdict = verdict_by_rule(compared((10, 10), (2, 30)), "any")
    assert (verdict.word, verdict.metric, verdict.test) == ("better", "json_valid", "exact McNemar after Holm")
    assert "any metric may win, p-values adjusted by Holm" in verdict.reasons[-1]
    assert verdict_by_rule(compared((5, 16), (10, 10)), "any").word == "not enough data"
    assert verdict_by_rule(compared((40, 2), (10, 10)), "any").word == "worse"
    traded = verdict_by_rule(compared((40, 2), (2, 40)), "any")
    assert traded.word == "no better"
    assert "json_match worse" in traded.reasons[-1]
    assert headline(traded, {}) == "no better: the metrics do not agree"
    both_worse = verdict_by_rule(compared((6, 0), (6, 0), (10, 10)), "all")
    assert (both_worse.word, both_worse.apart) == ("no better", False)
    assert headline(both_worse, {}).endswith("may be chance")


def test_under_all_each_metric_has_to_win_by_its_own_p_value() -> None:
    assert verdict_by_rule(compared((5, 16), (5, 16), (5, 16)), "all").word == "better"
    assert verdict_by_rule(compared((0, 40), (10, 10)), "all").word == "no better"
    held_back = verdict_by_rule(compared((0, 40), (3, 8), n=100), "all")
    assert (held_back.word, held_back.metric) == ("not enough data", "json_valid")
    assert held_back.needed is not None
    lost = verdict_by_rule(compared((0, 40), (40, 2)), "all")
    assert (lost.word, lost.metric) == ("worse", "json_valid")


def test_without_a_baseline_no_metric_is_compared() -> None:
    found = compare_metrics(None, {"json_match": [1.0, 0.0]}, [MATCH], Evaluate())
    assert (found[0].p_adjusted, verdict_by_rule(found, "any").word) == (None, "no baseline")
    assert found[0].as_json()["p_value"] is None


def test_the_rule_of_the_recipe_is_what_the_tests_are_held_to() -> None:
    assert compared((5, 16))[0].alone.word == "better"
    assert compared((5, 16), alpha=0.01)[0].alone.word == "not enough data"
    assert compared((10, 10), min_effect=0.02)[0].alone.word == "not enough data"
    few, more = compared((5, 12), n=100)[0].alone.needed, compared((5, 12), n=100, power=0.95)[0].alone.needed
    assert few is not None
    assert more is not None
    assert few < more


@pytest.mark.parametrize("rule", ["any", "all"])
def test_of_many_experiments_without_a_difference_no_rule_calls_more_than_a_fortieth_better(rule: str) -> None:
    draw = np.random.default_rng(6)
    found: Counter[str] = Counter()
    for _ in range(500):
        rows = draw.multinomial(150, [0.1, 0.1, 0.8], size=3)
        found[verdict_by_rule(compared(*((int(b), int(c)) for b, c, _ in rows), n=150), rule).word] += 1
    assert found["better"] <= binom.ppf(1 - 1e-4, 500, 0.025)
