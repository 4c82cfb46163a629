"""Which tasks of lm-evaluation-harness a recipe may name: known from their files, before anything is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ftworkbench.cli import main
from ftworkbench.errors import RecipeError
from ftworkbench.recipe import harness_tasks
from ftworkbench.recipe.harness_tasks import library_folder, missing_library, task_file, task_problems
from ftworkbench.recipe.read import parse
from ftworkbench.recipe.tables import Recipe
from ftworkbench.steps.recipe import open_recipe, require_tasks

BASE = '[model]\nmodel_id = "pocket"\n[data]\ntrain = "train.jsonl"\n[evaluate]\nregression = '


def recipe_with(*suites: str, tasks: str = "") -> Recipe:
    listed = ", ".join(f'"{suite}"' for suite in suites)
    own = f'[harness]\ntasks = "{tasks}"\n' if tasks else ""
    return parse(f"{BASE}[{listed}]\n{own}", "x")


@pytest.fixture(scope="module")
def library() -> Path:
    found = library_folder()
    assert found is not None
    return found


def test_the_librarys_tasks_groups_and_tags_are_known(tmp_path: Path) -> None:
    """arc_easy is a task, mmlu a group of tasks, ai2_arc a tag that two tasks have."""
    assert list(task_problems(recipe_with("lm-eval:arc_easy", "lm-eval:mmlu", "lm-eval:ai2_arc"), tmp_path)) == []


def test_the_library_is_not_imported_to_know_them() -> None:
    code = (
        "import sys, ftworkbench.recipe.harness_tasks as tasks; tasks.library_folder(); print('lm_eval' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"


def test_a_task_is_found_in_its_file_and_a_group_has_none(library: Path) -> None:
    assert task_file(library, "arc_easy") == library / "arc" / "arc_easy.yaml"
    assert task_file(library / "mmlu", "mmlu") is None


def test_a_task_that_is_none_is_named_with_the_nearest(tmp_path: Path) -> None:
    (problem,) = task_problems(recipe_with("lm-eval:arc_eazy:acc"), tmp_path)
    assert problem == "lm-eval:arc_eazy: lm-evaluation-harness has no such task; did you mean arc_easy?"


def test_a_task_of_the_workspaces_own_is_known(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "one.yaml").write_text("include: base\ntask: 'our_own'  # the first\n")
    assert list(task_problems(recipe_with("lm-eval:our_own", tasks="mine"), tmp_path)) == []
    assert task_file(tmp_path / "mine", "our_own") == tmp_path / "mine" / "one.yaml"


def test_without_the_library_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness_tasks, "_LIBRARY", "no_such_library")
    (problem,) = task_problems(recipe_with("lm-eval:boolq"), tmp_path)
    assert problem.startswith("lm-eval:boolq is a task of lm-evaluation-harness, which is not installed here")
    assert problem.endswith("pip install lm-eval==0.4.13")
    assert missing_library(recipe_with("general.jsonl")) is None


def test_another_version_of_the_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness_tasks, "version", lambda name: "0.4.9")
    (problem,) = task_problems(recipe_with("lm-eval:boolq"), tmp_path)
    assert problem.endswith("which is known as 0.4.13, and here is 0.4.9: pip install lm-eval==0.4.13")


def test_a_wrong_task_is_told_by_check_and_stops_an_evaluation_before_it_is_launched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = '{"messages": [{"role": "user", "content": "Is %d odd?"}, {"role": "assistant", "content": "yes"}]}\n'
    (tmp_path / "train.jsonl").write_text("".join(row % number for number in range(1, 21, 2)))
    (tmp_path / "x.toml").write_text(f'{BASE}["lm-eval:boolqq"]\n')
    assert main(["check", str(tmp_path / "x.toml")]) == 1
    line = "x.toml: evaluate.regression: lm-eval:boolqq: lm-evaluation-harness has no such task; did you mean boolq?"
    assert line in capsys.readouterr().out
    with pytest.raises(RecipeError, match="did you mean boolq"):
        require_tasks(open_recipe(tmp_path / "x.toml"))
