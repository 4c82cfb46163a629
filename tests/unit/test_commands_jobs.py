"""The commands about jobs, over jobs as workers leave them and one that really waits in the queue."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from headless import run

from ftworkbench.files import write_json
from ftworkbench.jobs import queue
from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.events import EventLog
from ftworkbench.jobs.folder import Job, list_jobs
from ftworkbench.jobs.state import own_state, phase, write_state
from ftworkbench.steps.recipe import open_recipe
from ftworkbench.steps.splits import require_split
from ftworkbench.workspace import Workspace

REPORT = {
    "n": 40,
    "systems": [
        {"name": "zero-shot", "metrics": {"exact_match": {"value": 0.5, "interval": [0.4, 0.6]}}},
        {"name": "tuned", "metrics": {"exact_match": {"value": 0.9, "interval": [0.8, 0.95]}}},
    ],
    "verdict": {"word": "better", "metric": "exact_match", "p_value": 0.001, "interval": [0.2, 0.5], "needed": None},
}


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
    turns = [
        [
            {"role": "user", "content": f"What about {words[n % 4]} number {n * 37} please"},
            {"role": "assistant", "content": f"label_{n % 4}"},
        ]
        for n in range(60)
    ]
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps({"messages": messages}) + "\n" for messages in turns))
    assert run("init", tmp_path / "desk", "--data", rows, "--model", "pocket").returncode == 0
    return Workspace(tmp_path / "desk")


def ended(workspace: Workspace, kind: str, manifest: dict[str, Any] | None = None) -> Job:
    """A job that is done, with an adapter or a report by its kind."""
    job = create_job(workspace, kind, "", {"recipe": "desk", "args": {}, "hashes": {}, **(manifest or {})})
    if kind == "train":
        job.adapter.mkdir()
        write_json(job.adapter / "adapter_config.json", {})
        write_json(job.result, {"steps": 9, "train_loss": 1.5, "seconds": 3.0})
    else:
        write_json(job.verdict, REPORT)
    write_state(job, own_state("done", 1))
    EventLog(job.events, 1).emit("phase", phase="done")
    return job


def trained_beside_the_split(workspace: Workspace, *overrides: str) -> Job:
    test = require_split(open_recipe(workspace.root, overrides)).test_sha256
    return ended(workspace, "train", {"hashes": {"test": test}, "overrides": list(overrides)})


def test_every_shape_of_a_workspace_lists_the_same_jobs_by_the_names_that_are_shown(desk: Workspace) -> None:
    train, evaluation = ended(desk, "train"), ended(desk, "evaluate")
    recipe = desk.root / "desk.toml"
    listed = [
        run("jobs", cwd=desk.root),
        run("jobs", desk.root),
        run("jobs", recipe),
        run("jobs", "--workspace", desk.root),
        run("jobs", "--workspace", recipe),
    ]
    assert {done.returncode for done in listed} == {0}
    assert len({done.stdout for done in listed}) == 1
    lines = listed[0].stdout.splitlines()
    assert lines[1].split()[:3] == [train.short, "train", "done"]
    assert lines[2].split()[:4] == [evaluation.short, "evaluate", "done", "better"]
    assert run("jobs", desk.root / "nowhere").returncode == 2


def test_a_job_is_named_in_every_way_that_leaves_no_choice(desk: Workspace) -> None:
    train, evaluation = ended(desk, "train"), ended(desk, "evaluate")
    there = ("--workspace", desk.root)
    names = (train.short, train.name, train.name[-4:], train.path)
    assert {run("watch", name, *there).stdout.splitlines()[0] for name in names} == {f"{train.short}  done"}
    assert "verdict: better" in run("watch", evaluation.name[-4:], *there).stdout
    several = run("watch", "desk", *there)
    assert several.returncode == 2
    assert f"{train.short} (train)" in several.stderr
    assert f"{evaluation.short} (evaluate)" in several.stderr
    unknown = run("watch", "nobody", *there)
    assert unknown.returncode == 2
    assert train.short in unknown.stderr


def test_a_command_for_trained_jobs_takes_the_recipe_where_it_has_one_such_job(desk: Workspace) -> None:
    ended(desk, "train")
    ended(desk, "evaluate")
    out = desk.root.parent / "merged"
    out.mkdir()
    (out / "in-the-way").touch()
    done = run("merge", desk.root / "desk.toml", "--out", out)
    assert done.returncode == 2
    assert "not empty" in done.stderr  # it got as far as the folder: the job was found
    ended(desk, "train")
    done = run("compare", desk.root, "--prompt", "x")
    assert done.returncode == 2
    assert "may be any of 2 jobs" in done.stderr


def test_watching_an_evaluation_that_has_ended_prints_its_result_as_evaluate_does(desk: Workspace) -> None:
    job = ended(desk, "evaluate")
    done = run("watch", job.path)
    assert done.returncode == 0
    assert "on the same 40 frozen test rows:" in done.stdout
    assert "verdict: better, by +20.0 to +50.0 points of exact_match, p = 0.001" in done.stdout
    write_json(job.verdict, {**REPORT, "verdict": {**REPORT["verdict"], "word": "no better"}})
    assert run("watch", job.path).returncode == 1
    write_json(job.verdict, {**REPORT, "verdict": {**REPORT["verdict"], "breaks": ["sums"], "headline": "better, but"}})
    done = run("watch", job.path)
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "better, but")
    assert "verdict: better, but it breaks sums, by +20.0 to +50.0 points" in done.stdout
    assert "skills lost" in run("jobs", desk.root).stdout
    job.verdict.write_text("{")
    done = run("watch", job.path)
    assert done.returncode == 1
    assert done.stdout.count("\n") == 1
    assert "cannot be read" in done.stdout


@pytest.mark.parametrize("where", ["inside", "beside"])
def test_the_hint_after_training_is_taken_word_for_word(desk: Workspace, where: str) -> None:
    job = trained_beside_the_split(desk, "data.limit=40", "train.max_steps=1")
    here = desk.root if where == "inside" else desk.root.parent
    said = run("watch", job.path, cwd=here).stdout.splitlines()
    (hint,) = [line.removeprefix("next: ") for line in said if line.startswith("next: ")]
    program, *words = shlex.split(hint)
    assert (program, words[0]) == ("ftworkbench", "evaluate")
    assert "data.limit=40" in words
    assert "train.max_steps=1" not in words
    lease = hold_device(desk)
    try:
        evaluation = subprocess.Popen(
            [sys.executable, "-m", "ftworkbench", *words], cwd=here, stderr=subprocess.PIPE, text=True
        )
        assert evaluation.stderr is not None
        assert f"measuring baseline and {job.short}" in evaluation.stderr.readline()
    finally:
        for each in list_jobs(desk):
            if phase(each) == "queued" and each.kind == "evaluate":
                each.stop_file.touch()
        evaluation.communicate(timeout=60)
        lease.release()


def test_no_evaluation_is_offered_that_would_be_refused(desk: Workspace) -> None:
    job = trained_beside_the_split(desk)
    assert "next: " in run("watch", job.path).stdout
    assert run("split", desk.root / "desk.toml", "--again").returncode == 0
    (desk.root.parent / "rows.jsonl").write_text((desk.root.parent / "rows.jsonl").read_text().replace("please", "now"))
    assert run("split", desk.root / "desk.toml", "--again").returncode == 0
    assert "next: " not in run("watch", job.path).stdout
    refused = run("evaluate", desk.root, "--job", job.short)
    assert refused.returncode == 2
    assert "train again" in refused.stderr


def hold_device(workspace: Workspace) -> queue.Lease:
    """The device that every job here takes, held by this very process in the name of a job."""
    job = create_job(workspace, "train", "", {"recipe": "holder", "args": {}, "hashes": {}})
    write_state(job, own_state("running", 1))
    return queue.take_device("cpu", job, print, lambda: False)


@pytest.fixture
def held(desk: Workspace) -> Iterator[Job]:
    lease = hold_device(desk)
    yield list_jobs(desk)[0]
    lease.release()


def test_a_job_in_the_queue_says_whom_it_waits_for_wherever_it_is_looked_at(desk: Workspace, held: Job) -> None:
    started = run("train", desk.root, "--detach")
    assert started.returncode == 0, started.stderr
    job = Job(Path(started.stdout.strip()))
    whom = f"waits for {held.short} (train)"
    try:
        wait_for(lambda: whom in run("jobs", desk.root).stdout)
        entry = json.loads(run("jobs", desk.root, "--json").stdout)["jobs"][-1]
        assert (entry["job"], entry["phase"], entry["why"]) == (job.name, "queued", whom)
        watching = subprocess.Popen(
            [sys.executable, "-m", "ftworkbench", "watch", str(job.path)], stderr=subprocess.PIPE, text=True
        )
        assert watching.stderr is not None
        assert whom in watching.stderr.readline() + watching.stderr.readline()
        stopped = run("stop", job.short, "--workspace", desk.root)
        assert stopped.stdout == f"{job.short}  stopped\n"
        assert watching.wait(timeout=20) == 1
        watching.stderr.close()
    finally:
        job.stop_file.touch()


def test_a_job_of_another_kind_is_refused_with_those_that_would_do(desk: Workspace) -> None:
    evaluation, train = ended(desk, "evaluate"), ended(desk, "train")
    for words in (["merge", evaluation.short, "--workspace", desk.root, "--out", desk.root / "out"],
                  ["evaluate", desk.root, "--job", evaluation.short]):  # fmt: skip
        done = run(*words)
        assert done.returncode == 2
        assert f"{evaluation.short}: is no training job" in done.stderr
        assert f"{train.short} (train)" in done.stderr


def test_another_split_than_the_frozen_one_is_refused_with_both_ways_out(desk: Workspace) -> None:
    assert run("split", desk.root, "--set", "data.limit=40").returncode == 0
    done = run("split", desk.root)
    assert done.returncode == 2
    assert "put it back (data.limit = 40)" in done.stderr
    _, command, _ = done.stderr.split("`")
    assert run(*shlex.split(command)[1:]).returncode == 0
    assert run("split", desk.root).returncode == 0


def judged_on_the_split(workspace: Workspace) -> tuple[Job, Job]:
    """A tuned model, and the evaluation of it on the frozen split."""
    train = trained_beside_the_split(workspace)
    split = require_split(open_recipe(workspace.root))
    about = {"args": {"job": str(train.path)}, "hashes": {"split": split.sha256, "test": split.test_sha256}}
    return train, ended(workspace, "evaluate", about)


def test_a_split_that_a_verdict_depends_on_is_not_replaced_unasked(desk: Workspace) -> None:
    train, evaluation = judged_on_the_split(desk)
    frozen = json.loads((desk.splits / "desk.json").read_bytes())
    assert run("split", desk.root, "--again").returncode == 0  # the same rows: nothing becomes void
    refused = run("split", desk.root, "--again", "--set", "data.seed=7")
    assert refused.returncode == 2
    assert evaluation.short in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert json.loads((desk.splits / "desk.json").read_bytes())["sha256"] == frozen["sha256"]
    found = json.loads(run("jobs", desk.root, "--json").stdout)["jobs"]
    assert [(job["verdict"], job["void"]) for job in found] == [("better", False)] * 2
    _, command, _ = refused.stderr.split("`")
    assert shlex.split(command)[-2:] == ["--again", "--void"]
    done = run(*shlex.split(command)[1:], "--set", "data.seed=7", "--json")
    assert json.loads(done.stdout)["void"] == [evaluation.name]
    found = json.loads(run("jobs", desk.root, "--json").stdout)["jobs"]
    assert [(job["job"], job["verdict"], job["void"]) for job in found] == [
        (train.name, "better", True),
        (evaluation.name, "better", True),
    ]
    assert run("jobs", desk.root).stdout.count("better (void)") == 2
    assert "void: the split" in run("watch", evaluation.path).stdout
    assert run("split", desk.root, "--again").returncode == 0  # nothing depends on the split of seed 7


def test_verdicts_on_a_split_that_comes_back_stand_again(desk: Workspace) -> None:
    _, evaluation = judged_on_the_split(desk)
    assert "void now" in run("split", desk.root, "--again", "--void", "--set", "data.seed=7").stdout
    assert run("split", desk.root, "--again").returncode == 0
    assert "(void)" not in run("jobs", desk.root).stdout
    assert evaluation.short in run("jobs", desk.root).stdout


def test_what_may_be_void_is_said_with_again_alone(desk: Workspace) -> None:
    refused = run("split", desk.root, "--void")
    assert refused.returncode == 2
    assert "--void goes with --again" in refused.stderr


def test_a_damaged_split_is_replaced_unasked_only_where_its_verdicts_stand(desk: Workspace) -> None:
    judged_on_the_split(desk)
    (desk.splits / "desk.json").write_text("{")
    assert run("split", desk.root, "--again", "--set", "data.seed=7").returncode == 2
    assert run("split", desk.root, "--again").returncode == 0  # the rows of before: nothing is void
    assert "(void)" not in run("jobs", desk.root).stdout
