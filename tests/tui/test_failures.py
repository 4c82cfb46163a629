"""From a failure back to the data: the training rows near it, its kind, and how each kind fared."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from made_jobs import Made, make_job_folders
from workbenches import opened, shown, until

from ftworkbench.data.review.decisions import NEAR_FAILURE
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.splits.split import freeze, load_parts
from ftworkbench.evaluate.outputs import read_outputs, write_outputs
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.names import short_name
from ftworkbench.recipe.read import parse
from ftworkbench.steps.evaluation import (
    GAINED,
    LOST,
    Pair,
    against_run_before,
    fate_words,
    is_graded,
    read_evaluation,
)
from ftworkbench.steps.failures import Kind, kind_table, kinds_of, nearest_rows, tag_failure, tag_near, tags_of
from ftworkbench.tui.widgets.flip_list import fate_counts
from ftworkbench.tui.widgets.kind_words import kind_lines


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return make_job_folders(tmp_path / "support-triage")


def test_the_rows_near_a_failure_are_training_rows_the_most_alike_first_and_are_tagged_once(made: Made) -> None:
    evaluation = made.jobs["evaluated"]
    pair = read_evaluation(evaluation).pairs[0]
    recipe = parse(evaluation.recipe.read_text(), "triage")
    freeze(made.workspace, "triage", recipe.data)
    path, keys = nearest_rows(evaluation, pair, 5)
    parts = load_parts(made.workspace, "triage", recipe.data)
    train = {parts.row_keys[example.key]: example for example in parts.train}
    assert path == made.workspace.root / "train.jsonl"
    assert len(keys) == 5
    words = set(pair.prompt.split())
    shared = [len(words & set(train[key].prompt[-1]["content"].split())) for key in keys]
    assert shared[0] >= sum(shared) / 5
    ledger = Ledger.open(made.workspace.ledger)
    ledger.decide(keys[0], "accept")
    before = [ledger.state(key) for key in keys]
    assert tag_near(made.workspace, keys) == 5
    assert tag_near(made.workspace, keys) == 0
    ledger.refresh()
    assert NEAR_FAILURE in ledger.state(keys[0]).tags
    assert ledger.state(keys[0]).status == "skipped", "accepted before, and undecided again"
    assert ledger.undo() is not None
    assert [ledger.state(key) for key in keys] == before, "one act, which one undo takes back"


def test_kinds_of_failure_are_counted_before_against_after(made: Made) -> None:
    found = read_evaluation(made.jobs["evaluated"])
    lost = [pair for pair in found.pairs if pair.fate == LOST]
    assert lost
    for pair in lost:
        tag_failure(made.workspace, pair.row, ["sarcasm"])
    tag_failure(made.workspace, lost[0].row, ["sarcasm", "two problems"])
    tags = tags_of(made.workspace, [pair.row for pair in found.pairs])
    rows = sum(pair.row in {each.row for each in lost} for pair in found.pairs)
    assert kinds_of(found.pairs, tags)[0] == Kind("sarcasm", rows, rows - len(lost), rows)
    tag_failure(made.workspace, lost[0].row, [])
    assert lost[0].row not in tags_of(made.workspace, [lost[0].row])


def test_by_a_graded_metric_kinds_count_the_rows_that_fell_and_rose() -> None:
    scores = {"a": (0.9, 0.4), "b": (0.2, 0.6), "c": (0.3, 0.5), "d": (0.7, 0.7), "e": (None, 0.8)}
    pairs = [Pair(row, 1, (), "", None, None, *both) for row, both in scores.items()]
    tags = {row: ["long", "alone"] if row == "e" else ["long"] for row in scores}
    kinds = kinds_of(pairs, tags, graded=True)
    assert [(kind.tag, kind.rows, *kind.figures) for kind in kinds] == [("long", 5, 1, 2), ("alone", 1, None, None)]
    assert kind_table(kinds)[0][2:] == ("score fell", "score rose")
    head, line, *_ = (each.plain for each in kind_lines(kinds, 80))
    assert head.split()[-4:] == ["score", "fell", "score", "rose"]
    assert line.split() == ["long", "5", "1", "2"]
    assert fate_words(LOST, graded=is_graded("rouge_l")) == "score fell"
    counted = fate_counts(Counter(pair.fate for pair in pairs), None, graded=True).plain
    assert counted.split() == ["↓", "1", "↑", "2", "=", "1", "·", "1"], "no row is right or wrong by a score"
    assert fate_words(LOST, graded=is_graded("exact_match")) == "right, now wrong"


async def test_a_failure_is_tagged_counted_and_followed_to_the_rows_near_it(made: Made) -> None:
    evaluation = made.jobs["evaluated"]
    freeze(made.workspace, "triage", parse(evaluation.recipe.read_text(), "triage").data)
    async with opened(None, start="evaluate", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: "right, now wrong" in shown(app) or "wrong, now right" in shown(app), 10)
        await pilot.press("e", *"sarcasm", "enter")
        await until(pilot, lambda: "tagged" in shown(app))
        await pilot.press("l")
        await until(pilot, lambda: "kind of error" in shown(app))
        assert "sarcasm" in shown(app)
        await pilot.press("l", "N")
        await until(pilot, lambda: "10 training rows tagged near-failure" in shown(app))
        assert "s f in Data (1) brings them up" in shown(app)
        await pilot.press("n")
        await until(pilot, lambda: "nearest to test row" in shown(app), 10)
        await pilot.press("5", "R")
        await until(pilot, (evaluation.path / "report.html").is_file)


async def test_run_against_run_says_what_was_fixed_and_what_broke(made: Made) -> None:
    first, second = made.jobs["evaluated"], again(made)
    fixed = break_one_and_fix_one(second)
    found = against_run_before(read_evaluation(second))
    assert found.fates[GAINED] == 1
    assert found.fates[LOST] == 1
    assert next(pair.row for pair in found.pairs if pair.fate == GAINED) == fixed
    assert found.baseline_name in read_evaluation(first).train_job
    change = found.change
    assert change is not None
    assert (change.gained, change.lost, change.word) == (1, 1, "no better")
    async with opened(None, start="evaluate", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: "right, now wrong" in shown(app) or "wrong, now right" in shown(app), 10)
        await pilot.press("c")
        await until(pilot, lambda: "1 rows gained, 1 lost" in shown(app))
        told = str(app.screen.query_one("#flips").border_subtitle)
        assert told.startswith(f"against {found.baseline_name}: no better, p = 1 · "), "beneath the passing line"
        await pilot.press("c")
        await until(pilot, lambda: not str(app.screen.query_one("#flips").border_subtitle).startswith("against"))


async def test_of_several_earlier_runs_one_is_chosen(made: Made) -> None:
    again(made, "stopped", "eeee", 1000)
    again(made, "lost", "ffff", 2000)
    async with opened(None, start="evaluate", root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: "right, now wrong" in shown(app) or "wrong, now right" in shown(app), 10)
        await pilot.press("c")
        await until(pilot, lambda: "Against which run?" in shown(app))
        first = read_evaluation(made.jobs["evaluated"]).train_job
        assert first is not None
        assert short_name(first) in shown(app)
        await pilot.press("k", "enter")  # from the newest, which the cursor is on
        await until(pilot, lambda: f"against {short_name(first)}: " in shown(app))


def again(made: Made, of: str = "stopped", name: str = "ffff", later: float = 1000) -> Job:
    """The evaluation once more, so many seconds later, of another training job."""
    first = made.jobs["evaluated"]
    second = Job(first.path.with_name(f"{first.path.name[:-4]}{name}"))
    shutil.copytree(first.path, second.path)
    manifest = json.loads(second.manifest.read_text())
    manifest["args"]["job"] = str(made.jobs[of].path)
    manifest["created"] += later
    second.manifest.write_text(json.dumps(manifest))
    return second


def break_one_and_fix_one(evaluation: Job) -> str:
    """Changes two answers of the tuned model; gives the row that is right now."""
    path = evaluation.outputs / "test.tuned.jsonl"
    outputs = read_outputs(path)
    right = [place for place, each in enumerate(outputs) if each.answer == each.reference]
    wrong = [place for place, each in enumerate(outputs) if each.answer != each.reference]
    outputs[right[0]] = replace(outputs[right[0]], answer="{}", scores={})
    outputs[wrong[0]] = replace(outputs[wrong[0]], answer=outputs[wrong[0]].reference, scores={})
    write_outputs(path, outputs)
    return outputs[wrong[0]].row
