"""The code that comes with a model is shown before it may run, and any other code is refused."""

from __future__ import annotations

import json
import re
import shutil
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from ftworkbench.commands.opening import open_asked_recipe
from ftworkbench.errors import InputError
from ftworkbench.jobs.launch import submit
from ftworkbench.paths import POCKET
from ftworkbench.recipe.remote_code import UnconfirmedCodeError, code_of, require_confirmed
from ftworkbench.steps.code import confirm_code
from ftworkbench.steps.recipe import Opened, open_recipe
from ftworkbench.workspace import Workspace

RECIPE = """\
[model]
model_id = "model"  # ours
trust_remote_code = true
[data]
train = "train.jsonl"
"""


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    model = tmp_path / "model"
    shutil.copytree(POCKET, model)
    (model / "modeling_ours.py").write_text("print('one')\n")
    (model / "parts").mkdir()
    (model / "parts" / "layer.py").write_text("print('two')\n")
    (tmp_path / "desk.toml").write_text(RECIPE)
    (tmp_path / "train.jsonl").write_text("{}")
    return open_recipe(tmp_path)


def launch(opened: Opened) -> Any:
    again = open_recipe(opened.path)
    return submit(again.workspace, "train", again.resolved, {}, hashes={}, module="nothing_that_is_there")


def test_no_job_is_made_before_the_code_is_confirmed_and_its_files_are_listed(opened: Opened) -> None:
    with pytest.raises(UnconfirmedCodeError) as refused:
        launch(opened)
    text = str(refused.value)
    assert "brings 2 files of code, which can do anything on this machine" in text
    assert "modeling_ours.py 13 bytes sha256" in text
    assert "parts/layer.py 13 bytes sha256" in text
    assert f"--trust-code {refused.value.code.sha256[:8]}" in text
    assert str(opened.path.parent / "model") in text
    assert not (opened.path.parent / "jobs").exists()


def test_code_that_was_confirmed_runs_until_it_is_another_one(opened: Opened) -> None:
    code = code_of(opened.recipe.model, opened.workspace.root)
    confirm_code(opened, code.sha256[:8])
    assert 'model_id = "model"  # ours' in opened.path.read_text()
    assert open_recipe(opened.path).recipe.model.code_sha256 == code.sha256
    assert launch(opened).path.is_dir()
    with (opened.path.parent / "model" / "parts" / "layer.py").open("a") as file:
        file.write("import os\n")
    with pytest.raises(UnconfirmedCodeError, match=f"another one than was confirmed .{code.sha256[:8]}"):
        launch(opened)


def test_a_file_that_comes_later_is_another_code(opened: Opened) -> None:
    confirm_code(opened, code_of(opened.recipe.model, opened.workspace.root).sha256)
    (opened.path.parent / "model" / "more.py").write_text("")
    with pytest.raises(UnconfirmedCodeError):
        launch(opened)


def test_the_flag_confirms_what_the_refusal_has_shown(opened: Opened) -> None:
    with pytest.raises(UnconfirmedCodeError) as refused:
        launch(opened)
    (flag,) = re.findall(r"--trust-code (\w+)", str(refused.value))
    asked = Namespace(recipe=opened.path, overrides=[], offline=False, trust_code=flag)
    again = open_asked_recipe(asked)
    require_confirmed(again.recipe.model, again.workspace.root)


@pytest.mark.parametrize("said", ["", "1234", "0123456789abcdef", "yes"])
def test_only_the_hash_that_was_shown_confirms(opened: Opened, said: str) -> None:
    with pytest.raises(InputError, match="is not the hash of its code"):
        confirm_code(opened, said)
    assert open_recipe(opened.path).recipe.model.code_sha256 is None


def test_code_from_another_repository_is_refused(opened: Opened) -> None:
    config = opened.path.parent / "model" / "config.json"
    found = json.loads(config.read_text())
    config.write_text(json.dumps({**found, "auto_map": {"AutoModelForCausalLM": "evil/repo--modeling.Model"}}))
    with pytest.raises(InputError, match="takes its code from another repository, evil/repo"):
        launch(opened)


def test_a_model_without_code_needs_no_confirmation(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text("{}")
    (tmp_path / "desk.toml").write_text(RECIPE.replace('"model"', '"pocket"'))
    opened = open_recipe(tmp_path)
    require_confirmed(opened.recipe.model, Workspace(tmp_path).root)
    with pytest.raises(InputError, match="brings no code"):
        confirm_code(opened, "0" * 64)
