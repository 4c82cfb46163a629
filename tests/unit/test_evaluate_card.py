import json
from dataclasses import replace
from typing import Any

import pytest

from ftworkbench.commands.results import evaluation_lines, verdict_line
from ftworkbench.evaluate.card import Answers
from ftworkbench.evaluate.conclude import Conclusion, conclude
from ftworkbench.evaluate.form import form_of
from ftworkbench.evaluate.found import System, evaluation_json
from ftworkbench.evaluate.metrics import choose_metrics
from ftworkbench.evaluate.outputs import Output
from ftworkbench.evaluate.regression import Regression, non_inferior
from ftworkbench.evaluate.scores import summarise
from ftworkbench.evaluate.time_and_cost import Way
from ftworkbench.recipe.tables import Evaluate

HELD = {"skills": non_inferior([1.0] * 100, [1.0] * 100, 0.05)}
BROKEN = {"skills": non_inferior([1.0] * 100, [1.0] * 50 + [0.0] * 50, 0.05)}
UNSURE = {"skills": non_inferior([1.0] * 20, [1.0] * 20, 0.05)}


def outputs(right: int, n: int = 100, wrong: str = '{"a": 2}', **more: Any) -> list[Output]:
    """So many right JSON answers of n, each of 10 tokens in 0.5 seconds."""
    timed = {"tokens": 10, "seconds": 0.5, **more}
    return [Output(f"r{i}", (), '{"a": 1}', '{"a": 1}' if i < right else wrong, **timed) for i in range(n)]


def concluded(
    before: list[Output] | None, after: list[Output], regression: dict[str, Regression] | None = None, **rule: Any
) -> Conclusion:
    answers = Answers(before, after, ['{"a": 1}'] * 10, cost_per_hour=rule.pop("cost_per_hour", None))
    return conclude(answers, choose_metrics(answers.known), Evaluate(**rule), regression or {})


def report(
    before: list[Output] | None, after: list[Output], regression: dict[str, Regression] | None = None
) -> dict[str, Any]:
    """The object of verdict.json, as it is read again."""
    found = concluded(before, after, regression)
    metrics = choose_metrics(['{"a": 1}'] * 10)
    systems = [System("tuned", summarise(after, metrics))]
    made = evaluation_json(
        "job", len(after), systems, found.verdict, regression=regression, tested=found.tested, card=found.card
    )
    read: dict[str, Any] = json.loads(json.dumps(made))
    return read


def test_a_prompt_that_leaves_no_room_for_an_answer_is_a_row_without_one_and_wrong() -> None:
    after = [*outputs(90, 99), Output("long", (), '{"a": 1}', "", finish="length")]
    card = report(outputs(50), after)["card"]
    assert card["quality"]["words"].endswith("; 1 row without an answer, counted as wrong")
    assert "; cut off" not in card["format"]["words"]
    assert card["quality"]["figures"]["tuned"] == 0.9


def test_the_card_has_five_entries_each_with_words_figures_and_n() -> None:
    card = report(outputs(50), outputs(90), HELD)["card"]
    assert list(card) == ["quality", "format", "regression", "latency", "cost"]
    assert all(entry["n"] == 100 and entry["words"] and entry["figures"] for entry in card.values())
    assert card["quality"]["words"].startswith("90.0% by json_match, prompted 50.0%: +40.0 points")
    assert (card["quality"]["word"], card["quality"]["figures"]["gained"]) == ("better", 40)


def test_better_that_breaks_other_skills_says_so_in_its_first_line() -> None:
    found = report(outputs(50), outputs(90), BROKEN)
    assert found["verdict"]["word"] == "better"
    assert found["verdict"]["breaks"] == ["skills"]
    first = "better: +40.0 points of json_match, but it breaks skills (100.0% → 50.0%)"
    assert found["verdict"]["headline"] == first == evaluation_lines(found)[0]
    assert "verdict: better, but it breaks skills" in verdict_line(found["verdict"])
    assert found["card"]["regression"]["word"] == "broken"
    assert "skills broken: 100.0% → 50.0%" in found["card"]["regression"]["words"]


@pytest.mark.parametrize(
    ("before", "after", "regression", "first"),
    [
        (50, 90, HELD, "better: +40.0 points of json_match"),
        (50, 90, UNSURE, "better: +40.0 points of json_match; whether skills held is not known"),
        (90, 50, BROKEN, "worse: -40.0 points of json_match, and it breaks skills (100.0% → 50.0%)"),
        (50, 55, UNSURE, "not enough data: 100 rows cannot tell, about 55 more would"),
        (None, 90, HELD, "no baseline: 90.0% of json_match, and nothing to compare it with"),
        (None, 90, BROKEN, "no baseline: 90.0% of json_match, and it breaks skills (100.0% → 50.0%)"),
    ],
)
def test_the_first_line_of_every_case(
    before: int | None, after: int, regression: dict[str, Regression], first: str
) -> None:
    found = report(None if before is None else outputs(before), outputs(after), regression)
    assert found["verdict"]["headline"] == first
    assert evaluation_lines(found)[0] == first


def test_no_better_is_said_of_enough_rows_without_a_gain() -> None:
    found = report(outputs(500, 1000), outputs(500, 1000))
    assert found["verdict"]["headline"] == "no better: prompting reaches the same 50.0% of json_match"
    assert found["card"]["regression"]["word"] == "not measured"


def test_answers_that_lose_their_form_are_told_though_more_are_right() -> None:
    found = report(outputs(40), outputs(80, wrong="I think it is a"))
    assert found["card"]["format"]["word"] == "worse"
    assert found["card"]["format"]["short"] == "80.0% valid JSON, prompted 100.0%"
    assert found["verdict"]["headline"].endswith("but fewer answers are of the right form")


