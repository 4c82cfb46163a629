"""A workspace in which a baseline and a tuned model have answered, for those who then judge the answers."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, NamedTuple

from tiny import make_model, make_workspace, new_job, run_job

from ftworkbench.files import read_json, write_json
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import phase, read_state
from ftworkbench.recipe.read import parse
from ftworkbench.recipe.tables import Recipe
from ftworkbench.recipe.write import dumps, set_option
from ftworkbench.worker.__main__ import do_job
from ftworkbench.workspace import Workspace


class Desk(NamedTuple):
    """`outputs` has the answers of both to the test rows, and no word of who judged them."""

    workspace: Workspace
    recipe: Recipe
    trained: Job
    outputs: Path


def lay_out(folder: Path, **options: Any) -> tuple[Workspace, Recipe]:
    """The workspace and the recipe: a tiny model with room for the prompts of a judge, few steps, short answers."""
    given: dict[str, Any] = {
        "train__eval_strategy": "no",
        "train__save_strategy": "no",
        "method__samples": 0,
        "method__row_losses": False,
        "evaluate__regression": [],
        "data__validation_fraction": 0.0,
        **options,
    }
    model = make_model(folder / "tiny")
    config = read_json(model / "config.json")
    write_json(model / "config.json", {**config, "max_position_embeddings": 4096})
    return make_workspace(folder / "desk", model, **given)


def answer(workspace: Workspace, recipe: Recipe) -> Desk:
    """Trains, and has both answer."""
    trained = run_job(workspace, "train", recipe)
    job = new_job(workspace, "evaluate", recipe, job=str(trained.path))
    do_job(job)
    assert phase(job) == "done", read_state(job)
    return Desk(workspace, recipe, trained, job.outputs)


def asks(desk: Desk, table: str, options: dict[str, Any]) -> Job:
    """An evaluation that has its answers already, and somebody to ask about them: the options of a recipe's table."""
    text = dumps(desk.recipe)
    for name, value in options.items():
        text = set_option(text, f"{table}.{name}", value)
    job = new_job(desk.workspace, "evaluate", parse(text, desk.recipe.name), job=str(desk.trained.path))
    shutil.copytree(desk.outputs, job.outputs)
    return job
