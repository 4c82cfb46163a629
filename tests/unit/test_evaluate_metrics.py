import pytest

from ftworkbench.errors import InputError
from ftworkbench.evaluate.metrics import METRICS, choose_metrics


def score(name: str, answer: str, reference: str) -> float:
    return METRICS[name].score(answer, reference)


def names(*references: str, metric: str | None = None, metrics: tuple[str, ...] = ()) -> list[str]:
    return [found.name for found in choose_metrics(references, metric, metrics)]


@pytest.mark.parametrize(
    ("metric", "answer", "reference", "expected"),
    [
        ("exact_match", " Yes\n", "Yes", 1),
        ("exact_match", "yes", "Yes", 0),
        ("normalized_match", "The  refund.", "the refund", 1),
        ("normalized_match", "refund", "the refund", 0),
        ("normalized_match", "ﬁne “quoted”", "Fine quoted", 1),
        ("normalized_match", "-5", "5", 0),
        ("normalized_match", "C++", "C#", 0),
        ("normalized_match", "!", "?", 0),
        ("normalized_match", "?", "?", 1),
        ("normalized_match", "", "?", 0),
        ("label_accuracy", '"Card_Arrival".', "card_arrival", 1),
        ("label_accuracy", "It is card_arrival", "card_arrival", 0),
        ("label_accuracy", "A", "B", 0),
        ("json_valid", ' {"a": 1}\n', "", 1),
        ("json_valid", 'Sure! {"a": 1}', "", 0),
        ("json_valid", '{"a": NaN}', "", 0),
        ("json_valid", "", "", 0),
        ("json_match", '{"b": [1, {"c": null}], "a": 1.0}', '{"a": 1, "b": [1, {"c": null}]}', 1),
        ("json_match", '{"a": true}', '{"a": 1}', 0),
        ("json_match", '{"a": 0}', '{"a": false}', 0),
        ("json_match", '{"a": "1"}', '{"a": 1}', 0),
        ("json_match", '{"a": 1, "b": 2}', '{"a": 1}', 0),
        ("json_match", "[1, 2]", "[2, 1]", 0),
        ("json_match", '```json\n{"a": 1}\n```', '{"a": 1}', 0),
        ("json_match", "no json", " no json ", 1),
        ("json_fields", '{"queue": "a", "urgency": "low"}', '{"queue": "a", "urgency": "high"}', 0.5),
        ("json_fields", '{"queue": "a", "x": 1}', '{"queue": "a"}', 0.5),
        ("json_fields", '{"queue": "a"', '{"queue": "a"}', 0),
        ("json_fields", "{}", "{}", 1),
        ("json_fields", "[1]", '{"a": 1}', 0),
        ("number_match", "So it is 1,234.0 dollars.", "20 * 61.7 = 1234\n#### 1,234", 1),
        ("number_match", "#### 7\nThat was 8.", "#### 7", 1),
        ("number_match", "The answer is -3.", "#### -3", 1),
        ("number_match", "$5.50", "#### 5.5", 1),
        ("number_match", "3", "#### -3", 0),
        ("number_match", "none", "#### 3", 0),
        ("number_match", "none", "none", 0),
        ("contains", "I think it is the Refund, sorry.", "refund", 1),
        ("contains", "refunds", "refund", 0),
    ],
)
def test_scores(metric: str, answer: str, reference: str, expected: float) -> None:
    assert score(metric, answer, reference) == pytest.approx(expected)


@pytest.mark.parametrize("metric", sorted(METRICS))
@pytest.mark.parametrize(
    "answer",
    ["", "[" * 100_000, '{"a": ' * 50_000, "9" * 10_000, "\ud800\x00", '{"a": 1e999}', "####", "-$,."],
)
def test_no_answer_however_hostile_makes_a_metric_fail(metric: str, answer: str) -> None:
    found = METRICS[metric]
    for reference in ('{"a": 1}', "#### 5", "[" * 500 + "]" * 500, ""):
        value = found.score(answer, reference)
        assert 0.0 <= value <= 1.0
        assert not found.binary or value in (0.0, 1.0)


def test_json_objects_are_compared_as_json() -> None:
    references = ['{"queue": "billing"}', '{"queue": "returns"}'] * 20
    assert names(*references) == ["json_match", "json_valid", "json_fields"]
    assert names(*references, "oops") == ["json_match", "json_valid", "json_fields"]  # one slip among many
    assert names("[1]", "[2]", "[3]") == ["json_match", "json_valid"]


def test_gsm8k_answers_are_compared_by_their_number() -> None:
    assert names("6 * 7 = 42\n#### 42", "1 + 1 = 2\n#### 2") == ["number_match"]


def test_few_short_references_are_labels() -> None:
    assert names(*["card_arrival", "lost_card", "top_up"] * 5) == ["label_accuracy", "exact_match"]


@pytest.mark.parametrize(
    "references",
    [
        ["a b c", "d e f", "g h i"],  # all different
        ["word " * 40] * 10,  # too long for a label
        ["two\nlines"] * 10,
        ["12", "7"],  # JSON, but no object
        ["only one"],
        [],
    ],
)
def test_anything_else_is_compared_as_text(references: list[str]) -> None:
    assert names(*references) == ["exact_match", "normalized_match"]


def test_what_the_recipe_names_decides_and_more_is_added_once() -> None:
    assert names("x", metric="contains", metrics=("exact_match", "contains")) == ["contains", "exact_match"]
    assert names("x", metrics=("contains", "exact_match")) == ["exact_match", "normalized_match", "contains"]


def test_a_misspelt_metric_is_refused_with_the_nearest_right_one() -> None:
    with pytest.raises(InputError, match="did you mean json_match"):
        names("x", metric="json_mach")
    with pytest.raises(InputError, match="there are exact_match"):
        names("x", metrics=("zzz",))
