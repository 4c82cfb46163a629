"""What a recipe's changes may be marked against."""

from __future__ import annotations

import json
from pathlib import Path

from ftworkbench.jobs.create import create_job
from ftworkbench.paths import sample_configs
from ftworkbench.tui.recipe_base import comparables
from ftworkbench.workspace import Workspace


def test_the_saved_file_comes_first_then_the_newest_jobs_of_the_recipe_then_the_samples(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    for number in range(6):
        create_job(workspace, "train", f"[lora]\nr = {number}\n", {"recipe": "triage", "created": number})
    create_job(workspace, "train", "", {"recipe": "other"})
    create_job(workspace, "evaluate", "", {"recipe": "triage"})
    found = comparables(workspace, "triage")
    assert (found[0].title, found[0].load()) == ("the saved file", None)
    jobs = [each for each in found if each.title.startswith("the job ")]
    assert len(jobs) == 4
    base = jobs[0].load()
    assert base is not None
    assert json.dumps(dict(base.values)).startswith('{"lora.r": ')
    assert len(found) == 5 + len(sample_configs())


def test_a_sample_has_every_option_written_out(tmp_path: Path) -> None:
    for each in comparables(Workspace(tmp_path), "triage")[1:]:
        base = each.load()
        assert base is not None
        assert base.name == each.title.removeprefix("the ")
        assert {"model.model_id", "train.learning_rate", "train.optim"} <= set(base.values)
