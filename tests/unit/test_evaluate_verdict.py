import json

import numpy as np
import pytest

from ftworkbench.evaluate.found import System, evaluation_json
from ftworkbench.evaluate.metrics import METRICS
from ftworkbench.evaluate.outputs import Output
from ftworkbench.evaluate.power import mcnemar_power
from ftworkbench.evaluate.regression import non_inferior
from ftworkbench.evaluate.scores import summarise
from ftworkbench.evaluate.statistics import wilson
from ftworkbench.evaluate.verdict import Verdict, decide


def table(both: int, lost: int, gained: int, neither: int) -> tuple[list[float], list[float]]:
    """Scores of baseline and tuned with so many rows right in both, in one, in none."""
    before = [1.0] * (both + lost) + [0.0] * (gained + neither)
    after = [1.0] * both + [0.0] * lost + [1.0] * gained + [0.0] * neither
    return before, after


def decided(both: int, lost: int, gained: int, neither: int, **more: float) -> Verdict:
    before, after = table(both, lost, gained, neither)
    return decide(before, after, "exact_match", **more)  # type: ignore[arg-type]


def test_a_clear_gain_is_better_and_a_clear_loss_worse() -> None:
    found = decided(60, 5, 35, 20)
    assert (found.word, found.n, found.gained, found.lost) == ("better", 120, 35, 5)
    assert found.difference == pytest.approx(0.25)
    assert found.p_value is not None
    assert found.p_value < 0.01
    assert found.interval is not None
    assert found.interval[0] > 0
    assert found.needed is None
    assert decided(60, 35, 5, 20).word == "worse"


def test_without_a_baseline_nothing_is_better_whatever_the_scores() -> None:
    found = decide(None, [1.0] * 500, "exact_match")
    assert (found.word, found.p_value, found.interval, found.baseline) == ("no baseline", None, None, None)


@pytest.mark.parametrize("n", [120, 200, 1000])
@pytest.mark.parametrize("right", [0.0, 0.4, 1.0])
def test_a_model_that_answers_as_before_is_no_better(n: int, right: float) -> None:
    both = round(n * right)
    assert decided(both, 0, 0, n - both).word == "no better"


def test_a_hint_in_too_few_rows_is_not_enough_data_and_says_how_many_would_tell() -> None:
    found = decided(20, 2, 8, 20)
    assert found.word == "not enough data"
    assert found.needed is not None
    assert found.needed > found.n
    # With as many as it says, of the same kind, the answer comes.
    share = found.needed / found.n
    assert decided(round(20 * share), round(2 * share), round(8 * share), round(20 * share)).word == "better"


def test_a_handful_of_rows_never_says_no_better() -> None:
    assert decided(5, 0, 0, 5).word == "not enough data"
    assert decided(5, 1, 1, 5).word == "not enough data"
    assert decide([], [], "exact_match").word == "not enough data"


def test_no_gain_in_enough_rows_is_no_better_though_luck_might_hide_one() -> None:
    found = decided(40, 18, 18, 44)
    assert found.interval is not None
    assert found.interval[1] > 0.05
    assert found.word == "no better"
    assert decided(40, 20, 16, 44).word == "no better"


def test_many_rows_that_exclude_a_worthwhile_gain_are_no_better() -> None:
    found = decided(1000, 40, 50, 910)
    assert found.word == "no better"
    assert found.interval is not None
    assert found.interval[1] < 0.05


def test_alpha_and_the_least_effect_are_the_recipes_to_set() -> None:
    assert decided(60, 5, 15, 120).word == "better"
    assert decided(60, 5, 15, 120, alpha=0.01).word == "not enough data"
    assert decided(0, 0, 0, 40).word == "not enough data"
    assert decided(0, 0, 0, 40, min_effect=0.2).word == "no better"


def test_scores_that_are_no_yes_or_no_are_judged_by_sign_flips() -> None:
    draw = np.random.default_rng(0)
    before = draw.random(200).tolist()
    found = decide(before, [min(value + 0.1, 1.0) for value in before], METRICS["json_fields"])
    assert (found.word, found.test) == ("better", "sign flip over rows")
    found = decide(before, before, METRICS["json_fields"])
    assert (found.word, found.p_value) == ("no better", 1.0)


