"""The Ship screen, by its keys, on a training job that was merged, and on ones that were not."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest
from made_jobs import ADAPTER, Made, make_job_folders
from workbenches import opened, shown, until

import ftworkbench.steps.merge
from ftworkbench.files import read_json, write_json
from ftworkbench.jobs.folder import list_jobs, read_manifest
from ftworkbench.jobs.launch import submit


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return make_job_folders(tmp_path / "support-triage")


@pytest.fixture
def unmerged(made: Made) -> Made:
    shutil.rmtree(made.jobs["merged"].path)
    shutil.rmtree(made.workspace.root / "merged")
    return made


async def test_a_merge_shows_its_proof_and_how_to_use_it(made: Made) -> None:
    async with opened(None, start="ship", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: "✔ proved" in shown(app))
        out = f"merged/{made.jobs['done'].name}"
        for words in ("same answers as the adapter, 32/32", "3.1e-06 at most", "29.4 MB", f"transformers serve {out}"):
            assert words in shown(app)
        assert f'path = "jobs/{made.jobs["done"].name}/adapter"' in shown(app)
        await pilot.press("y")
        await until(pilot, lambda: "copied" in shown(app))
        assert app.clipboard == f"transformers serve {made.workspace.root / out} --port 8000"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_hash_is_whole_or_in_two_halves_below_each_other(made: Made, size: tuple[int, int]) -> None:
    async with opened(None, start="ship", root=made.workspace.root, size=size) as (app, pilot):

        def whole() -> bool:
            lines = [*shown(app).splitlines(), ""]
            place = next((place for place, line in enumerate(lines) if "adapter hash" in line), -1)
            return ADAPTER in lines[place] or (ADAPTER[:32] in lines[place] and ADAPTER[32:] in lines[place + 1])

        await until(pilot, whole)


async def test_answers_that_differ_are_not_called_proved(made: Made) -> None:
    merged = made.jobs["merged"]
    write_json(merged.result, {**read_json(merged.result), "same_answers": 31})
    async with opened(None, start="ship", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: "✘ not the same" in shown(app))
        assert "31/32" in shown(app)
        assert "proved" not in shown(app)


async def test_what_is_not_better_is_said_plainly_before_it_is_merged(unmerged: Made) -> None:
    evaluated = unmerged.jobs["evaluated"]
    found = read_json(evaluated.verdict)
    write_json(evaluated.verdict, {**found, "verdict": {**found["verdict"], "word": "no better"}})
    async with opened(None, start="ship", root=unmerged.workspace.root) as (app, pilot):
        await until(pilot, lambda: "It did not beat prompting" in shown(app))
        assert "m merges the adapter into its model" in shown(app)


async def test_what_was_never_measured_is_said_too(unmerged: Made) -> None:
    shutil.rmtree(unmerged.jobs["evaluated"].path)
    async with opened(None, start="ship", root=unmerged.workspace.root) as (app, pilot):
        await until(pilot, lambda: "never measured against" in shown(app))


async def test_merging_is_a_job_that_goes_to_the_folder_that_was_chosen(
    unmerged: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ftworkbench.steps.merge, "submit", partial(submit, module="platform"))
    async with opened(None, start="ship", root=unmerged.workspace.root) as (app, pilot):
        await until(pilot, lambda: "m merges" in shown(app))
        await pilot.press("o", *"-2", "enter")
        await until(pilot, lambda: f"merged/{unmerged.jobs['done'].name}-2" in shown(app))
        await pilot.press("m")
        await until(pilot, lambda: any(job.kind == "merge" for job in list_jobs(unmerged.workspace)))
        merge = next(job for job in list_jobs(unmerged.workspace) if job.kind == "merge")
        out = unmerged.workspace.root / "merged" / f"{unmerged.jobs['done'].name}-2"
        assert read_manifest(merge)["args"] == {"job": str(unmerged.jobs["done"].path), "out": str(out)}


async def test_a_folder_that_holds_something_is_refused_while_one_writes_it(unmerged: Made) -> None:
    async with opened(None, start="ship", root=unmerged.workspace.root) as (app, pilot):
        await until(pilot, lambda: "m merges" in shown(app))
        await pilot.press("o", "ctrl+u", *"jobs", "enter")
        await until(pilot, lambda: "is there already and not empty" in shown(app))
