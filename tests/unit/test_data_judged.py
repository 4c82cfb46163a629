"""Whether what a check found is still open, as decisions come and go."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ftworkbench.data.problems import Problem
from ftworkbench.data.review.judged import is_open
from ftworkbench.data.review.ledger import Ledger

ROW, OTHER = "a" * 16, "b" * 16


def found(kind: str, *, settled: bool = False) -> Problem:
    other = OTHER if kind in ("leak", "near-duplicate") else ""
    return Problem(kind, 7, "said so", settled=settled, key=ROW, other=3 if other else None, other_key=other)


def test_a_decision_about_the_row_settles_it_and_taking_that_back_opens_it(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "ledger.jsonl")
    assert is_open(found("personal-data"), ledger)
    ledger.decide(ROW, "skip")
    assert is_open(found("personal-data"), ledger)
    ledger.decide(ROW, "accept")
    assert not is_open(found("personal-data"), ledger)
    ledger.undo()
    assert is_open(found("personal-data"), ledger)


@pytest.mark.parametrize(
    ("kind", "do", "still"), [("near-duplicate", "accept", True), ("near-duplicate", "reject", False),
                              ("leak", "accept", False), ("leak", "reject", False)],
)  # fmt: skip
def test_a_decision_about_the_other_row_settles_what_it_can(tmp_path: Path, kind: str, do: str, still: bool) -> None:
    ledger = Ledger.open(tmp_path / "ledger.jsonl")
    ledger.decide(OTHER, do)
    assert is_open(found(kind), ledger) is still


def test_what_a_check_found_about_an_accepted_row_stays_open_until_it_is_decided_anew(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "ledger.jsonl")
    ledger.decide(ROW, "edit", messages=[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}])
    checked = time.time()
    assert is_open(found("personal-data"), ledger, checked)
    ledger.decide(ROW, "reject")
    assert not is_open(found("personal-data"), ledger, checked)


def test_what_was_settled_when_it_was_found_is_open_again_once_that_is_taken_back(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "ledger.jsonl")
    ledger.decide(ROW, "accept")
    assert not is_open(found("outlier", settled=True), ledger, time.time())
    ledger.undo()
    assert is_open(found("outlier", settled=True), ledger, time.time())