def test_what_was_cut_off_is_not_of_the_right_form_even_where_it_parses() -> None:
    found = report(outputs(90), outputs(90, finish="length"))["card"]["format"]
    assert (found["figures"]["tuned"], found["figures"]["cut_off"]) == (0.0, {"baseline": 0, "tuned": 100})
    assert found["words"].endswith("cut off 100, prompted 0")


def test_the_form_is_what_the_known_answers_have() -> None:
    labels = form_of(["billing", "returns"] * 10)
    assert labels.name == "label"
    assert labels.scores([Output("r", (), "returns", each) for each in ("Billing.", "no idea", "returns")]) == [1, 0, 1]
    text = form_of(["Some words that nobody writes twice.", "Other words."])
    assert text.scores([Output("r", (), "", "x"), Output("r", (), "", "x", finish="length")]) == [1, 0]
    assert form_of([]).name == "stopped"
    assert text.holds(Output("r", (), "", "x", error="timed out")) is False


def test_time_and_tokens_are_of_the_answers_that_came() -> None:
    slow = outputs(50, first_token_seconds=0.2, prompt_tokens=500)
    lost = [replace(each, error="gone", tokens=0, answer="") for each in slow[:10]]
    quick = outputs(50, seconds=0.25, prompt_tokens=50)
    card = concluded([*lost, *slow[10:]], quick).card
    latency, cost = card["latency"]["figures"], card["cost"]["figures"]
    assert (latency["baseline"]["n"], latency["tuned"]["n"]) == (90, 100)
    assert (latency["baseline"]["seconds"], latency["tuned"]["seconds"]) == (0.5, 0.25)
    assert (latency["baseline"]["tokens_per_second"], latency["tuned"]["tokens_per_second"]) == (20, 40)
    assert (latency["baseline"]["first_token_seconds"], latency["tuned"]["first_token_seconds"]) == (0.2, None)
    assert (cost["baseline"]["prompt_tokens"], cost["tuned"]["prompt_tokens"]) == (500, 50)
    assert cost["tuned"]["cost_per_1000"] is None
    assert "50.0 tokens read an answer, prompted 500" in card["cost"]["words"]
    assert "10 rows without an answer, counted as wrong" in card["quality"]["words"]


def test_cost_is_what_an_endpoint_charged_or_else_the_machines_time() -> None:
    charged = outputs(50, cost=0.002)
    found = concluded(charged, outputs(50), cost_per_hour=3.6).card["cost"]
    assert found["figures"]["baseline"]["cost_per_1000"] == pytest.approx(2.0)
    assert found["figures"]["tuned"]["cost_per_1000"] == pytest.approx(0.5)  # 0.5 s at 0.001 a second
    assert found["short"] == "0.500 for 1,000 answers, prompted 2.00"


HERE = Way(32, "2 CPU threads", "here")


@pytest.mark.parametrize(
    ("before", "short", "also"),
    [
        (HERE, "0.500 s each, 32 at once, prompted 0.500", ""),
        (replace(HERE, at_once=8), "0.500 s each, 32 at once", "timed in another way (8 at once on 2 CPU threads)"),
        (replace(HERE, device="NVIDIA H100"), "0.500 s each, 32 at once", "(32 at once on NVIDIA H100)"),
        (None, "0.500 s each, 32 at once", "it is not known how"),
        (Way(4, endpoint=True), "0.500 s each, 32 at once", "the endpoint took 0.500 s a request, 4 at once"),
    ],
)
def test_times_that_came_in_different_ways_are_not_compared(before: Way | None, short: str, also: str) -> None:
    answers = Answers(outputs(50), outputs(50), cost_per_hour=3.6, way=HERE, way_before=before)
    card = conclude(answers, choose_metrics(['{"a": 1}'] * 10), Evaluate(), {}).card
    assert card["latency"]["short"] == short
    assert card["latency"]["words"].startswith("0.500 s an answer, 32 at once: throughput, no latency")
    assert also in card["latency"]["words"]
    compared = before == HERE or (before is not None and before.endpoint)
    assert (card["cost"]["short"] == "0.500 for 1,000 answers, prompted 0.500") is compared


def test_a_way_is_read_as_it_was_written() -> None:
    assert Way.from_json(json.loads(json.dumps(HERE.as_json()))) == HERE
    assert Way.from_json(None) is None
    assert Way.from_json({"at_once": "many"}) is None


def test_old_answers_without_times_give_a_card_all_the_same() -> None:
    found = report(outputs(50, tokens=0, seconds=0.0), outputs(90, tokens=0, seconds=0.0))["card"]
    assert (found["latency"]["word"], found["cost"]["word"]) == ("not measured", "not measured")


def test_every_metric_stands_in_the_report_with_holms_p_value() -> None:
    found = report(outputs(50), outputs(90))
    assert [each["metric"] for each in found["metrics"]] == ["json_match", "json_valid", "json_fields"]
    assert all(each["p_adjusted"] >= each["p_value"] for each in found["metrics"])
    assert any("after Holm" in line for line in evaluation_lines(found))
    assert any(line.startswith("format ") for line in evaluation_lines(found))


def test_groups_reach_every_test_of_the_card() -> None:
    before, after = outputs(0, 60, wrong="?"), outputs(60, 60)
    answers = Answers(before, after, ['{"a": 1}'] * 10, groups=[row // 30 for row in range(60)])
    found = conclude(answers, choose_metrics(answers.known), Evaluate(), {})
    assert (found.verdict.groups, found.verdict.p_value) == (2, 0.5)
    assert found.card["format"]["figures"]["p_value"] == 0.5
    assert all(each.alone.groups == 2 for each in found.tested)
