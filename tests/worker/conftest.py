"""One tiny model, one workspace, one trained adapter for all tests of the worker."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny import make_model, make_workspace, run_job

from ftworkbench.jobs.folder import Job
from ftworkbench.recipe.tables import Recipe
from ftworkbench.workspace import Workspace

os.environ["HF_HUB_OFFLINE"] = "1"  # read when the library is imported
os.environ["CUDA_VISIBLE_DEVICES"] = ""


@pytest.fixture(scope="session", autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Queues of their own, so that no other job on this machine is waited for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="session")
def trained(model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Recipe, Job]:
    """A workspace, its recipe, and a training job that is done."""
    workspace, recipe = make_workspace(tmp_path_factory.mktemp("work") / "colours", model)
    return workspace, recipe, run_job(workspace, "train", recipe)
