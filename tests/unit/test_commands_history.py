"""The commands of the history and of the queue, over jobs as workers leave them and some that really wait."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from headless import run

from ftworkbench.commands.jobs import fit_lines
from ftworkbench.files import write_json
from ftworkbench.jobs import queue
from ftworkbench.jobs.bin import remove
from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.events import EventLog
from ftworkbench.jobs.folder import Job, list_jobs, read_manifest
from ftworkbench.jobs.state import own_state, phase, write_state
from ftworkbench.recipe.write import dumps
from ftworkbench.steps.recipe import open_recipe
from ftworkbench.steps.splits import input_hashes, require_split
from ftworkbench.workspace import Workspace


def wait_for(what: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace with a recipe and sixty rows, on a machine whose cards are out of sight."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    words = ["parcel", "invoice", "password", "cable"]
    root = tmp_path / "desk"
    root.mkdir()
    with (root / "rows.jsonl").open("w") as file:
        for n in range(60):
            turns = [
                {"role": "user", "content": f"What about {words[n % 4]} number {n * 37} please"},
                {"role": "assistant", "content": f"label_{n % 4}"},
            ]
            file.write(json.dumps({"messages": turns}) + "\n")
    recipe = '[model]\nmodel_id = "pocket"\n\n[lora]\nr = 8\n\n[train]\nmax_steps = 1\n\n[data]\ntrain = "rows.jsonl"\n'
    (root / "desk.toml").write_text(recipe)
    return Workspace(root)


def trained(desk: Workspace, *overrides: str, kind: str = "train", **args: Any) -> Job:
    """A job that is done, with the recipe and the hashes that a real one has."""
    opened = open_recipe(desk.root, overrides)
    manifest = {"recipe": "desk", "args": args, "hashes": input_hashes(require_split(opened))}
    job = create_job(desk, kind, dumps(opened.resolved), manifest)
    log = EventLog(job.events, 1)
    log.emit("phase", phase="running")
    log.emit("evaluation", step=1, name="validation", values={"eval_loss": 0.25})
    log.emit("phase", phase="done")
    log.close()
    write_state(job, own_state("done", 1))
    return job


def entries(desk: Workspace) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("jobs", desk.root, "--json").stdout)["jobs"]
    return found


def test_jobs_says_what_each_changed_came_to_and_takes(desk: Workspace) -> None:
    first, second = trained(desk), trained(desk, "lora.r=32", "train.learning_rate=1e-4", "launch.cost_per_hour=2")
    done = run("jobs", desk.root)
    head, one, two = done.stdout.splitlines()
    assert re.split(r"\s{2,}", head) == [
        "job", "kind", "phase", "step", "verdict", "best loss", "time", "cost", "size",
    ]  # fmt: skip
    assert one.split()[:3] == [first.short, "train", "done"]
    assert "0.250" in two
    assert "r 8 → 32, learning_rate 2e-4 → 1e-4" in two
    assert re.fullmatch(r"2 jobs, [\d.]+ kB on disk, cost 0.00\n", done.stderr)
    entry = entries(desk)[1]
    assert (entry["job"], entry["against"], entry["best_loss"], entry["cost"]) == (second.name, first.name, 0.25, 0)


def test_what_a_terminal_has_no_room_for_beside_the_job_stands_below_it() -> None:
    rows = [("job", "size", ""), ("desk-1", "1 kB", "r 8 → 32, learning_rate 2e-4 → 1e-4"), ("desk-2", "22 kB", "")]
    assert fit_lines(rows, [1], 20) == ["job      size", "desk-1   1 kB", "  r 8 → 32, learnin…", "desk-2  22 kB"]
    assert fit_lines(rows, [1], 80) == fit_lines(rows, [1], None)
    assert len(fit_lines(rows, [1], None)) == len(rows)


def test_a_mark_is_kept_shown_and_searched_for(desk: Workspace) -> None:
    job, other = trained(desk), trained(desk)
    there = ("--workspace", desk.root)
    assert run("mark", job.short, *there, "--star", "--note", "for the demo").stdout == f"{job.short}  ★ for the demo\n"
    assert run("mark", job.short, *there).stdout == f"{job.short}  ★ for the demo\n"
    assert run("mark", other.short, *there).stdout == f"{other.short}  no marks\n"
    assert "★ for the demo" in run("jobs", desk.root).stdout
    found = json.loads(run("jobs", desk.root, "--find", "star demo", "--json").stdout)["jobs"]
    assert [entry["job"] for entry in found] == [job.name]
    assert "none of 2 jobs" in run("jobs", desk.root, "--find", "nothing").stderr
    done = run("mark", job.short, *there, "--no-star", "--note", "", "--json")
    entry = json.loads(done.stdout)
    assert (entry["star"], entry["note"]) == (False, "")
    refused = run("mark", job.short, *there, "--note", "x" * 501)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)


def test_diff_shows_only_what_differs_table_by_table_with_both_values(desk: Workspace) -> None:
    first, second = trained(desk), trained(desk, "lora.r=32", "prompt.system=Be brief.\nBe kind.")
    done = run("diff", first.short, second.short, "--workspace", desk.root)
    assert [line.split() for line in done.stdout.splitlines()] == [
        [first.short, second.short],
        ["[lora]"],
        ["r", "8", "32"],
        ["[prompt]"],
        ["system"],
        ["-", "–"],
        ["+", "Be", "brief."],
        ["+", "Be", "kind."],
    ]
    found = json.loads(run("diff", first.short, second.short, "--workspace", desk.root, "--json").stdout)
    assert found["same_split"] is True
    assert found["differences"][0] == {"option": "lora.r", "before": 8, "after": 32}
    same = run("diff", first.short, first.short, "--workspace", desk.root)
    assert (same.returncode, same.stdout) == (0, "")
    assert "the same options, rows and versions" in same.stderr


def test_diff_of_a_job_alone_is_against_its_recipe_as_it_is_now(desk: Workspace) -> None:
    job = trained(desk, "train.max_steps=9")
    write_json(job.manifest, {**read_manifest(job), "overrides": ["train.max_steps=9"]})
    recipe = desk.root / "desk.toml"
    recipe.write_text(recipe.read_text().replace("r = 8", "r = 64"))
    alone, named = run("diff", job.path), run("diff", job.path, recipe)
    assert ["max_steps", "9", "1"] in [line.split() for line in alone.stdout.splitlines()]
    assert ["r", "8", "64"] in [line.split() for line in alone.stdout.splitlines()]
    assert named.stdout == alone.stdout
    refused = run("diff", recipe)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    recipe.unlink()
    refused = run("diff", job.path)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "not in the workspace any more" in refused.stderr


def test_a_removed_job_is_in_the_bin_until_it_is_restored_or_the_bin_is_emptied(desk: Workspace) -> None:
    train = trained(desk)
    evaluation = trained(desk, kind="evaluate", job=str(train.path))
    write_json(evaluation.verdict, {"verdict": {"word": "better"}})
    there = ("--workspace", desk.root)
    done = run("remove", train.short, *there)
    assert re.fullmatch(rf"{train.short}  removed; [\d.]+ kB in the bin\n", done.stdout)
    assert f"what was made of it stays, and says that it is gone: {evaluation.short} (evaluate)" in done.stderr
    assert f"of {train.short}, which was removed" in run("jobs", desk.root).stdout
    assert "1 removed job" in run("jobs", desk.root).stderr
    gone = run("watch", train.short, *there)
    assert (gone.returncode, gone.stderr.count("\n")) == (2, 1)
    assert f"`ftworkbench restore {train.short}` brings it back" in gone.stderr
    assert f"of {train.short}, which was removed" in run("watch", evaluation.short, *there).stdout
    assert run("bin", desk.root).stdout.splitlines()[1].split()[0] == train.short
    assert run("restore", train.short, *there).stdout == f"{train.short}  is back\n"
    assert list_jobs(desk) == [train, evaluation]
    assert "the verdict on" in run("remove", evaluation.short, *there).stderr
    done = run("bin", desk.root, "--empty")
    assert re.fullmatch(r"1 job deleted for good, [\d.]+ kB freed\n", done.stdout)
    assert run("bin", desk.root).stderr == "the bin is empty\n"
    refused = run("restore", evaluation.short, *there)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)


def test_a_job_that_lives_is_not_removed(desk: Workspace) -> None:
    job = trained(desk)
    write_state(job, own_state("running", 1))
    done = run("remove", job.short, "--workspace", desk.root)
    assert (done.returncode, done.stderr) == (
        1,
        f"ftworkbench: {job.short}: is running; stop it before you remove it\n",
    )


def held_by(desk: Workspace) -> queue.Lease:
    """The device that every job here takes, held by this very process in the name of a job."""
    job = create_job(desk, "train", "", {"recipe": "holder", "args": {}, "hashes": {}})
    write_state(job, own_state("running", 1))
    return queue.take_device("cpu", job, print, lambda: False)


@pytest.fixture
def held(desk: Workspace) -> Iterator[Job]:
    lease = held_by(desk)
    yield list_jobs(desk)[0]
    for job in list_jobs(desk):
        if phase(job) == "queued":
            job.stop_file.touch()
    wait_for(lambda: all(phase(job) != "queued" for job in list_jobs(desk)))
    lease.release()


def queued(desk: Workspace) -> list[tuple[int, str]]:
    found = json.loads(run("queue", "--json").stdout)["places"]
    return [(place["place"], place["job"]) for place in found if place["device"] == "cpu"]


def test_the_queue_is_shown_in_order_and_jobs_in_it_are_moved_and_dropped(desk: Workspace, held: Job) -> None:
    first = Job(Path(run("train", desk.root, "--detach").stdout.strip()))
    second = Job(Path(run("rerun", first.path, "--detach").stdout.strip()))
    wait_for(lambda: len(queued(desk)) == 3)
    assert queued(desk) == [(0, held.name), (1, first.name), (2, second.name)]
    lines = run("queue").stdout.splitlines()
    assert lines[1].split()[:3] == ["cpu", "●", held.short]
    assert lines[2].split()[:3] == ["cpu", "1", first.short]
    moved = run("queue", "up", second.short, "--json")
    assert [place["job"] for place in json.loads(moved.stdout)["places"]][1:] == [second.name, first.name]
    assert run("queue", "down", second.short).returncode == 0
    assert run("queue", "first", str(second.path)).returncode == 0
    assert queued(desk)[1] == (1, second.name)
    assert run("queue", "drop", first.short).returncode == 0
    wait_for(lambda: phase(first) == "stopped")
    assert queued(desk) == [(0, held.name), (1, second.name)]
    refused = run("queue", "up", first.short)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert f"those that wait are {second.short}" in refused.stderr
    assert run("queue", "up").returncode == 2


def test_a_job_is_run_again_from_its_own_recipe_on_the_same_rows(desk: Workspace, held: Job) -> None:
    job = trained(desk, "lora.r=32")
    chosen = [{"key": "train.optim", "value": "adamw_torch", "why": "plain"}]
    write_json(job.manifest, {**read_manifest(job), "choices": chosen})
    (desk.root / "desk.toml").write_text("nothing that could be read [")
    done = run("rerun", job.short, "--workspace", desk.root, "--detach")
    new = Job(Path(done.stdout.strip()))
    assert done.returncode == 0
    assert done.stderr.startswith(f"`ftworkbench watch {new.short} --workspace ")
    assert new.recipe.read_text() == job.recipe.read_text()
    assert read_manifest(new)["hashes"] == read_manifest(job)["hashes"]
    assert read_manifest(new)["choices"] == [{"key": "train.optim", "value": "adamw_torch", "why": "plain"}]


def test_a_job_that_is_run_again_on_other_rows_says_so(desk: Workspace, held: Job) -> None:
    job = trained(desk)
    (desk.root / "rows.jsonl").write_text((desk.root / "rows.jsonl").read_text().replace("please", "now"))
    assert run("split", desk.root, "--again").returncode == 0
    done = run("rerun", job.short, "--workspace", desk.root, "--detach")
    assert done.returncode == 0
    assert "the split was frozen anew since" in done.stderr


def test_a_tracker_that_is_missing_is_said_before_anything_is_launched(desk: Workspace) -> None:
    done = run("train", desk.root, "--set", 'train.report_to=["nosuch"]', "--detach")
    assert done.returncode == 2
    assert "desk.toml: train.report_to: nosuch is no tracker; those are" in done.stderr.splitlines()[-1]
    assert list_jobs(desk) == []


def test_only_training_is_run_again(desk: Workspace) -> None:
    evaluation, train = trained(desk, kind="evaluate"), trained(desk)
    refused = run("rerun", evaluation.short, "--workspace", desk.root)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert f"there are {train.short} (train)" in refused.stderr


def test_commands_that_are_called_by_other_names_are_named(tmp_path: Path) -> None:
    for word, command in (("history", "jobs"), ("delete", "remove JOB"), ("undo", "restore JOB")):
        assert f"did you mean `ftworkbench {command}`?" in run(word, cwd=tmp_path).stderr


def test_a_bin_that_holds_jobs_says_how_much_room_they_take(desk: Workspace) -> None:
    job = trained(desk)
    (job.path / "weights").write_bytes(b"w" * 2_000_000)
    remove(job)
    found = json.loads(run("bin", desk.root, "--json").stdout)
    assert found["jobs"][0]["job"] == job.name
    assert 2_000_000 < found["bytes"] < 2_100_000
