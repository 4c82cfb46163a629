"""A model's own code runs once it was confirmed, and not when it has changed since."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tiny import make_recipe

from ftworkbench.recipe.remote_code import UnconfirmedCodeError, code_of
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker.models import load_base
from ftworkbench.workspace import Workspace

CONFIGURATION = """
from transformers import LlamaConfig

class OursConfig(LlamaConfig):
    model_type = "ours"
"""
MODELING = """
from transformers import LlamaForCausalLM
from .configuration_ours import OursConfig

class OursForCausalLM(LlamaForCausalLM):
    config_class = OursConfig
"""


@pytest.fixture
def recipe(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    from transformers import dynamic_module_utils

    monkeypatch.setattr(dynamic_module_utils, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    ours = tmp_path / "ours"
    shutil.copytree(model, ours)
    (ours / "configuration_ours.py").write_text(CONFIGURATION)
    (ours / "modeling_ours.py").write_text(MODELING)
    config = json.loads((ours / "config.json").read_text())
    names = {"AutoConfig": "configuration_ours.OursConfig", "AutoModelForCausalLM": "modeling_ours.OursForCausalLM"}
    (ours / "config.json").write_text(json.dumps({**config, "model_type": "ours", "auto_map": names}))
    return make_recipe(ours, model__trust_remote_code=True)


def test_confirmed_code_is_what_the_model_is_made_by(recipe: Recipe, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with pytest.raises(UnconfirmedCodeError):
        load_base(recipe, workspace, "cpu")
    assert not (tmp_path / "modules").exists()
    code = code_of(recipe.model, tmp_path)
    confirmed = replace(recipe, model=replace(recipe.model, code_sha256=code.sha256))
    assert type(load_base(confirmed, workspace, "cpu")).__name__ == "OursForCausalLM"
    with (tmp_path / "ours" / "modeling_ours.py").open("a") as file:
        file.write("print('one line more')\n")
    with pytest.raises(UnconfirmedCodeError, match="another one than was confirmed"):
        load_base(confirmed, workspace, "cpu")


def test_without_trust_no_code_is_run(recipe: Recipe, tmp_path: Path) -> None:
    untrusting = replace(recipe, model=replace(recipe.model, trust_remote_code=False))
    with pytest.raises(ValueError, match=r"ours|trust_remote_code"):
        load_base(untrusting, Workspace(tmp_path), "cpu")
    assert not (tmp_path / "modules").exists()
