import json
import math
import random
import re
from pathlib import Path
from typing import Any

import pytest

from ftworkbench.errors import InputError
from ftworkbench.evaluate.metrics import METRICS, Scored, choose_metrics, named_metric
from ftworkbench.evaluate.metrics.overlap import corpus_bleu

PLAIN = [name for name, metric in METRICS.items() if metric.plain]


def score(name: str, answer: str, reference: str, **more: Any) -> float:
    return named_metric(name).score(Scored(answer, reference, **more))


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
        ("number_match", "1,500", "#### 1.5e3", 1),
        ("number_match", "-5", "#### -$5", 1),
        ("number_match", "0.5", "#### .5", 1),
        ("number_match", "3", "#### -3", 0),
        ("number_match", ".5", "5", 0),
        ("number_match", "$.50", "0.5", 1),
        ("number_match", "\u22125", "-5", 1),
        ("number_match", "\u22125", "5", 0),
        ("number_match", "1.5e3", "1500", 1),
        ("contains", "答案是北京。", "北京", 1),
        ("contains", "答案是上海。", "北京", 0),
        ("normalized_match", "退款。", "退款", 1),
        ("normalized_match", "¿sí?", "sí", 1),
        ("number_match", "none", "#### 3", 0),
        ("number_match", "none", "none", 0),
        ("contains", "I think it is the Refund, sorry.", "refund", 1),
        ("contains", "refunds", "refund", 0),
        ("length", "four", "twice it", 0.5),
        ("length", "twice it\n", "four", 0.5),
        ("length", "same", "else", 1),
        ("length", "", "four", 0),
        ("length", " ", "", 1),
        ("regex:^[a-z_]+$", " card_arrival\n", "", 1),
        ("regex:^[a-z_]+$", "Card arrival", "", 0),
        ("regex:answer is (\\d+)", "The answer is 12.", "I think the answer is 12", 1),
        ("regex:answer is (\\d+)", "The answer is 12.", "12", 1),
        ("regex:answer is (\\d+)", "The answer is 12.", "13", 0),
        ("regex:(a)|(b)", "b", "b", 1),
        ("rouge_1", "the cat", "the cat sat", 0.8),
        ("rouge_2", "the cat", "the cat sat", 2 / 3),
        ("rouge_l", "sat the cat", "the cat sat", 2 / 3),
        ("rouge_l", "Über Köln, 2024!", "über köln 2024", 1),
        ("rouge_l", "我去北京", "我在北京", 0.75),
        ("rouge_l", "", "", 0),
        ("bleu", "the cat sat on the mat", "the cat sat on the mat", 1),
        ("bleu", "dog", "the cat sat on the mat", 0),
        ("bleu", "", "", 1),
        ("bleu:char", "我去北京", "我去北京", 1),
    ],
)
def test_scores(metric: str, answer: str, reference: str, expected: float) -> None:
    assert score(metric, answer, reference) == pytest.approx(expected)


@pytest.mark.parametrize("metric", [*PLAIN, "regex:(a+)", "bleu:zh"])
@pytest.mark.parametrize(
    "answer",
    ["", "[" * 100_000, '{"a": ' * 50_000, "9" * 10_000, "\ud800\x00", '{"a": 1e999}', "####", "-$,."],
    ids=("empty", "lists", "objects", "digits", "surrogate", "infinity", "marker", "signs"),
)
def test_no_answer_however_hostile_makes_a_metric_fail(metric: str, answer: str) -> None:
    found = named_metric(metric)
    for reference in ('{"a": 1}', "#### 5", "[" * 500 + "]" * 500, ""):
        value = found.score(Scored(answer, reference))
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
        ["12", "7"],  # JSON, but no object
        ["only one"],
        [],
    ],
)
def test_other_short_answers_are_compared_word_by_word(references: list[str]) -> None:
    assert names(*references) == ["exact_match", "normalized_match", "rouge_l"]


@pytest.mark.parametrize(
    "references", [["word " * 40] * 10, ["a longer text of many words,\nno two of which are alike ever"] * 2]
)
def test_texts_which_no_two_writers_word_alike_are_compared_by_what_they_share(references: list[str]) -> None:
    assert names(*references) == ["rouge_l", "normalized_match"]


def test_what_the_recipe_names_decides_and_more_is_added_once() -> None:
    assert names("x", metric="contains", metrics=("exact_match", "contains")) == ["contains", "exact_match"]
    assert names("x", metrics=("bleu", "exact_match"))[-1] == "bleu"


