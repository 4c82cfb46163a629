"""The commands over a trained job, as a script calls them: their objects, their exit codes."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from tiny import new_job

from ftworkbench.jobs.adapters import adapters_of
from ftworkbench.jobs.folder import Job, list_jobs
from ftworkbench.jobs.launch import stop
from ftworkbench.jobs.queue import take_device
from ftworkbench.jobs.state import phase
from ftworkbench.recipe.tables import Recipe
from ftworkbench.recipe.write import dumps
from ftworkbench.steps.blind import not_voted_on, questions_of
from ftworkbench.steps.contenders import contest_of
from ftworkbench.workspace import Workspace

Trained = tuple[Workspace, Recipe, Job]


def call(*arguments: str, typed: str | None = None) -> tuple[int, Any, str]:
    done = subprocess.run(
        [sys.executable, "-m", "ftworkbench", *arguments, "--json"],
        input=typed, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


def end_sessions(workspace: Workspace) -> None:
    for job in list_jobs(workspace):
        if job.kind == "session" and phase(job) in {"queued", "loading", "running"}:
            stop(job, now=True)


def test_compare_answers_by_baseline_and_by_the_adapter_that_it_names_and_votes_are_cast_blind(
    trained: Trained,
) -> None:
    workspace, _, job = trained
    before = sum(each.kind == "session" for each in list_jobs(workspace))
    try:
        code, found, said = call("compare", str(job.path), "--prompt", "Name the colour.", "--max-new-tokens", "8")
        again = call("compare", job.name, "--workspace", str(workspace.root), "--prompt", "Name the colour.")
        drawn = ("--temperature", "0.9", "--top-p", "0.9", "--seed", "5", "--seeds", "2")
        third = call(
            "compare", str(job.path), "--prompt", "Name the colour.", "--with", adapters_of(job)[1].name, *drawn
        )
        greedy = call("compare", str(job.path), "--prompt", "x", "--seeds", "2")
        nobody = call("compare", str(job.path), "--prompt", "x", "--with", "somebody")
        voted = call("vote", str(job.path), "--limit", "4", typed="l\nr\nu\nt\nl\n")
        preferences = [json.loads(line) for line in workspace.preferences.read_text().splitlines()]
        contest = contest_of(workspace, job)
        unasked = not_voted_on(contest, contest.first, questions_of(contest, "validation"))
    finally:
        end_sessions(workspace)
        workspace.votes.unlink(missing_ok=True)
        workspace.preferences.unlink(missing_ok=True)
    assert code == 0, said
    baseline, tuned = found["answers"]
    assert found["prompt"] == "Name the colour."
    assert baseline["adapter_sha256"] is None
    assert len(tuned["adapter_sha256"]) == 64
    assert tuned["name"] == "tuned"
    assert again[0] == 0
    assert "keeps the model for the next prompt; `ftworkbench stop " in again[2]
    sampled = [(each["temperature"], each["top_p"], each["seed"]) for each in third[1]["answers"]]
    assert sampled == [(0.9, 0.9, 5)] * 3 + [(0.9, 0.9, 6)] * 3
    assert third[1]["answers"][2]["name"].startswith("step ")
    assert greedy[0] == 2
    assert "greedy answers are all alike" in greedy[2]
    assert nobody[0] == 2
    assert "nobody of that name can answer; there are zero-shot" in nobody[2]
    assert voted[0] == 0, voted[2]
    votes = voted[1]["votes"]
    assert (voted[1]["between"], votes["one"]["name"], votes["n"]) == (["tuned", "zero-shot"], "tuned", 3)
    assert "the last vote is taken back" in voted[2]
    names = [line for line in voted[2].splitlines() if "tuned" in line or "zero-shot" in line]
    assert names == ["tuned and zero-shot answer 4 prompts; you don't see which is which"], "blind to the end"
    assert len(preferences) == votes["won"] + votes["lost"] == 3 - votes["ties"]
    assert len(unasked) == len(contest.rows["validation"]) - 3, "what has a vote is not asked again"
    # All calls were answered by one session.
    assert sum(each.kind == "session" for each in list_jobs(workspace)) == before + 1


def test_compare_asks_the_prompts_of_a_recipe_alone_before_anything_is_tuned(trained: Trained) -> None:
    workspace, recipe, _ = trained
    path = workspace.root / "prompts-alone.toml"
    path.write_text(dumps(replace(recipe, name=path.stem, prompt=replace(recipe.prompt, few_shot=(0, 3)))))
    try:
        code, found, said = call("compare", str(path), "--prompts", "--prompt", "Name it.", "--max-new-tokens", "4")
    finally:
        end_sessions(workspace)
        path.unlink()
    assert code == 0, said
    assert [(each["name"], each["adapter_sha256"]) for each in found["answers"]] == [
        ("zero-shot", None), ("few-shot-3", None),
    ]  # fmt: skip


def test_merge_proves_its_answers_and_refuses_a_folder_that_is_in_use(trained: Trained, tmp_path: Path) -> None:
    workspace, _, job = trained
    out = tmp_path / "merged"
    code, found, said = call("merge", job.name, "--workspace", str(workspace.root), "--out", str(out))
    assert code == 0, said
    assert found["path"] == str(out)
    assert found["same_answers"] == found["prompts"] > 0
    (merge,) = [each for each in list_jobs(workspace) if each.name == found["job"]]
    assert merge.log.read_text() == ""
    code, found, said = call("merge", job.name, "--workspace", str(workspace.root), "--out", str(out))
    assert code == 2
    assert found is None
    assert "not empty" in said


def test_compare_says_whom_it_waits_for_and_answers_when_its_turn_comes(trained: Trained) -> None:
    workspace, recipe, job = trained
    holder = new_job(workspace, "train", recipe)
    lease = take_device("cpu", holder, print, lambda: False)
    command = [sys.executable, "-m", "ftworkbench", "compare", str(job.path), "--prompt", "Name the colour."]
    asking = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert asking.stderr is not None
        said = ""
        while f"waits for {holder.short} (train)" not in said:
            line = asking.stderr.readline()
            assert line, said
            said += line
        lease.release()
        answered, more = asking.communicate(timeout=100)
    finally:
        lease.release()
        end_sessions(workspace)
        asking.kill()
    assert asking.returncode == 0, more
    assert "tuned" in answered
    assert "loading" in more


def test_jobs_lists_the_training_with_its_steps(trained: Trained) -> None:
    workspace, recipe, job = trained
    code, found, _ = call("jobs", str(workspace.root))
    assert code == 0
    entry = next(each for each in found["jobs"] if each["job"] == job.name)
    assert entry["kind"] == "train"
    assert entry["phase"] == "done"
    assert entry["step"] == entry["steps"] > 0
    assert entry["recipe"] == recipe.name
