"""What verdicts of a judge come to: read, folded over both orders, with what position and length did to them."""

from __future__ import annotations

import json
import random

import pytest
from scipy.stats import binomtest

from ftworkbench.evaluate.judge.checked import (
    NOT_CHECKED,
    agreement_json,
    agreement_short,
    agreement_words,
    label_of,
    labels_of,
    rows_to_label,
)
from ftworkbench.evaluate.judge.grades import grades_json, mean_json
from ftworkbench.evaluate.judge.messages import Asking, grade_messages, grade_schema, pair_messages, pair_schema
from ftworkbench.evaluate.judge.pairs import Pair, length_effect, pairs_json, position_effect, win_rate
from ftworkbench.evaluate.judge.parsing import Word, read_grade, read_verdict
from ftworkbench.evaluate.judge.words import judge_short, judge_words
from ftworkbench.evaluate.votes import Side, Vote

WON, LOST, TIED = ("B", "A"), ("A", "B"), ("tie", "tie")
FIRST, SECOND = ("A", "A"), ("B", "B")


def pairs(*verdicts: tuple[Word, Word], lengths: tuple[int, int] = (10, 20)) -> list[Pair]:
    return [Pair(str(row), *both, *lengths) for row, both in enumerate(verdicts)]


# What a judge has written


@pytest.mark.parametrize(
    ("text", "word", "exact"),
    [
        ('{"reason": "short", "verdict": "A"}', "A", True),
        ('{"reason": "A is {odd}", "verdict": "tie"}', "tie", True),
        ('Well.\n```json\n{"reason": "x", "verdict": "B"}\n```', "B", False),
        ('{"verdict": "A"} no, rather {"verdict": "B"}', "B", False),
        ('<think>{"verdict": "A"} [[A]]</think>[[B]]', "B", False),
        ("A is short. [[A]]", "A", False),
        ("If it were right [[A]] would win, so: [[B]]", "B", False),
        ("[[C]]", "tie", False),
        ("[[Assistant B]]", "B", False),
        ("My verdict: Assistant A", "A", False),
        ("**Verdict:** B.", "B", False),
        ("The verdict is a tie.", "tie", False),
        ("B", "B", False),
        ("**tie**", "tie", False),
        ('{"verdict": "neither"}', None, False),
        ("Both are good answers to a hard question.", None, False),
        ("A or B", None, False),
        ("", None, False),
        pytest.param("{" * 5000, None, False, id="braces"),
        ('{"verdict": ["A"]}', "A", False),
    ],
)
def test_a_verdict_is_read_as_json_or_in_words_and_never_guessed(text: str, word: str | None, exact: bool) -> None:
    assert read_verdict(text) == (word, exact)


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        ('{"reason": "x", "grade": 7}', 7),
        ('{"grade": "7/10"}', 7),
        ("Rating: [[8]]", 8),
        ("[[8.5]]", 8.5),
        ("Grade: 3", 3),
        ("10", 10),
        ("4/5", None),
        pytest.param("3/1" + "0" * 5000, None, id="of a number without end"),
        ('{"grade": 11}', None),
        ('{"grade": 0}', None),
        ('{"grade": true}', None),
        ("[[many]]", None),
        ("There are 3 reasons.", None),
    ],
)
def test_a_grade_is_read_within_its_scale(text: str, grade: float | None) -> None:
    assert read_grade(text, 10)[0] == grade


# What it is asked


def test_the_messages_have_rubric_question_reference_and_both_answers_in_the_order_asked_for() -> None:
    question = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Why?"}]
    system, user = pair_messages(Asking("Short is good."), question, "one", "other", "ref")
    assert "Short is good." in system["content"]
    assert '"verdict"' in system["content"]
    places = [user["content"].index(part) for part in ("Be kind.", "Why?", "ref", "Assistant A]\none", "B]\nother")]
    assert places == sorted(places)
    plain = pair_messages(Asking(structured=False), question, "one", "other", None)
    assert "[[C]] for a tie" in plain[0]["content"]
    assert "Reference" not in plain[1]["content"]
    (grade, _) = grade_messages(Asking(scale=5), question, "one", None)
    assert "to 5, the best" in grade["content"]


def test_the_schemas_take_what_the_parser_reads() -> None:
    jsonschema_rs = pytest.importorskip("jsonschema_rs")
    for word in ("A", "B", "tie"):
        text = json.dumps({"reason": "", "verdict": word})
        assert jsonschema_rs.is_valid(pair_schema(), json.loads(text))
        assert read_verdict(text) == (word, True)
    assert not jsonschema_rs.is_valid(grade_schema(5), {"reason": "", "grade": 6})


# Folding


