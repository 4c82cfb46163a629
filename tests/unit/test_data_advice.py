"""The advice on a file follows the thresholds of its recipe, and says them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ftworkbench.data.checks.advice import advise
from ftworkbench.errors import RecipeError
from ftworkbench.recipe.read import parse
from ftworkbench.recipe.tables import Check
from ftworkbench.recipe.write import dumps
from ftworkbench.steps.check import check_recipe
from ftworkbench.steps.recipe import open_recipe

RECIPE = '[model]\nmodel_id = "pocket"\n[data]\ntrain = "train.jsonl"\n'


def advice(kept: int, done: int, sizes: dict[str, int], **thresholds: float) -> dict[str, str]:
    return {one.kind: one.text for one in advise(kept, done, kept, sizes, Check(**thresholds))}


def test_each_advice_says_its_threshold_and_what_to_do() -> None:
    found = advice(60, 6, {"late": 50, "lost": 5, "vip": 5})
    assert found["few-rows"].startswith("60 rows are kept: below about 100, examples in the prompt")
    assert found["few-per-class"] == (
        "3 of 3 labels have fewer than 200 rows (vip 5, lost 5, late 50): collect more of these"
    )
    assert '"late" has 50 rows, more than 5 times the 5 of the usual label: drop some' in found["imbalance"]
    assert found["unreviewed"].startswith("6 of 60 rows are reviewed (10%), all should be: read the suspects first")


def test_other_thresholds_give_other_advice() -> None:
    sizes = {"late": 50, "lost": 5, "vip": 5}
    found = advice(60, 6, sizes, few_shot_rows=20, good_rows=80, rows_of_some_labels=6, uneven=20, reviewed=0.5)
    assert "80 or more good ones" in found["few-rows"]
    assert "2 of 3 labels have fewer than 6 rows" in found["few-per-class"]
    assert "50% should be, 30 rows" in found["unreviewed"]
    assert "imbalance" not in found
    assert "fewer than 9 rows" in advice(60, 6, sizes, many_labels=3, rows_of_many_labels=9)["few-per-class"]
    assert "fewer than 7 rows" in advice(60, 6, {"a": 6, "b": 54}, rows_of_two_labels=7)["few-per-class"]
    nothing = {"few_shot_rows": 0, "good_rows": 0, "rows_of_some_labels": 0, "uneven": 99, "reviewed": 0}
    assert advice(60, 0, sizes, **nothing) == {}


def test_the_share_that_should_be_reviewed_is_met_by_that_many_rows() -> None:
    assert "unreviewed" in advice(1000, 99, {}, reviewed=0.1)
    assert "unreviewed" not in advice(1000, 100, {}, reviewed=0.1)
    assert "unreviewed" not in advice(30, 3, {}, reviewed=0.1)
    assert "unreviewed" not in advice(1000, 1000, {})


def test_the_check_of_a_recipe_goes_by_its_table(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "Where is it"}, {"role": "assistant", "content": "lost"}]
    (tmp_path / "train.jsonl").write_text(json.dumps({"messages": turns}) + "\n")
    path = tmp_path / "desk.toml"
    path.write_text(RECIPE)
    assert {one.kind for one in check_recipe(open_recipe(path)).files[0].advice} == {"few-rows", "unreviewed"}
    path.write_text(RECIPE + "[check]\nfew_shot_rows = 1\ngood_rows = 1\nreviewed = 0\n")
    assert check_recipe(open_recipe(path)).files[0].advice == ()


def test_the_table_is_read_written_and_bounded() -> None:
    recipe = parse(RECIPE + "[check]\nuneven = 3\nreviewed = 0.25\n", "desk")
    assert (recipe.check.uneven, recipe.check.reviewed, recipe.check.good_rows) == (3.0, 0.25, 500)
    assert parse(dumps(recipe), "desk") == recipe
    with pytest.raises(RecipeError, match="reviewed must be 0 or more and at most 1"):
        parse(RECIPE + "[check]\nreviewed = 80\n", "desk")
    with pytest.raises(RecipeError, match="did you mean good_rows"):
        parse(RECIPE + "[check]\ngoodrows = 80\n", "desk")
