"""Labels, fields and lengths beneath the scores."""

import json
import math
import random
from dataclasses import dataclass
from statistics import mean

import pytest

from ftworkbench.evaluate.details import details
from ftworkbench.evaluate.metrics import named_metric
from ftworkbench.evaluate.metrics.fields import field_counts
from ftworkbench.evaluate.metrics.labels import NO_LABEL, label_table
from ftworkbench.evaluate.outputs import Output
from ftworkbench.evaluate.scores import scores
from ftworkbench.evaluate.statistics import expanded_confidence


def test_each_label_has_its_precision_recall_and_f1() -> None:
    found = label_table([("a", "a"), ("a", "b"), ("a", "x"), ("b", "b"), ("b", None)])
    assert found.labels == ("a", "b")
    assert [(each.n, each.answered, each.right) for each in found.each()] == [(3, 1, 1), (2, 2, 1)]
    assert [each.f1 for each in found.each()] == pytest.approx([0.5, 0.5])
    assert found.counts == {(0, 0): 1, (0, 1): 1, (0, NO_LABEL): 1, (1, 1): 1, (1, NO_LABEL): 1}
    assert found.others == {"x": 1, "": 1}
    assert found.accuracy == pytest.approx(2 / 5)


def test_macro_f1_and_confusions_are_scikit_learns() -> None:
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    draw = random.Random(3)
    names = [f"label_{place}" for place in range(9)]
    wanted = [draw.choice(names[:7]) for _ in range(400)]  # two labels that no reference has
    said = [right if draw.random() < 0.6 else draw.choice([*names, "no label"]) for right in wanted]
    found = label_table(zip(wanted, said, strict=True))
    labels = list(found.labels)
    theirs = precision_recall_fscore_support(wanted, said, labels=labels, zero_division=0)
    ours = [(each.precision, each.recall, each.f1, each.n) for each in found.each()]
    assert ours == [pytest.approx(row) for row in zip(*theirs, strict=True)]
    assert found.macro_f1 == pytest.approx(sum(theirs[2]) / 7)
    matrix = confusion_matrix(wanted, said, labels=labels)
    assert all(found.counts.get((i, j), 0) == matrix[i][j] for i in range(7) for j in range(7))
    assert found.n == 400


def _said(rows: int, seed: int, labels: str = "abcd", right: float = 0.7) -> list[tuple[str, str | None]]:
    draw = random.Random(seed)
    wanted = [draw.choice(labels) for _ in range(rows)]
    return [(label, label if draw.random() < right else draw.choice([*labels, "none"])) for label in wanted]