def test_an_answer_wins_only_where_both_orders_prefer_it() -> None:
    found = pairs(WON, LOST, TIED, FIRST, SECOND, ("B", "tie"), ("tie", "B"))
    assert [pair.outcome for pair in found] == ["won", "lost", "tie", "tie", "tie", "tie", "tie"]
    assert [pair.is_consistent for pair in found] == [True, True, True, False, False, False, False]
    report = pairs_json(found)
    assert (report["won"], report["lost"], report["ties"], report["flipped"]) == (1, 1, 5, 4)
    assert report["flip_rate"] == pytest.approx(4 / 7)
    assert report["win_rate"]["value"] == 0.5


def test_the_win_rate_counts_ties_half_and_is_tested_by_the_sign_test() -> None:
    found = win_rate(pairs(*[WON] * 14, *[LOST] * 4, *[TIED] * 2))
    assert found.value == pytest.approx((14 + 1) / 20)
    assert found.p_value == pytest.approx(binomtest(4, 18).pvalue, abs=1e-12)
    assert found.interval is not None
    low, high = found.interval
    assert 0.5 < low < 0.75 < high < 1
    assert found.test == "exact McNemar"


def test_rows_that_hang_together_are_counted_as_one() -> None:
    alone = win_rate(pairs(*[WON] * 10))
    together = win_rate(pairs(*[WON] * 10), groups=[row // 5 for row in range(10)])
    assert alone.p_value == pytest.approx(2 * 0.5**10)
    assert together.p_value == pytest.approx(0.5)
    assert together.test == "sign flip over groups of rows"


def test_the_position_effect_is_half_where_no_order_flips_and_whole_where_the_first_always_wins() -> None:
    fair = position_effect(pairs(*[WON] * 20, *[LOST] * 10))
    assert (fair.value, fair.p_value) == (0.5, 1.0)
    assert fair.interval is not None
    assert fair.interval[0] < 0.5 < fair.interval[1], "that nothing flipped is no proof that nothing would"
    assert position_effect(pairs(*[FIRST] * 12)).value == 1.0
    assert position_effect(pairs(*[SECOND] * 12)).value == 0.0
    some = position_effect(pairs(*[FIRST] * 10, *[WON] * 20, *[("A", "tie")] * 10))
    assert some.value == pytest.approx(0.5 + (10 + 5) / 40 / 2)
    assert some.p_value is not None
    assert some.p_value < 0.001


def test_a_position_effect_alone_makes_no_winner() -> None:
    draw = random.Random(1)
    report = pairs_json(pairs(*(FIRST if draw.random() < 0.9 else SECOND for _ in range(100))))
    assert report["win_rate"]["value"] == 0.5
    assert report["flip_rate"] == 1.0
    assert report["first_shown_wins"]["interval"][0] > 0.75


def test_where_nobody_is_better_a_judge_with_a_liking_for_the_first_says_so_in_5_of_100_at_most() -> None:
    draw, found = random.Random(7), 0
    for _ in range(300):
        verdicts = []
        for _ in range(60):
            likes = [draw.gauss(0, 1) for _ in range(2)]
            forward = "A" if likes[0] + 0.8 + draw.gauss(0, 0.5) > likes[1] else "B"
            backward = "A" if likes[1] + 0.8 + draw.gauss(0, 0.5) > likes[0] else "B"
            verdicts.append((forward, backward))
        p_value = win_rate(pairs(*verdicts)).p_value  # type: ignore[arg-type]
        found += p_value is not None and p_value < 0.05
    assert found / 300 <= 0.05


def test_the_length_effect_is_of_the_longer_answer_whosever_it_is() -> None:
    longer = [Pair("a", *WON, 1, 9), Pair("b", *LOST, 9, 1), Pair("c", *WON, 5, 5), Pair("d", *TIED, 1, 9)]
    report = pairs_json(longer)
    assert report["longer_wins"]["value"] == pytest.approx((1 + 1 + 0.5) / 3)
    assert (report["longer_wins"]["n"], report["longer"]) == (3, 2)
    assert length_effect([(3, 3)], [1]).value is None


def test_answers_that_are_the_same_tie_and_tell_nothing_of_the_judge() -> None:
    report = pairs_json([*pairs(*[WON] * 3), Pair("x", *TIED, 4, 4, same=True)])
    assert (report["ties"], report["same"], report["flip_rate"]) == (1, 1, 0.0)
    assert report["win_rate"]["n"] == 4
    assert report["first_shown_wins"]["n"] == 3


def test_grades_are_paired_scores() -> None:
    before, after = [5.0] * 12, [7.0] * 10 + [5.0, 4.0]
    report = grades_json(before, after, [(10, 20)] * 12, 10)
    assert report["difference"] == pytest.approx((20 - 1) / 12)
    assert (report["won"], report["lost"], report["ties"]) == (10, 1, 1)
    assert report["test"] == "sign flip over rows"
    assert report["p_value"] < 0.01
    assert report["interval"][0] < report["difference"] < report["interval"][1]
    assert report["longer_wins"]["value"] == pytest.approx((1 + 9 / 12) / 2)
    equal = grades_json(before, before, [(10, 20)] * 12, 10)
    assert (equal["difference"], equal["p_value"]) == (0, 1.0)
    assert equal["interval"][0] < 0 < equal["interval"][1]
    assert mean_json(before)["value"] == 5
    assert grades_json([], [], [], 10)["n"] == 0


# A person checks it


def vote(word: str, row: str = "r", left: str = "before", right: str = "after") -> Vote:
    return Vote(
        word=word,  # type: ignore[arg-type]
        left=Side("zero-shot", None, left),
        right=Side("tuned", "ab", right),
        messages=(),
        rows="test",
        row=row,
        how={},
    )


def test_a_blind_vote_is_a_label_where_it_was_on_these_very_answers() -> None:
    assert label_of(vote("right"), "before", "after") == "won"
    assert label_of(vote("left"), "before", "after") == "lost"
    assert label_of(vote("right", left="after", right="before"), "before", "after") == "lost"
    assert {label_of(vote(word), "before", "after") for word in ("tie", "both bad")} == {"tie"}
    assert label_of(vote("right"), "before", "another") is None
    votes = [vote("left"), vote("right"), vote("left", "other row")]
    assert labels_of(votes, {"r": ("before", "after")}) == {"r": "won"}


def test_agreement_stands_beside_the_figures_and_without_labels_that_nobody_checked() -> None:
    judged = {str(row): ("won", "lost", "tie")[row % 3] for row in range(30)}
    labels = {**judged, "0": "lost", "1": "won"}
    found = agreement_json(labels, judged)  # type: ignore[arg-type]
    assert found["n"] == 30
    assert found["observed"] == pytest.approx(28 / 30)
    assert found["kappa"] == pytest.approx((28 / 30 - 1 / 3) / (1 - 1 / 3))
    assert agreement_words(found).startswith("a person agrees on 93% of 30 rows: kappa 0.90 [0.7")
    few = agreement_json(dict(list(labels.items())[:8]), judged)  # type: ignore[arg-type]
    assert "of 8 rows, of 30 to label" in agreement_words(few)
    assert agreement_words(agreement_json({}, {})) == NOT_CHECKED
    assert agreement_words(None) == NOT_CHECKED
    assert agreement_short(None) == "unchecked"


def test_better_is_what_the_judges_own_test_says_and_not_a_narrow_interval() -> None:
    few = {"mode": "pairwise", "pairs": {"win_rate": {"value": 1.0, "interval": [0.6, 1.0], "p_value": 0.0625}}}
    assert judge_short(few)[0] == "no better"
    few["pairs"]["win_rate"]["p_value"] = 0.01
    assert judge_short(few)[0] == "better"
    grades = {"pairs": {"difference": -2.0, "interval": [-2.0, -2.0], "p_value": 0.5}, "scale": 10}
    assert judge_short(grades)[0] == "no better"
    grades["pairs"]["p_value"] = 0.03
    assert judge_short(grades)[0] == "worse"


def test_a_judge_that_opens_brackets_without_end_has_said_nothing() -> None:
    assert read_verdict("[" * 200_000) == (None, False)
    assert read_grade('{"grade": ' + "[" * 5000, 10)[0] is None


def test_the_rows_to_label_are_drawn_by_seed_and_each_is_there_once() -> None:
    rows = [str(row) for row in range(200)]
    first = rows_to_label([*rows, *rows], 1)
    assert len(first) == len(set(first)) == 30
    assert first == rows_to_label(list(reversed(rows)), 1) != rows_to_label(rows, 2)
    assert len(rows_to_label(rows[:9], 1)) == 9


def test_every_line_with_a_figure_says_how_far_a_person_agrees() -> None:
    figures = {"n": 7, "pairs": pairs_json(pairs(*[WON] * 4, FIRST, LOST, TIED))}
    found = {"mode": "pairwise", "model": "big", "missing": {"timeout": 2}, **figures}
    lines = judge_words(found)
    assert lines[0].startswith("judge big: tuned wins 71.4% [")
    assert "4 won, 1 lost, 2 ties, n = 7; not checked by a person" in lines[0]
    assert all(line.endswith(("not checked by a person", "unchecked")) for line in lines[:-1])
    assert "disagree on 1 of 7 pairs (14.3%)" in lines[1]
    assert lines[-1] == "without a verdict: 2 timeout"
    asked = {"requests": 14, "kept": 4, "spent": 0.021, "structured": {"asked": True, "followed": 9}}
    assert judge_words({**found, **asked})[-1] == (
        "14 requests, 4 of them known from before, cost 0.021; 9 verdicts are the JSON that was asked for, "
        "others are read leniently"
    )
    assert "refuses a schema" in judge_words({**found, **asked, "schema_refused": True})[-1]
    labelled = judge_words({**found, "agreement": {"n": 30, "kappa": 0.6, "interval": [0.3, 0.9], "observed": 0.8}})
    assert all("0.60 [0.30, 0.90]" in line for line in labelled[:-1])
