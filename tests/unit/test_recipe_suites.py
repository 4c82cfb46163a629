from pathlib import Path

import pytest

from ftworkbench.errors import RecipeError
from ftworkbench.recipe.read import load, parse
from ftworkbench.recipe.suite_names import SuiteName, names_of, split_suite, suite_problem

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
    assert split_suite(text) == SuiteName(file=file, metric=metric)
    assert suite_problem(text) is None
    assert parse(f'{BASE}["{text}"]\n', "x").evaluate.regression == (text,)


@pytest.mark.parametrize(
    ("text", "task", "metric"),
    [
        ("lm-eval:arc_easy", "arc_easy", None),
        ("lm-eval:arc_easy:acc_norm", "arc_easy", "acc_norm"),
        ("lm-eval:gsm8k:exact_match,strict-match", "gsm8k", "exact_match,strict-match"),
        ("lm-eval:egymmlu_arabic_language_(general)", "egymmlu_arabic_language_(general)", None),
    ],
)
def test_a_suite_may_be_a_task_with_one_of_its_metrics_and_a_filter(text: str, task: str, metric: str | None) -> None:
    assert split_suite(text) == SuiteName(task=task, metric=metric)
    assert parse(f'{BASE}["{text}"]\n', "x").evaluate.regression == (text,)


@pytest.mark.parametrize(
    ("suites", "names"),
    [
        (["general.jsonl", "lm-eval:arc_easy:acc"], ["general", "arc_easy"]),
        (["arc_easy.jsonl", "lm-eval:arc_easy"], ["arc_easy", "lm-eval-arc_easy"]),
        (["a/sums.jsonl", "b/sums.jsonl:contains"], ["a-sums", "b-sums"]),
        (["lm-eval:egymmlu_language_(general)"], ["egymmlu_language_-general-"]),
    ],
)
def test_suites_are_called_by_file_or_task_and_each_otherwise(suites: list[str], names: list[str]) -> None:
    assert names_of(suites) == names


@pytest.mark.parametrize("suites", ['"a.jsonl", "a.jsonl:contains"', '"lm-eval:boolq", "lm-eval:boolq:acc"'])
def test_a_suite_that_is_named_twice_is_refused_before_anything_runs(suites: str) -> None:
    with pytest.raises(RecipeError, match=r"evaluate\.regression.* names (a\.jsonl|lm-eval:boolq) twice"):
        parse(f"{BASE}[{suites}]\n", "x")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("lm-eval:", "names no task of lm-evaluation-harness; say lm-eval:TASK"),
        ("lm-eval:../tasks/mine", "names no task of lm-evaluation-harness"),
        ("lm-eval:arc_easy:", "lacks the metric after the last colon"),
        ("lm-eval:arc_easy:acc:norm", "comes one of its metrics"),
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


def test_a_folder_of_tasks_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text("{}\n")
    (tmp_path / "x.toml").write_text(f'{BASE}["lm-eval:mine"]\n[harness]\ntasks = "tasks"\n')
    with pytest.raises(RecipeError, match=r"harness\.tasks.*tasks: there is no such folder"):
        load(tmp_path / "x.toml")
    (tmp_path / "tasks").mkdir()
    assert load(tmp_path / "x.toml").harness.tasks == "tasks"
