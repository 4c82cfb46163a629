"""What `evaluate` prints of labels, fields and lengths."""

import json

from ftworkbench.commands.measured import detail_lines
from ftworkbench.evaluate.details import details
from ftworkbench.evaluate.metrics import named_metric
from ftworkbench.evaluate.outputs import Output


def _system(name: str, answers: list[str], metric: str, field: str | None = None) -> dict[str, object]:
    references = [json.dumps({"queue": "a"}), json.dumps({"queue": "b"})] if field else ["a", "b"]
    outputs = [
        Output(str(place), (), reference, answer, "stop", 3)
        for place, (reference, answer) in enumerate(zip(references * 2, answers, strict=True))
    ]
    return {"name": name, **details(outputs, [named_metric(metric)], field)}


def test_labels_are_told_with_what_they_are_taken_for() -> None:
    systems = [
        _system("zero-shot", ["b", "b", "b", "x"], "label_accuracy"),
        _system("tuned", ["a", "b"] * 2, "label_accuracy"),
    ]
    text = "\n".join(detail_lines({"systems": systems}))
    assert "2 labels: macro F1 20.0% → 100.0%" in text
    assert "a → b" in text
    assert "macro F1 20.0% → 100.0%; no label: 1 → 0" in text
    assert "tuned: answers of 3.0 tokens in the mean, 0 cut off" in text


def test_macro_f1_has_its_interval_where_it_was_worked_out() -> None:
    tuned = _system("tuned", ["a", "b"] * 2, "label_accuracy")
    tuned["labels"]["macro_f1_interval"] = [0.9, 1.0]  # type: ignore[index]
    assert "macro F1 100.0% [90.0, 100.0]" in "\n".join(detail_lines({"systems": [tuned]}))


def test_a_baseline_alone_is_told_alone() -> None:
    text = "\n".join(detail_lines({"systems": [_system("zero-shot", ["b", "b", "a", "b"], "label_accuracy")]}))
    assert "→ 1" not in text.splitlines()[1]
    assert "most confused" in text


def test_fields_are_told_with_how_often_they_fail() -> None:
    answers = ['{"queue": "a"}', '{"queue": "a"}', "{}", "no"]
    text = "\n".join(detail_lines({"systems": [_system("tuned", answers, "json_match", "queue")]}))
    assert "fields of tuned, of 4 references, 1 of the answers no JSON object" in text
    assert "queue 25.0% 1 2 0" in " ".join(text.split())
    assert "2 labels (queue)" in text


def test_an_evaluation_of_before_there_was_any_of_this_says_nothing() -> None:
    assert detail_lines({"systems": [{"name": "tuned", "metrics": {}}]}) == []