def test_the_interval_of_macro_f1_is_that_of_a_plain_bootstrap_over_groups() -> None:
    pairs, draw = _said(120, 5), random.Random(6)
    groups = [place // 3 for place in range(120)]
    found = label_table(pairs, groups=groups)
    plain = []
    for _ in range(3000):
        drawn = draw.choices(range(40), k=40)
        plain.append(label_table([pairs[3 * group + place] for group in drawn for place in range(3)]).macro_f1)
    tail = (1 - expanded_confidence(0.95, 40)) / 2
    low, high = sorted(plain)[round(tail * 3000)], sorted(plain)[round((1 - tail) * 3000) - 1]
    bias = mean(plain) - found.macro_f1
    rows = [len({group for group, (said, _) in zip(groups, pairs, strict=True) if said == label}) for label in "abcd"]
    wider = 1 / math.sqrt(1 - mean(1 / each for each in rows))
    assert found.interval is not None
    assert found.interval[0] == pytest.approx(found.macro_f1 - bias + wider * (low - mean(plain)), abs=0.012)
    assert found.interval[1] == pytest.approx(found.macro_f1 - bias + wider * (high - mean(plain)), abs=0.012)
    assert found.interval[0] < found.macro_f1 < found.interval[1]


def test_where_every_answer_is_right_macro_f1_still_has_a_width() -> None:
    low, high = label_table([("a", "a"), ("b", "b")] * 20, groups=range(40)).interval or (None, None)
    assert (low, high) == (pytest.approx(40 / (40 + 1.96**2), abs=1e-3), 1.0)


def test_rows_that_hang_together_tell_less_and_rows_without_a_label_nothing() -> None:
    once = _said(60, 7)
    thrice = [pair for pair in once for _ in range(3)]
    alone = label_table(thrice, groups=range(180)).interval
    together = label_table(thrice, groups=[place // 3 for place in range(180)]).interval
    assert alone is not None
    assert together is not None
    assert together[1] - together[0] > 1.4 * (alone[1] - alone[0])
    unlabelled: list[tuple[str, str | None]] = [("{}", "{}"), ('{"k": "a"}', '{"k": "a"}'), ('{"k": "b"}', None)]
    low, high = label_table(unlabelled, "k", groups=[1, 2, 3]).interval or (None, None)
    assert (low, high) == (0.0, 1.0), "of two rows there is nothing to be said"
    assert label_table([("{}", "{}")], "k", groups=[1]).interval is None
    assert label_table(once).as_json()["macro_f1_interval"] is None


def test_labels_are_compared_normalised_and_shown_as_the_references_write_them() -> None:
    found = label_table([("Card_Arrival", '"card_arrival".'), ("Card_Arrival", "CARD_ARRIVAL")])
    assert (found.labels, found.accuracy) == (("Card_Arrival",), 1)


def test_the_label_of_a_json_answer_is_one_of_its_values() -> None:
    pairs = [('{"queue": "a", "n": 1}', '{"n": 2, "queue": "a"}'), ('{"queue": "b"}', "b"), ("no json", "a")]
    found = label_table(pairs, "queue")
    assert found.counts == {(0, 0): 1, (1, NO_LABEL): 1}


def test_fields_say_which_fail_how_often() -> None:
    reference = json.dumps({"queue": "a", "urgency": "low"})
    answers = [
        '{"queue": "a", "urgency": "low"}',
        '{"queue": "b", "urgency": "low"}',
        '{"queue": "a", "note": 1}',
        "sorry",
        None,
    ]
    found = field_counts([(reference, answer) for answer in answers])
    assert found is not None
    assert (found["n"], found["no_object"]) == (5, 2)
    assert found["fields"] == [
        {"field": "queue", "n": 5, "right": 2, "wrong": 1, "missing": 2, "extra": 0},
        {"field": "urgency", "n": 5, "right": 2, "wrong": 0, "missing": 3, "extra": 0},
        {"field": "note", "n": 0, "right": 0, "wrong": 0, "missing": 0, "extra": 1},
    ]
    assert field_counts([("text", "text")]) is None


def test_lengths_cuts_and_the_perplexity_of_all_tokens_are_told() -> None:
    outputs = [
        Output("1", (), "a b", "a b", "stop", 2, reference_loss=math.log(2), reference_tokens=3),
        Output("2", (), "a b", "abcd", "length", 8, reference_loss=math.log(4), reference_tokens=1),
    ]
    found = details(outputs, [named_metric("bleu")])["figures"]
    assert found["characters"] == {"mean": 3.5, "median": 3.5, "most": 4}
    assert found["tokens"]["mean"] == 5
    assert found["cut_off"] == 1
    assert found["perplexity"] == pytest.approx(2 ** ((3 * 1 + 1 * 2) / 4))
    assert 0 <= found["corpus_bleu"] <= 1


def test_only_data_of_the_kind_has_labels_and_fields() -> None:
    text = [Output("1", (), "some text", "other text")]
    assert set(details(text, [named_metric("rouge_l")])) == {"figures"}
    labels = [Output("1", (), "a", "b")]
    assert set(details(labels, [named_metric("label_accuracy")])) == {"figures", "labels"}
    objects = [Output("1", (), '{"queue": "a"}', "{}")]
    assert set(details(objects, [named_metric("json_match")], "queue")) == {"figures", "labels", "fields"}
    assert details([], [named_metric("label_accuracy"), named_metric("json_match")])["figures"]["cut_off"] == 0


@dataclass(frozen=True)
class Failed(Output):
    error: str = "the endpoint was gone"


def test_a_row_that_could_not_be_had_is_wrong_by_every_metric() -> None:
    outputs = [Failed("1", (), "", ""), Output("2", (), "", "")]
    assert scores(outputs, named_metric("exact_match")) == [0, 1]
    assert details(outputs, [named_metric("label_accuracy")])["figures"]["characters"]["most"] == 0


def test_a_score_that_was_kept_is_the_score() -> None:
    kept = Output("1", (), "a", "b", scores={"exact_match": 1.0, "checks.py:polite": 0.25})
    assert scores([kept], named_metric("exact_match")) == [1]
    assert scores([kept], named_metric("checks.py:polite")) == [0.25]


def test_labels_are_shown_whatever_metric_decides() -> None:
    outputs = [Output("1", (), "a", "b")]
    assert "labels" in details(outputs, [named_metric("exact_match")], labelled=True)
    assert "labels" not in details(outputs, [named_metric("exact_match")])


def test_a_label_that_no_test_row_has_is_still_one() -> None:
    found = label_table([("a", "c"), ("a", "a"), ("b", "x")], known=["c", "A", "b", "c", "d"])
    assert found.labels == ("a", "b", "c", "d")
    assert found.counts == {(0, 2): 1, (0, 0): 1, (1, NO_LABEL): 1}
    assert found.others == {"x": 1}
    assert found.macro_f1 == pytest.approx((2 / 3 + 0) / 2), "over the labels of the references"
