"""Answers that break the form of their file, and labels that an edit has mistyped, are named."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest

from ftworkbench.data.checks.answers import broken_answers
from ftworkbench.data.checks.check import FileReport, check_files
from ftworkbench.data.review.judged import is_open
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.sources.source import open_source

WORDS = [f"{start}{end}" for start in ("pa", "lo", "me", "ti", "ru") for end in ("cel", "gin", "nu", "ve", "st", "ck")]
USUAL = '{"category": "billing", "priority": "low"}'


def chat(prompt: str, answer: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]}


def rows(answers: list[str]) -> list[dict[str, Any]]:
    draw = random.Random(1)
    return [chat(" ".join(draw.choices(WORDS, k=9)), answer) for answer in answers]


def write(path: Path, records: list[Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def tickets(count: int = 40) -> list[str]:
    """Answers in JSON, each a text of its own."""
    return [json.dumps({"category": ("billing", "delivery")[n % 2], "priority": f"p{n}"}) for n in range(count)]


def edit(path: Path, ledger: Ledger, number: int, answer: str) -> None:
    with open_source(path) as source:
        row = source.row(number - 1)
    assert row.example is not None
    ledger.decide(row.key, "edit", messages=[*row.example.messages[:-1], {"role": "assistant", "content": answer}])


def found(file: FileReport, kind: str) -> list[tuple[int, str, bool]]:
    return [(one.row, one.reason, one.settled) for one in file.problems if one.kind == kind]


def test_an_answer_that_an_edit_has_broken_is_open_until_it_is_mended_or_rejected(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", rows(tickets()))
    ledger = Ledger.open(tmp_path / "ledger.jsonl")
    edit(path, ledger, 3, '{"category": billing')
    (file,) = check_files([path], ledger=ledger).files
    ((row, reason, settled),) = found(file, "broken-answer")
    assert (row, settled) == (3, False)
    assert reason.startswith("not JSON: line 1 column 14: ")
    assert not file.blocks
    assert file.fates["edited"] == 1
    edit(path, ledger, 3, USUAL)
    assert found(check_files([path], ledger=ledger).files[0], "broken-answer") == []
    edit(path, ledger, 3, "billing")
    with open_source(path) as source:
        ledger.decide(source.row(2).key, "reject")
    ((_, _, settled),) = found(check_files([path], ledger=ledger).files[0], "broken-answer")
    assert settled


def test_a_refused_row_that_an_edit_broke_is_settled_by_the_edit_that_mends_it(tmp_path: Path) -> None:
    path, ledger = write(tmp_path / "train.jsonl", rows(["", *tickets()])), Ledger.open(tmp_path / "ledger.jsonl")
    with open_source(path) as source:
        row = source.row(0)
    assert row.draft is not None
    asked = row.draft.messages[0]
    ledger.decide(row.key, "edit", messages=[asked, {"role": "assistant", "content": "{broken"}])
    (problem,) = (one for one in check_files([path], None, ledger).files[0].problems if one.kind == "broken-answer")
    checked = time.time()
    assert (problem.row, problem.key) == (1, row.key)
    assert is_open(problem, ledger, checked)
    ledger.decide(row.key, "edit", messages=[asked, {"role": "assistant", "content": USUAL}])
    assert not is_open(problem, ledger, checked)


def test_a_broken_answer_of_the_file_is_settled_by_accepting_it_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", rows([*tickets(), "Here is what you asked for: " + tickets(1)[0] * 3]))
    ledger = Ledger.open(tmp_path / "ledger.jsonl")
    reason = "not JSON: line 1 column 1: neither { nor ["
    assert found(check_files([path], ledger=ledger).files[0], "broken-answer") == [(41, reason, False)]
    with open_source(path) as source:
        ledger.decide(source.row(40).key, "accept")
    assert found(check_files([path], ledger=ledger).files[0], "broken-answer") == [(41, reason, True)]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ('{"category": "billing"}', 'lacks "priority", which 604 of 605 answers have'),
        ('{"category": "a", "priority": "b", "team": 1}', 'has "team", which 604 of 605 answers lack'),
        (
            '{"category": "a", "Priority": "low"}',
            'lacks "priority", which 604 of 605 answers have; has "Priority", which 604 of 605 answers lack',
        ),
        ('["billing", "low"]', "a list, where 604 of 605 answers are objects"),
        (
            '{"category": "billing", "priority": "low"} ok',
            "not JSON: line 1 column 44: unexpected content after document",
        ),
    ],
)
def test_what_is_wrong_with_an_answer_is_told_in_words(answer: str, reason: str) -> None:
    assert broken_answers({USUAL: 604, answer: 1}) == {answer: reason}


def test_spaces_lines_and_the_order_of_keys_break_nothing() -> None:
    assert broken_answers({USUAL: 60, '\n{\n  "priority": "low",\n  "category": "billing"\n}\n': 1}) == {}


@pytest.mark.parametrize(
    "answers",
    [
        {USUAL: 18, "billing": 1},
        {USUAL: 60, "It should be billing, I think": 20},
        {USUAL: 60, '{"category": "billing"}': 20},
        {'{"name":"find","arguments":{}}': 60, "There is no such parcel.": 3},
        {'["a", "b"]': 60, "[]": 5, '[{"a": 1}]': 3},
        {"billing": 60, USUAL: 1},
        {},
    ],
    ids=["few rows", "not nearly all in JSON", "another usual form", "tool calls", "lists", "plain labels", "nothing"],
)
def test_where_answers_have_no_form_in_common_none_breaks_it(answers: dict[str, int]) -> None:
    assert broken_answers(answers) == {}


def test_a_mistyped_label_of_an_edit_is_a_class_too_small_and_open(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", rows(["billing", "delivery", "returns"] * 25))
    ledger = Ledger.open(tmp_path / "ledger.jsonl")
    assert found(check_files([path], ledger=ledger).files[0], "small-class") == []
    edit(path, ledger, 5, "delivrey")
    (file,) = check_files([path], ledger=ledger).files
    assert found(file, "small-class") == [(5, '"delivrey" has 1 row to train on', False)]
    edit(path, ledger, 5, "returns")
    assert found(check_files([path], ledger=ledger).files[0], "small-class") == []
