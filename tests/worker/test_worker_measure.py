from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tiny import chat, events, make_workspace, new_job, notices, run_job, write_rows

from ftworkbench.data.splits.split import load_parts
from ftworkbench.evaluate.outputs import read_outputs
from ftworkbench.files import read_json
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import phase, read_state
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker.__main__ import do_job
from ftworkbench.worker.measure import drawn
from ftworkbench.workspace import Workspace

Trained = tuple[Workspace, Recipe, Job]
HASHES = {"baseline": "0123456789abcdef"}


def _evaluate(trained: Trained, **args: Any) -> Job:
    workspace, recipe, job = trained
    args.setdefault("job", str(job.path))
    evaluation = new_job(workspace, "evaluate", recipe, HASHES, **args)
    do_job(evaluation)
    assert phase(evaluation) == "done", (read_state(evaluation), evaluation.log)
    return evaluation


@pytest.fixture(scope="module")
def baseline(trained: Trained) -> Job:
    return _evaluate(trained, job=None)


@pytest.fixture(scope="module")
def measured(trained: Trained, baseline: Job) -> Job:
    return _evaluate(trained, baseline=str(baseline.path))


def _verdict(job: Job) -> dict[str, Any]:
    found = read_json(job.verdict)
    assert isinstance(found, dict)
    return found


def test_the_baseline_alone_measures_every_contestant_and_gives_no_verdict(trained: Trained, baseline: Job) -> None:
    found = _verdict(baseline)
    assert found["verdict"] is None
    assert [each["name"] for each in found["contestants"]] == ["zero-shot", "few-shot-3"]
    assert [each["name"] for each in found["systems"]] == [found["chosen"]]
    assert found["advice"]["word"] in {"gather more data", "add examples", "enough as it is"}
    assert "30 rows to train on" in str(found["advice"]["reasons"])
    assert not (baseline.outputs / "test.tuned.jsonl").exists()
    other = {"zero-shot", "few-shot-3"} - {found["chosen"]}
    assert not (baseline.outputs / f"test.{other.pop()}.jsonl").exists(), "only the chosen one may see the test rows"


def test_tuned_and_baseline_answer_the_same_frozen_rows(trained: Trained, measured: Job) -> None:
    workspace, recipe, _ = trained
    parts = load_parts(workspace, recipe.name, recipe.data)
    found = _verdict(measured)
    tuned = read_outputs(measured.outputs / "test.tuned.jsonl")
    prompted = read_outputs(measured.outputs / f"test.{found['chosen']}.jsonl")
    assert found["n"] == len(parts.test)
    assert [each.row for each in tuned] == [each.row for each in prompted] == [each.key for each in parts.test]
    assert [each.reference for each in tuned] == [each.answer for each in parts.test]
    assert all(each.messages[0]["content"] == "Name the colour." for each in tuned)
    assert found["verdict"]["word"] in {"better", "no better", "not enough data", "worse"}
    assert [each["name"] for each in found["systems"]] == [found["chosen"], "tuned"]


def test_the_tuned_model_learned_to_name_a_colour(measured: Job) -> None:
    found = _verdict(measured)
    scores = {each["name"]: each["metrics"][found["verdict"]["metric"]]["value"] for each in found["systems"]}
    assert scores["tuned"] > scores[found["chosen"]]


def test_a_baseline_that_was_measured_is_used_again(baseline: Job, measured: Job) -> None:
    found = _verdict(measured)
    assert found["baseline_job"] == baseline.name
    assert found["contestants"] == _verdict(baseline)["contestants"]
    assert found["advice"] == _verdict(baseline)["advice"]
    assert found["ways"]["baseline"] == _verdict(baseline)["ways"]["baseline"], "as it was timed then"
    name = f"test.{found['chosen']}.jsonl"
    assert (measured.outputs / name).read_bytes() == (baseline.outputs / name).read_bytes()
    asked = {event.fields["what"] for event in events(measured, "progress")}
    assert asked == {"test.tuned", "regression.skills.after"}


def test_a_baseline_of_something_else_is_measured_anew(trained: Trained, baseline: Job) -> None:
    workspace, recipe, job = trained
    args = {"job": str(job.path), "baseline": str(baseline.path)}
    other = new_job(workspace, "evaluate", recipe, {"baseline": "other"}, **args)
    do_job(other)
    assert phase(other) == "done", read_state(other)
    assert _verdict(other)["baseline_job"] is None
    assert "measured anew" in notices(other)["baseline"]
    # Measured twice, the same model answers the same.
    name = f"test.{_verdict(other)['chosen']}.jsonl"
    assert [each.answer for each in read_outputs(other.outputs / name)] == [
        each.answer for each in read_outputs(baseline.outputs / name)
    ]


def test_without_a_baseline_the_verdict_says_so(trained: Trained) -> None:
    found = _verdict(_evaluate(trained, skip_baseline=True))
    assert found["verdict"]["word"] == "no baseline"
    assert [each["name"] for each in found["systems"]] == ["tuned"]


