"""Recipes that no parser expects: each gets a line, none a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftworkbench.errors import RecipeError
from ftworkbench.recipe.read import load, value_of

GOOD = """\
[model]
model_id = "pocket"

[data]
train = "train.jsonl"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "train.jsonl").write_text('{"prompt": "a", "completion": "b"}\n')
    return tmp_path


def told(folder: Path, text: str) -> str:
    path = folder / "colours.toml"
    path.write_text(text)
    with pytest.raises(RecipeError) as caught:
        load(path)
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


def test_numbers_and_brackets_without_end(folder: Path) -> None:
    assert "train.seed must be" in told(folder, f"{GOOD}[train]\nseed = {'9' * 401}\n")
    assert told(folder, f"{GOOD}[train]\nseed = {'9' * 5001}\n").startswith("colours.toml: cannot be read: ")
    assert told(folder, f"{GOOD}[train]\nx = {'[' * 3000}\n").startswith("colours.toml")
    assert value_of("[" * 3000) == "[" * 3000


@pytest.mark.parametrize("name", ["x" * 300 + ".jsonl", "a\\u0000b.jsonl"])
def test_names_that_no_file_can_have(folder: Path, name: str) -> None:
    assert "there is no such file" in told(folder, GOOD.replace("train.jsonl", name))
    assert "model.model_id" in told(folder, GOOD.replace("pocket", f"./{name}"))
    metric = name.replace("jsonl", "py") + ":score"
    assert "evaluate.metric" in told(folder, f'{GOOD}[evaluate]\nmetric = "{metric}"\n')


def test_the_home_of_a_user_that_is_not_there(folder: Path) -> None:
    assert "model.model_id" in told(folder, GOOD.replace("pocket", "~nobody-of-that-name/model"))


def test_steps_so_small_that_they_are_none(folder: Path) -> None:
    steps = "eval_strategy = 'steps'\nsave_strategy = 'steps'\nload_best_model_at_end = true\n"
    (folder / "colours.toml").write_text(f"{GOOD}[train]\n{steps}eval_steps = 1e-7\nsave_steps = 0.5\n")
    assert load(folder / "colours.toml").train.eval_steps == 1e-7


def test_a_mark_at_the_beginning_of_a_file_is_no_part_of_it(folder: Path) -> None:
    (folder / "colours.toml").write_text("\ufeff" + GOOD)
    assert load(folder / "colours.toml").model.model_id == "pocket"


def test_what_would_do_nothing_is_said(folder: Path) -> None:
    assert "is for a judge, but there is none" in told(folder, f"{GOOD}[judge]\nlimit = 3\n")
    assert "is empty" in told(folder, f'{GOOD}[prompt]\ncontestants = [{{retrieve = "", shots = 3}}]\n')


def test_lines_are_counted_as_an_editor_does(folder: Path) -> None:
    text = GOOD.replace("[model]", "# a\u2028b\u0085c\n[model]") + "[train]\nseed = -1\n"
    assert told(folder, text).startswith("colours.toml:8: train.seed")
