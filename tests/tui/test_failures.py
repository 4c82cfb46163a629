"""From a failure back to the data: the training rows near it, its kind, and how each kind fared."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_jobs import Made, make_job_folders

from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.splits.split import freeze, load_parts
from ftworkbench.recipe.read import parse
from ftworkbench.steps.evaluation import LOST, read_evaluation
from ftworkbench.steps.failures import NEAR, Kind, kinds_of, nearest_rows, tag_failure, tag_near, tags_of


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
    assert tag_near(made.workspace, keys) == 5
    assert tag_near(made.workspace, keys) == 0
    assert NEAR in Ledger.open(made.workspace.ledger).state(keys[0]).tags


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
