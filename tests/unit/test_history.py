"""What the history says of each job, and what differs between recipes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ftworkbench.files import write_json
from ftworkbench.jobs.bin import remove
from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.events import EventLog
from ftworkbench.jobs.folder import Job, list_jobs, read_manifest
from ftworkbench.jobs.marks import change_marks
from ftworkbench.jobs.matching import matches
from ftworkbench.jobs.state import own_state, write_state
from ftworkbench.steps.differences import (
    all_differences,
    by_table,
    difference_words,
    option_differences,
    side_of_job,
    side_of_recipe,
    value_words,
)
from ftworkbench.steps.jobs import summaries
from ftworkbench.steps.recipe import open_recipe
from ftworkbench.workspace import Workspace

RECIPE = (
    '[model]\nmodel_id = "pocket"\n[lora]\nr = {r}\n[train]\nlearning_rate = {rate}\n[data]\ntrain = "rows.jsonl"\n'
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def made(
    workspace: Workspace, r: int = 16, rate: float = 2e-4, more: str = "", recipe: str = "triage", **manifest: Any
) -> Job:
    given = {"recipe": recipe, "args": {}, "hashes": {}, **manifest}
    job = create_job(workspace, "train", RECIPE.format(r=r, rate=rate) + more, given)
    found = read_manifest(job)
    write_json(job.manifest, {**found, "created": float(len(list_jobs(workspace)))})
    write_state(job, own_state("done", 1))
    return job


def entries(workspace: Workspace) -> dict[str, dict[str, Any]]:
    return {entry["job"]: entry for entry in summaries(workspace)}


def test_each_job_says_what_it_changed_against_the_one_before_of_its_recipe(workspace: Workspace) -> None:
    first = made(workspace)
    other = made(workspace, r=8, recipe="other")
    second = made(workspace, r=32, rate=1e-4)
    third = made(workspace, r=32, rate=1e-4)
    found = entries(workspace)
    assert [found[job.name]["changes"] for job in (first, other, third)] == ["", "", ""]
    assert found[second.name]["changes"] == "r 16 → 32, learning_rate 2e-4 → 1e-4"
    assert found[second.name]["against"] == first.name
    assert found[second.name]["changed"] == [
        {"option": "lora.r", "before": 16, "after": 32},
        {"option": "train.learning_rate", "before": 0.0002, "after": 0.0001},
    ]
    remove(second)
    assert entries(workspace)[third.name]["against"] == first.name


def test_an_option_that_an_older_version_did_not_write_is_no_difference(workspace: Workspace) -> None:
    made(workspace)
    newer = made(workspace, more="[launch]\nmemory_retries = 3\n")
    other = made(workspace, more="[launch]\nmemory_retries = 5\n")
    found = entries(workspace)
    assert found[newer.name]["changes"] == ""
    assert found[other.name]["changes"] == "memory_retries 3 → 5"


def test_options_of_the_same_name_are_told_apart_by_their_tables() -> None:
    found = option_differences({"train.seed": 1, "data.seed": 1}, {"train.seed": 2, "data.seed": 3})
    assert difference_words(found) == "train.seed 1 → 2, data.seed 1 → 3"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (2e-4, "2e-4"), (1e-05, "1e-5"), (2.5e-4, "2.5e-4"), (0.05, "0.05"), (3.0, "3"), (1e22, "1e22"), (0.0, "0"),
        (1234.5, "1234.5"), (-3e-4, "-3e-4"), (16, "16"), (True, "true"), (None, "–"), ([0, 6], "[0, 6]"),
        ({"a": 1}, "{a = 1}"), (float("inf"), "inf"), ("all-linear", "all-linear"),
    ],
)  # fmt: skip
def test_values_are_as_short_as_they_can_be_and_the_same(value: Any, words: str) -> None:
    assert value_words(value) == words
    if isinstance(value, float):
        assert float(words) == value


def test_best_loss_time_cost_and_room_are_in_the_entry(workspace: Workspace) -> None:
    job = made(workspace, more="[launch]\ncost_per_hour = 3.6\n")
    log = EventLog(job.events, 1)
    log.emit("phase", phase="running")
    log.emit("evaluation", step=10, name="validation", values={"eval_loss": 0.25})
    log.close()
    lines = [json.loads(line) for line in job.events.read_text().splitlines()]
    lines[1]["t"] = lines[0]["t"] + 1000
    job.events.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (job.path / "weights").write_bytes(b"w" * 100_000)
    entry = entries(workspace)[job.name]
    assert (entry["best_loss"], entry["best_of"], entry["best_step"]) == (0.25, "evaluation", 10)
    assert (entry["seconds"], entry["cost"]) == (1000.0, 1.0)
    assert entry["bytes"] > 100_000
    plain = made(workspace)
    assert entries(workspace)[plain.name]["cost"] is None  # nobody said what an hour costs


def test_star_and_note_are_shown_and_found(workspace: Workspace) -> None:
    job, other = made(workspace), made(workspace, r=8)
    change_marks(job, star=True, note="the one for the Demo")
    found = entries(workspace)
    entry, plain = found[job.name], found[other.name]
    assert (entry["star"], entry["note"]) == (True, "the one for the Demo")
    assert matches(entry, "demo ONE")
    assert matches(entry, f"star {job.short}")
    assert not matches(entry, "demo two")
    assert not matches(plain, "star")
    assert matches(plain, "8 done")
    assert matches(plain, "")


def test_an_evaluation_says_that_the_training_it_was_of_is_gone(workspace: Workspace) -> None:
    job = made(workspace)
    about = {"recipe": "triage", "args": {"job": str(job.path)}, "hashes": {}}
    evaluation = create_job(workspace, "evaluate", "", about)
    write_state(evaluation, own_state("done", 1))
    entry = entries(workspace)[evaluation.name]
    assert (entry["about"], entry["about_gone"]) == (job.name, False)
    remove(job)
    entry = entries(workspace)[evaluation.name]
    assert (entry["about"], entry["about_gone"]) == (job.name, True)


def test_a_recipe_that_cannot_be_read_has_no_differences_and_breaks_nothing(workspace: Workspace) -> None:
    made(workspace)
    broken = made(workspace)
    broken.recipe.write_bytes(b"[lora\n\xff")
    missing = made(workspace)
    missing.recipe.unlink()
    after = made(workspace)
    assert [entry["changes"] for entry in entries(workspace).values()] == [""] * 4
    assert entries(workspace)[after.name]["against"] == missing.name


def test_a_job_is_compared_with_its_recipe_as_it_is_now_and_the_split_and_versions_count(workspace: Workspace) -> None:
    (workspace.root / "rows.jsonl").write_text("")
    recipe = workspace.root / "triage.toml"
    recipe.write_text(RECIPE.format(r=16, rate=2e-4) + '[launch]\ndevice = "cpu"\nthreads = 2\n')
    from ftworkbench.recipe.write import dumps

    opened = open_recipe(recipe)
    text = dumps(opened.resolved)
    given = {"recipe": "triage", "args": {}, "hashes": {"split": "5" * 64}, "versions": {"peft": "0.1"}}
    job = create_job(workspace, "train", text, given)
    assert option_differences(side_of_job(job).options, side_of_recipe(opened).options) == ()
    recipe.write_text(recipe.read_text().replace("r = 16", "r = 64"))
    workspace.splits.mkdir()
    (workspace.splits / "triage.json").write_text(json.dumps({"sha256": "9" * 64}))
    found = dict(by_table(all_differences(side_of_job(job), side_of_recipe(open_recipe(recipe)))))
    assert list(found)[:2] == ["lora", "split"]
    assert [(each.name, each.before, each.after) for each in found["lora"]] == [("r", 16, 64)]
    assert (found["split"][0].before, found["split"][0].after) == ("5" * 12, "9" * 12)
    assert ("peft", "0.1") in [(each.name, each.before) for each in found["versions"]]