def test_a_misspelt_metric_is_refused_with_the_nearest_right_one() -> None:
    with pytest.raises(InputError, match="did you mean json_match"):
        names("x", metric="json_mach")
    with pytest.raises(InputError, match="there are exact_match"):
        names("x", metrics=("zzz",))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("perplexity", "did you mean inverse_perplexity"),
        ("regex", "lacks what stands after the colon: a pattern"),
        ("regex:(", "is no regular expression"),
        ("bleu:latin", "there are the tokenizers 13a"),
        ("exact_match:x", "exact_match takes nothing after a colon"),
        ("checks.py", "names no function; say FILE.py:FUNCTION"),
        ("checks.py:", "names no function"),
        ("json_schema:", "lacks what stands after the colon: a file"),
    ],
)
def test_each_mistake_in_a_name_is_told_by_itself(name: str, told: str) -> None:
    with pytest.raises(InputError, match=re.escape(told)):
        named_metric(name)


def test_rouge_is_what_the_rouge_score_package_gives() -> None:
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rouge1", "rouge2", "rougeL"])
    draw = random.Random(5)
    for _ in range(60):
        answer, reference = (" ".join(draw.choices("a b c d, e-f g.", k=draw.randint(0, 40))) for _ in range(2))
        wanted = scorer.score(reference, answer)
        for ours, theirs in (("rouge_1", "rouge1"), ("rouge_2", "rouge2"), ("rouge_l", "rougeL")):
            assert score(ours, answer, reference) == pytest.approx(wanted[theirs].fmeasure, abs=1e-12)


def test_rouge_of_long_texts_is_quick() -> None:
    draw = random.Random(5)
    one, other = (" ".join(draw.choices(("red", "green", "blue", "grey"), k=20_000)) for _ in range(2))
    assert 0.5 < score("rouge_l", one, other) < 1


def test_corpus_bleu_is_sacrebleus_own_figure() -> None:
    import sacrebleu

    answers, references = ["the cat sat on a mat", "hello there"], ["the cat sat on the mat", "hello you there"]
    assert corpus_bleu(answers, references) == pytest.approx(sacrebleu.corpus_bleu(answers, [references]).score / 100)
    assert corpus_bleu([], []) == 0


def test_an_answer_complies_with_the_schema_in_a_file(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"queue": {"enum": ["billing"]}}, "required": ["queue"]}
    (tmp_path / "ticket.schema.json").write_text(json.dumps(schema))
    found = named_metric("json_schema:ticket.schema.json", tmp_path)
    answers = {'{"queue": "billing"}': 1, '{"queue": "other"}': 0, "{}": 0, "billing": 0, "[" * 10_000: 0}
    assert {answer: found.score(Scored(answer, "")) for answer in answers} == answers
    assert (found.binary, found.plain) == (True, False)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "there is no such file"),
        ("{", "is no JSON"),
        ('{"type": "objekt"}', "is no JSON schema"),
        ('{"$ref": "http://127.0.0.1:9/schema"}', "is no JSON schema: Resource"),
    ],
)
def test_a_schema_that_is_no_good_is_told_before_anything_is_measured(
    tmp_path: Path, text: str | None, told: str
) -> None:
    if text is not None:
        (tmp_path / "s.json").write_text(text)
    with pytest.raises(InputError, match=rf"s\.json: {told}"):
        named_metric("json_schema:s.json", tmp_path)


@pytest.mark.parametrize(
    "original",
    [
        {"schema": {"required": ["a"]}},
        {"json_schema": '{"required": ["a"]}'},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"required": ["a"]}}}},
    ],
)
def test_an_answer_complies_with_the_schema_of_its_own_row(original: dict[str, Any]) -> None:
    assert score("json_schema", '{"a": 1}', "", original=original) == 1
    assert score("json_schema", '{"b": 1}', "", original=original) == 0


def test_a_row_without_a_schema_is_no_row_to_measure_by_its_schema() -> None:
    with pytest.raises(InputError, match="the row has no schema of its own"):
        score("json_schema", "{}", "", original={"question": "?"})


def test_an_answer_that_was_cut_off_did_not_stop() -> None:
    assert [score("stopped", "x", "x", finish=finish) for finish in ("stop", "length")] == [1, 0]


def test_the_inverse_perplexity_is_that_of_the_reference() -> None:
    assert score("inverse_perplexity", "", "", reference_loss=math.log(4)) == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def kind(a, b): return 1", "has no function polite; it has kind"),
        ("async def polite(a, b): ...", "polite is async"),
        ("def polite(:", "is no Python (line 1)"),
        ("raise SystemExit\nfrom x import polite", None),
    ],
)
def test_a_function_of_ones_own_is_looked_for_without_running_its_file(
    tmp_path: Path, source: str, told: str | None
) -> None:
    (tmp_path / "checks.py").write_text(source)
    if told is None:
        assert named_metric("checks.py:polite", tmp_path).plain is False
    else:
        with pytest.raises(InputError, match=re.escape(told)):
            named_metric("checks.py:polite", tmp_path)


def test_a_metrics_file_lies_in_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "checks.py").write_text("def polite(a, b): return 1")
    for name in ("../checks.py:polite", f"{tmp_path}/checks.py:polite"):
        with pytest.raises(InputError, match="must be a file of the workspace"):
            named_metric(name, tmp_path)
