"""The check finds every fault that was planted in the demo's data, and nothing else of those kinds."""

from __future__ import annotations

import json

import pytest

from ftworkbench.data.checks.check import Report, check_files
from ftworkbench.paths import DEMO

TRIAGE = DEMO / "triage"
DECIDABLE = (
    "empty-answer",
    "exact-duplicate",
    "near-duplicate",
    "conflicting-duplicate",
    "personal-data",
    "leak",
    "small-class",
)


@pytest.fixture(scope="module")
def report() -> Report:
    return check_files([TRIAGE / "train.jsonl", TRIAGE / "test.jsonl"])


@pytest.mark.parametrize("kind", DECIDABLE)
def test_every_planted_fault_of_a_kind_that_can_be_decided_and_no_other(report: Report, kind: str) -> None:
    planted = json.loads((TRIAGE / "faults.json").read_text())
    assert kind in {fault["kind"] for faults in planted.values() for fault in faults}
    for file in report.files:
        expected = {fault["row"]: fault["of"] for fault in planted[file.path.name] if fault["kind"] == kind}
        found = {problem.row: problem.other for problem in file.problems if problem.kind == kind}
        assert found == expected


@pytest.mark.parametrize("kind", ["wrong-label", "outlier"])
def test_eight_in_ten_of_what_can_only_be_suspected_are_among_the_first_twenty(report: Report, kind: str) -> None:
    planted = json.loads((TRIAGE / "faults.json").read_text())["train.jsonl"]
    wrong = {fault["row"] for fault in planted if fault["kind"] == kind}
    suspects = [problem.row for problem in report.files[0].problems if problem.kind == kind]
    assert len(wrong) >= 6
    assert len(suspects) <= 25
    assert len(wrong & set(suspects[:20])) >= 0.8 * len(wrong)


def test_nothing_is_said_of_languages_or_damage_where_there_is_none(report: Report) -> None:
    kinds = {problem.kind for file in report.files for problem in file.problems}
    assert not kinds & {"other-language", "damaged-text"}


def test_only_leaks_block_and_the_rows_add_up(report: Report) -> None:
    blocking = {problem.kind for file in report.files for problem in file.open if problem.blocks}
    assert report.blocks
    assert blocking == {"leak"}
    for file in report.files:
        assert file.kept + file.refused + file.fates["duplicate"] == file.rows == sum(file.fates.values())
        assert file.format == "openai-chat"
