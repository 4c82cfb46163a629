"""Metrics in a recipe: what may be written, and the one clear error for each mistake, before anything is launched."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftworkbench.errors import RecipeError
from ftworkbench.recipe.options import find_option
from ftworkbench.recipe.read import load, parse
from ftworkbench.recipe.write import dumps
from ftworkbench.tui.recipe_draft import Draft

BASE = '[model]\nmodel_id = "pocket"\n[data]\ntrain = "train.jsonl"\n[evaluate]\n'


def _written(folder: Path, evaluate: str) -> Path:
    (folder / "train.jsonl").write_text("{}\n")
    path = folder / "triage.toml"
    path.write_text(BASE + evaluate)
    return path


def test_metrics_with_arguments_and_files_are_read_and_written_back(tmp_path: Path) -> None:
    (tmp_path / "ticket.schema.json").write_text("{}")
    (tmp_path / "checks.py").write_text("def polite(answer, reference): return 1\n")
    text = "metric = 'regex:^\\d+$'\nmetrics = ['json_schema:ticket.schema.json', 'checks.py:polite', 'bleu:zh']\n"
    found = load(_written(tmp_path, text))
    assert found.evaluate.metric == r"regex:^\d+$"
    assert found.evaluate.metrics == ("json_schema:ticket.schema.json", "checks.py:polite", "bleu:zh")
    assert parse(dumps(found), "triage").evaluate == found.evaluate


def test_a_pattern_can_be_said_beside_the_recipe(tmp_path: Path) -> None:
    found = load(_written(tmp_path, ""), [r"evaluate.metric=regex:^\d+$"])
    assert found.evaluate.metric == r"regex:^\d+$"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('metric = "json_mach"', 'triage.toml:6: evaluate.metric "json_mach" is no metric; did you mean json_match?'),
        ('metrics = ["bleu", "polite"]', 'evaluate.metrics "polite" is no metric; there are exact_match'),
        ('metric = "regex:("', "is no regular expression: missing ), unterminated subpattern"),
        ('metric = "json_schema:no.json"', "evaluate.metric no.json: there is no such file"),
        ('metric = "broken.json"', '"broken.json" is no metric'),
        ('metric = "json_schema:broken.json"', "evaluate.metric broken.json: is no JSON"),
        ('metrics = ["checks.py:other"]', "evaluate.metrics checks.py: has no function other; it has polite"),
        ('metrics = ["../checks.py:polite"]', "must be a file of the workspace"),
        ('metric = ""', "evaluate.metric is empty"),
    ],
)
def test_each_mistake_is_told_by_itself(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "checks.py").write_text("def polite(answer, reference): return 1\n")
    with pytest.raises(RecipeError) as caught:
        load(_written(tmp_path, text + "\n"))
    [problem] = caught.value.problems
    assert told in problem


def test_the_form_says_what_else_may_be_written() -> None:
    for name in ("metric", "metrics"):
        option = find_option(f"evaluate.{name}")
        assert option is not None
        assert "rouge_l" in option.choices
    option = find_option("evaluate.metric")
    assert option is not None
    assert "regex:PATTERN" in option.help
    assert "FILE.py:FUNCTION" in option.help


def test_the_form_looks_for_the_file_before_it_keeps_a_name(tmp_path: Path) -> None:
    (tmp_path / "checks.py").write_text("def polite(answer, reference): return 1\n")
    draft = Draft(tmp_path / "triage.toml", BASE)
    assert draft.wrong_value("evaluate.metric", "checks.py:polite") is None
    assert (
        draft.wrong_value("evaluate.metric", "checks.py:kind")
        == "metric checks.py: has no function kind; it has polite"
    )
    assert "no such file" in str(draft.wrong_value("evaluate.metrics", '["bleu", "json_schema:a.json"]'))
    assert draft.wrong_value("evaluate.metrics", '["bleu"]') is None