def test_rows_that_hang_together_count_once() -> None:
    before, after = table(50, 0, 10, 60)
    groups = list(range(50)) + [1000] * 10 + list(range(60, 120))
    assert decide(before, after, "exact_match").word == "better"
    found = decide(before, after, "exact_match", groups=groups)
    assert (found.test, found.p_value) == ("sign flip over groups of rows", 1.0)
    assert found.word != "better"
    alone = decide(before, after, "exact_match", groups=list(range(120)))
    assert alone == decide(before, after, "exact_match")


def test_few_groups_cannot_tell_however_many_rows_they_hold() -> None:
    before, after = table(60, 0, 0, 60)
    assert decide(before, after, "exact_match").word == "no better"
    fives = [row // 5 for row in range(120)]
    found = decide(before, after, "exact_match", groups=fives)
    assert (found.word, found.needed, found.groups) == ("not enough data", 600, 24)
    # Five groups that all gain: no signs are rarer than 2 in 32, so that no such test could ever be significant.
    found = decide([0.0] * 50, [1.0] * 50, "exact_match", groups=[row // 10 for row in range(50)])
    assert (found.p_value, found.word, found.needed) == (2 / 32, "not enough data", 60)


def test_what_so_many_rows_could_find_is_said_where_nothing_was_found() -> None:
    found = decided(40, 18, 18, 44)
    assert found.power == pytest.approx(mcnemar_power(120, (0.3 - 0.05) / 2, (0.3 + 0.05) / 2), abs=1e-12)
    assert f"so many rows find a real gain of 5 points {100 * found.power:.0f} times in 100" in found.reasons
    scores = np.random.default_rng(0).normal(0.5, 0.1, 400)
    by_scores = decide(scores.tolist(), scores[::-1].tolist(), METRICS["json_fields"])
    assert by_scores.power is not None
    assert by_scores.power > 0.99


def test_the_reasons_are_plain_sentences_with_the_figures() -> None:
    found = decided(20, 2, 8, 20)
    text = "\n".join(found.reasons)
    assert "tuned 56.0%, baseline 44.0%, on the same 50 rows" in text
    assert "8 rows gained, 2 lost: exact McNemar, p = 0.11" in text
    assert "the difference is +12.0 points" in text
    assert f"about {found.needed} test rows would tell, {found.needed - 50} more" in text  # type: ignore[operator]
    grouped = decide(*table(10, 0, 10, 60), "exact_match", groups=[row // 2 for row in range(80)])
    assert "on the same 80 rows, in 40 groups of near-duplicates" in grouped.reasons[0]


def test_lists_of_unequal_length_are_not_compared() -> None:
    with pytest.raises(ValueError, match="longer"):
        decide([1.0], [1.0, 0.0], "exact_match")


def test_the_report_has_the_figures_of_each_system_and_is_json() -> None:
    outputs = [Output(f"r{i}", (), "yes", "yes" if i < 30 else "no") for i in range(40)]
    metrics = (METRICS["exact_match"], METRICS["json_fields"])
    summary = summarise(outputs, metrics)
    assert summary["exact_match"]["value"] == 0.75
    assert summary["exact_match"]["interval"] == list(wilson(30, 40))
    assert summary["json_fields"]["value"] == 0.75
    low, high = summary["json_fields"]["interval"]
    assert low < 0.75 < high
    suite = non_inferior(*table(100, 0, 0, 0), margin=0.05)
    system = System("zero-shot", summary)
    verdict = decided(60, 5, 35, 20)
    report = evaluation_json("job", 40, [system], verdict, contestants=[system], regression={"skills": suite})
    found = json.loads(json.dumps(report))
    assert set(found) >= {"job", "n", "systems", "verdict"}
    assert found["systems"][0]["name"] == "zero-shot"
    assert set(found["verdict"]) >= {"word", "metric", "p_value", "interval", "needed"}
    kept = found["regression"][0]
    assert (kept["suite"], kept["before"], kept["after"], kept["word"]) == ("skills", 1.0, 1.0, "held")
    empty = summarise([], metrics)
    assert empty["exact_match"] == {"value": None, "interval": [0.0, 1.0]}
    assert evaluation_json("job", 0, [], None)["verdict"] is None