def test_other_skills_are_asked_before_and_after(measured: Job) -> None:
    suite = _verdict(measured)["regression"][0]
    assert (suite["suite"], suite["n"]) == ("skills", 4)
    for when in ("before", "after"):
        outputs = read_outputs(measured.outputs / f"regression.skills.{when}.jsonl")
        assert [each.messages[0]["content"] for each in outputs] == ["Say yes.", "Say no.", "Say tomato.", "Say sea."]


def test_a_suite_is_measured_by_the_metric_that_the_recipe_names(trained: Trained) -> None:
    workspace, recipe, job = trained
    suites = ("skills.jsonl:contains",)
    named = replace(recipe, evaluate=replace(recipe.evaluate, regression=suites, limit=2))
    found = _verdict(_evaluate((workspace, named, job), skip_baseline=True))
    assert [(each["suite"], each["metric"]) for each in found["regression"]] == [("skills", "contains")]


def test_an_adapter_of_another_base_is_refused(trained: Trained, model: Path, tmp_path: Path) -> None:
    import shutil

    workspace, _, job = trained
    other = tmp_path / "other"
    shutil.copytree(model, other)
    from tiny import make_recipe

    evaluation = new_job(workspace, "evaluate", make_recipe(other), HASHES, job=str(job.path))
    do_job(evaluation)
    state = read_state(evaluation)
    assert state is not None
    assert (state.phase, "fits its own base only" in state.why) == ("failed", True)


def test_prompts_longer_than_the_context_are_counted_not_fatal(model: Path, tmp_path: Path) -> None:
    workspace, recipe = make_workspace(
        tmp_path, model, prompt__system="word " * 80, evaluate__regression=[], prompt__few_shot=[0]
    )
    evaluation = new_job(workspace, "evaluate", recipe, HASHES, job=None)
    do_job(evaluation)
    assert phase(evaluation) == "done", read_state(evaluation)
    outputs = read_outputs(evaluation.outputs / "test.zero-shot.jsonl")
    assert len(outputs) == _verdict(evaluation)["n"]
    silent = [each for each in outputs if each.tokens == 0]
    assert silent, "the case that this test is about"
    assert f"{len(silent)} of {len(outputs)} prompts could not be asked" in notices(evaluation)["prompt-too-long"]


def test_a_stop_ends_an_evaluation_between_two_batches(trained: Trained) -> None:
    workspace, recipe, job = trained
    evaluation = new_job(workspace, "evaluate", recipe, HASHES, job=str(job.path))
    do_job(evaluation, evaluation.outputs.exists)
    assert phase(evaluation) == "stopped"
    assert not evaluation.verdict.exists()


def test_evaluating_nothing_is_an_error_in_one_line(trained: Trained) -> None:
    workspace, recipe, _ = trained
    job = run_job(workspace, "evaluate", recipe, job=None, skip_baseline=True)
    state = read_state(job)
    assert state is not None
    assert (state.phase, state.why.startswith("nothing to measure")) == ("failed", True)


def test_the_report_has_the_card_each_metrics_test_and_how_many_groups_there_are(measured: Job, baseline: Job) -> None:
    found = _verdict(measured)
    assert list(found["card"]) == ["quality", "format", "regression", "latency", "cost"]
    assert found["card"]["quality"]["n"] == found["groups"]["rows"] == found["n"]
    assert 0 < found["groups"]["groups"] <= found["n"]
    assert found["card"]["cost"]["figures"]["tuned"]["n"] > 0
    assert found["metrics"][0]["metric"] == found["verdict"]["metric"]
    assert found["verdict"]["headline"].startswith(found["verdict"]["word"])
    assert (_verdict(baseline)["card"], _verdict(baseline)["metrics"]) == (None, [])


def test_test_rows_that_are_nearly_the_same_are_tested_as_one(trained: Trained, tmp_path: Path, model: Path) -> None:
    asked = "Which colour has the tomato that grandmother bought on Monday at the old market"
    questions = [chat(f"{asked}, {word}?", "red") for word in ("please", "now", "again")]
    apart = [chat(f"Colour {number} of the {number * 7} blocks?", "blue") for number in range(1, 4)]
    write_rows(tmp_path / "test.jsonl", [*questions, *apart])
    workspace, recipe = make_workspace(tmp_path, model, data__test="test.jsonl", evaluate__regression=[])
    args = {"job": str(trained[2].path), "skip_baseline": True}
    evaluation = new_job(workspace, "evaluate", recipe, HASHES, **args)
    do_job(evaluation)
    assert phase(evaluation) == "done", read_state(evaluation)
    assert _verdict(evaluation)["groups"]["largest"] == 3


def test_of_a_sorted_file_a_limit_takes_rows_from_everywhere(trained: Trained) -> None:
    workspace, recipe, _ = trained
    rows = sorted(load_parts(workspace, recipe.name, recipe.data).train, key=lambda example: example.answer)
    some = drawn(rows, 15, 42)
    assert len(some) == 15
    assert {example.answer for example in some} == {"red", "green", "blue"}
    assert [rows.index(example) for example in some] == sorted(rows.index(example) for example in some)
    assert list(some) == list(drawn(rows, 15, 42))
    assert drawn(rows, None, 42) is rows
    assert drawn(rows, len(rows) + 1, 42) is rows
