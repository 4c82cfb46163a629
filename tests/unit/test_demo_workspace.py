"""The demo's workspace is whole, and its decisions settle what blocks."""

import json
from pathlib import Path

import pytest

from ftworkbench.demo import make_orders
from ftworkbench.demo.workspace import make_demo
from ftworkbench.errors import InputError
from ftworkbench.steps.check import check_recipe, check_undecided
from ftworkbench.steps.recipe import open_recipe, write_overrides
from ftworkbench.steps.splits import require_split


def test_leaks_block_until_the_shipped_decisions_count(tmp_path: Path) -> None:
    opened = open_recipe(make_demo(tmp_path / "demo").root)
    assert check_undecided(opened).blocks
    assert not check_recipe(opened).blocks


def test_enough_test_rows_are_left_for_a_verdict(tmp_path: Path) -> None:
    split = require_split(open_recipe(make_demo(tmp_path / "demo").root))
    assert split.counts["test"] >= 120
    assert split.counts["train"] >= 450


@pytest.mark.parametrize("task", ["orders", "forgetting"])
def test_the_other_tasks_are_ready_to_run_with_enough_test_rows(tmp_path: Path, task: str) -> None:
    opened = open_recipe(make_demo(tmp_path / "demo", task).root)
    assert opened.recipe.name == task
    assert not check_recipe(opened).blocks
    counts = require_split(opened).counts
    assert counts["test"] >= 120
    assert counts["train"] >= 400


def test_the_shipped_letters_are_those_that_are_made_and_each_states_its_number() -> None:
    files = make_orders.make()
    for name, text in files.items():
        assert (make_orders.ORDERS / name).read_text(encoding="utf-8") == text
        for line in text.splitlines():
            letter, number = (message["content"] for message in json.loads(line)["messages"])
            assert number in letter


def test_a_demo_that_is_there_is_opened_as_it_is(tmp_path: Path) -> None:
    workspace = make_demo(tmp_path / "demo")
    ledger = workspace.ledger.read_bytes()
    assert make_demo(tmp_path / "demo").ledger.read_bytes() == ledger


def test_another_folder_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="no demo of triage"):
        make_demo(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_overrides_are_written_into_the_recipe_with_its_comments(tmp_path: Path) -> None:
    path = make_demo(tmp_path / "demo").recipe()
    write_overrides(path, ["train.learning_rate=1e-4", "prompt.tuned_system=Route it."])
    recipe = open_recipe(path).recipe
    assert recipe.train.learning_rate == 1e-4
    assert recipe.prompt.tuned_system == "Route it."
    assert "# the embedded model" in path.read_text()
