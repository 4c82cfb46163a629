"""A launch that would run a model's own code asks first, with its files."""

from __future__ import annotations

import shutil
from pathlib import Path

from workbenches import chat, make_workspace, opened, shown, until

from ftworkbench.jobs.folder import list_jobs
from ftworkbench.jobs.launch import stop
from ftworkbench.jobs.state import ALIVE, phase
from ftworkbench.paths import POCKET
from ftworkbench.tui.starting import start_fit
from ftworkbench.workspace import Workspace


async def test_the_code_of_a_model_is_shown_and_confirmed_before_it_runs(tmp_path: Path) -> None:
    recipe = make_workspace(tmp_path / "desk")
    words = ("parcel", "jacket", "refund", "address", "basket", "invoice")
    rows = [chat(f"My {word} is not what I ordered", '{"queue": "returns"}') + "\n" for word in words]
    (recipe.parent / "test.jsonl").write_text("".join(rows))
    model = recipe.parent / "tiny"
    shutil.rmtree(model, ignore_errors=True)
    shutil.copytree(POCKET, model)
    (model / "modeling_ours.py").write_text("print('one')\n")
    recipe.write_text(recipe.read_text().replace('model_id = "tiny"', 'model_id = "tiny"\ntrust_remote_code = true'))
    workspace = Workspace(recipe.parent)
    async with opened(recipe, start="recipe") as (app, pilot):
        await until(pilot, lambda: app.opened is not None)
        start_fit(app)
        await until(pilot, lambda: "Trust the model's code?" in shown(app))
        assert "modeling_ours.py" in shown(app)
        assert "sha256" in shown(app)
        await pilot.press("escape")
        assert not list_jobs(workspace)
        assert "code_sha256" not in recipe.read_text()
        start_fit(app)
        await until(pilot, lambda: "Trust the model's code?" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: bool(list_jobs(workspace)))
        assert 'code_sha256 = "' in recipe.read_text()
        (job,) = list_jobs(workspace)
        if phase(job) in ALIVE:
            stop(job, now=True, grace=0.5)
        (model / "modeling_ours.py").write_text("print('another')\n")
        start_fit(app)
        await until(pilot, lambda: "Confirm the changed code?" in shown(app))
