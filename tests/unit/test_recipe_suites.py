from pathlib import Path

import pytest

from ftworkbench.errors import RecipeError
from ftworkbench.recipe.read import load, parse
from ftworkbench.recipe.suite_names import split_suite, suite_problem

BASE = '[model]\nmodel_id = "pocket"\n[data]\ntrain = "train.jsonl"\n[evaluate]\nregression = '


@pytest.mark.parametrize(
    ("text", "file", "metric"),
    [
        ("general.jsonl", "general.jsonl", None),
        ("more/sums.jsonl:number_match", "more/sums.jsonl", "number_match"),
        ("codes.jsonl:regex:^a:b$", "codes.jsonl", "regex:^a:b$"),
    ],
)
def test_a_suite_is_a_file_or_a_file_with_its_metric(text: str, file: str, metric: str | None) -> None:
    assert split_suite(text) == (file, metric)
    assert suite_problem(text) is None
    assert parse(f'{BASE}["{text}"]\n', "x").evaluate.regression == (text,)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("sums.jsonl:number_mach", "did you mean number_match?"),
        ("sums.jsonl:", "lacks the metric after the colon"),
        (":number_match", "names no file"),
        ("sums.jsonl:inverse_perplexity", "needs more than the answer"),
        ("sums.jsonl:mine.py:score", "needs more than the answer"),
    ],
)
def test_what_is_wrong_with_a_suites_name_is_said_at_its_place(text: str, wrong: str) -> None:
    with pytest.raises(RecipeError, match=r"evaluate\.regression") as refused:
        parse(f'{BASE}["{text}"]\n', "x")
    assert wrong in str(refused.value)


def test_a_suite_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text("{}\n")
    (tmp_path / "x.toml").write_text(f'{BASE}["gone.jsonl:contains"]\n')
    with pytest.raises(RecipeError, match=r"gone\.jsonl: there is no such file"):
        load(tmp_path / "x.toml")
