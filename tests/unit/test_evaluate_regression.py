import numpy as np
import pytest

from ftworkbench.evaluate.power import needed_to_hold
from ftworkbench.evaluate.regression import broken_suites, non_inferior, unsure_suites
from ftworkbench.evaluate.statistics import tango


def table(both: int, lost: int, gained: int, neither: int) -> tuple[list[float], list[float]]:
    """Scores before and after with so many rows right in both, in one, in none."""
    before = [1.0] * (both + lost) + [0.0] * (gained + neither)
    return before, [1.0] * both + [0.0] * lost + [1.0] * gained + [0.0] * neither


def test_a_suite_is_held_broken_or_not_sure() -> None:
    assert non_inferior(*table(100, 0, 0, 0), margin=0.05).word == "held"
    assert non_inferior(*table(60, 40, 0, 0), margin=0.05).word == "broken"
    found = non_inferior(*table(90, 5, 0, 5), margin=0.05)
    assert (found.word, found.before, found.after) == ("not sure", 0.95, 0.9)
    assert non_inferior(*table(20, 0, 0, 0), margin=0.05).word == "not sure"  # too few to say
    assert non_inferior([], [], margin=0.05).word == "not sure"
    scores = np.random.default_rng(0).random(300)
    assert non_inferior(scores.tolist(), (scores - 0.02).tolist(), margin=0.05).word == "held"
    assert non_inferior(scores.tolist(), (scores * 0.5).tolist(), margin=0.05).word == "broken"


def test_held_is_where_the_whole_interval_lies_above_the_margin() -> None:
    found = non_inferior(*table(180, 6, 4, 10), margin=0.05)
    assert found.interval == tango(6, 4, 200)
    assert (found.word, found.needed) == ("held", None)
    assert non_inferior(*table(180, 6, 4, 10), margin=0.03).word == "not sure"
    assert non_inferior(*table(150, 30, 2, 18), margin=0.05).word == "broken"
    assert non_inferior(*table(150, 30, 2, 18), margin=0.15).word == "not sure"


def test_where_it_is_not_sure_it_says_how_many_rows_would_tell() -> None:
    found = non_inferior(*table(20, 0, 0, 0), margin=0.05)
    assert found.needed == needed_to_hold(0.0, 0.05) == 73
    assert non_inferior(*table(73, 0, 0, 0), margin=0.05).word == "held"
    found = non_inferior(*table(80, 8, 8, 4), margin=0.05)
    assert found.needed == needed_to_hold(0.16, 0.05)
    share = found.needed / 100
    assert non_inferior(*table(round(80 * share), round(8 * share), round(8 * share), 4), margin=0.05).word == "held"
    assert non_inferior(*table(80, 8, 8, 4), margin=0.0).needed is None


def test_questions_that_are_nearly_the_same_count_as_one() -> None:
    before, after = table(100, 0, 0, 0)
    fives = [row // 5 for row in range(100)]
    found = non_inferior(before, after, 0.05, groups=fives)
    assert (found.word, found.groups, found.needed) == ("not sure", 20, 365)
    assert non_inferior(before, after, 0.05, groups=list(range(100))).groups is None
    with pytest.raises(ValueError, match="3 groups for 100 rows"):
        non_inferior(before, after, 0.05, groups=[1, 2, 3])


def test_a_suite_that_loses_just_the_margin_is_called_held_in_no_more_than_a_fortieth() -> None:
    draw = np.random.default_rng(3)
    words = []
    for lost, gained, rest in draw.multinomial(200, [0.1, 0.05, 0.85], size=600):
        words.append(non_inferior(*table(int(rest), int(lost), int(gained), 0), margin=0.05).word)
    assert words.count("held") / 600 < 0.045  # 0.025, and luck once in 1,000 times
    assert words.count("broken") / 600 < 0.045


def test_the_suites_that_were_broken_and_those_that_nobody_knows_of_are_named() -> None:
    suites = {
        "sums": non_inferior(*table(60, 40, 0, 0), margin=0.05),
        "words": non_inferior(*table(100, 0, 0, 0), margin=0.05),
        "names": non_inferior(*table(10, 0, 0, 0), margin=0.05),
    }
    assert (broken_suites(suites), unsure_suites(suites)) == (["sums"], ["names"])


@pytest.mark.parametrize(
    ("before", "after", "groups"),
    [
        ([0.9], [0.88], None),
        ([0.9], [0.5], None),
        ([0.9, 0.9], [0.89, 0.88], None),
        ([1.0, 1.0, 1.0], [1.0, 1.0, 0.0], ["a", "a", "a"]),
        ([0.5] * 5, [0.1] * 5, None),
    ],
)
def test_of_a_handful_of_rows_nothing_is_said_whatever_they_say(
    before: list[float], after: list[float], groups: list[str] | None
) -> None:
    found = non_inferior(before, after, 0.05, groups=groups)
    assert (found.word, found.interval) == ("not sure", (-1.0, 1.0))


def test_scores_that_all_fall_alike_are_no_more_certain_than_as_many_rows_can_be() -> None:
    few, many = (non_inferior([0.9] * n, [0.8] * n, 0.05) for n in (8, 200))
    assert few.interval[0] < few.interval[1] < 0
    assert few.interval[0] == pytest.approx(-0.1)
    assert many.word == "broken"
    assert many.interval[1] - many.interval[0] < few.interval[1] - few.interval[0]
