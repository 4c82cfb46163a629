"""The trackers that train.report_to can name."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest

from ftworkbench.recipe import reporters as module
from ftworkbench.recipe.reporters import reporter_problems, reporters


@pytest.mark.parametrize(
    ("said", "named"),
    [(None, ()), ("none", ()), ([], ()), (["none"], ()), ("wandb", ("wandb",)), (["wandb", "all"], ("wandb", "all"))],
)
def test_trackers_are_a_text_or_a_list_and_none_is_none(said: Any, named: tuple[str, ...]) -> None:
    assert reporters(said) == named


def test_what_is_missing_is_said_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert list(reporter_problems(["wandb", "mlflow"])) == [
        "wandb is not installed here: `pip install wandb`, or leave it out",
        "mlflow is not installed here: `pip install mlflow`, or leave it out",
    ]
    monkeypatch.setattr(module, "find_spec", lambda name: "there" if name == "tensorboardX" else None)
    assert list(reporter_problems("tensorboard")) == []
    assert list(reporter_problems(["all"])) == []


def test_a_tracker_that_nobody_knows_is_named_with_those_that_there_are() -> None:
    (problem,) = reporter_problems("tensorbord")
    assert problem.startswith("tensorbord is no tracker; those are azure_ml, ")
    assert "trackio, wandb" in problem


def test_the_trackers_are_those_of_the_installed_library() -> None:
    spec = find_spec("transformers")
    assert spec is not None
    assert spec.origin is not None
    source = spec.origin.replace("__init__.py", "integrations/integration_utils.py")
    with open(source) as file:  # read, not imported: torch would come along
        text = file.read()
    table = text[text.index("INTEGRATION_TO_CALLBACK = {") :]
    names = {line.split('"')[1] for line in table[: table.index("}")].splitlines()[1:] if '"' in line}
    assert names == set(module._NEEDS)
