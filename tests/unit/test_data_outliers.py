"""Rows that are no rows of the task stand out; files of one kind raise no alarm."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest

from ftworkbench.data.checks.outliers import FEWEST_ROWS, find_outliers
from ftworkbench.data.checks.vectors import text_vectors
from ftworkbench.paths import DEMO

TRIAGE = DEMO / "triage"
STARTS = ("my parcel has not come", "i cannot log in", "you charged me twice", "the screen stays black")
ENDS = ("please help me", "what shall i do", "i am still waiting", "can you look into it", "thanks a lot")


def tickets(count: int, seed: int = 1) -> list[str]:
    draw = random.Random(seed)
    return [f"{draw.choice(STARTS)} {draw.choice(ENDS)} order {draw.randrange(300)}" for _ in range(count)]


def test_the_planted_outliers_of_the_demo_come_first() -> None:
    rows = [json.loads(line) for line in (TRIAGE / "train.jsonl").read_text(encoding="utf-8").splitlines()]
    faults = json.loads((TRIAGE / "faults.json").read_text(encoding="utf-8"))["train.jsonl"]
    planted = {fault["row"] - 1 for fault in faults if fault["kind"] == "outlier"}
    found = [one.index for one in find_outliers(text_vectors(row["messages"][0]["content"] for row in rows))]
    assert set(found[: len(planted)]) == planted
    assert len(found) <= len(planted) + 2


def test_the_other_files_of_the_demo_raise_no_alarm() -> None:
    for name in ("test.jsonl", "general.jsonl"):
        rows = [json.loads(line)["messages"] for line in (TRIAGE / name).read_text(encoding="utf-8").splitlines()]
        assert find_outliers(text_vectors("\n".join(turn["content"] for turn in row[:-1]) for row in rows)) == []


@pytest.mark.parametrize("count", [400, 6000])
def test_a_strange_text_is_found_among_few_and_among_many(count: int) -> None:
    texts = tickets(count)
    texts[count // 3] = "peel two onions and sweat them in butter over a low flame with parsley and nutmeg"
    (only,) = find_outliers(text_vectors(texts))
    assert only.index == count // 3
    assert 0 <= only.likeness < 0.1


def test_only_the_rows_asked_for_are_looked_at_and_empty_ones_are_not() -> None:
    texts = [*tickets(200), "peel two onions and sweat them in butter", "", "  "]
    assert find_outliers(text_vectors(texts), np.arange(200)) == []
    assert [one.index for one in find_outliers(text_vectors(texts))] == [200]


def test_few_rows_and_rows_that_are_all_the_same_have_none() -> None:
    assert find_outliers(text_vectors([*tickets(FEWEST_ROWS - 2), "onions"])) == []
    assert find_outliers(text_vectors(["the same"] * 300)) == []


def test_no_more_are_named_than_asked_for() -> None:
    strange = [" ".join(random.Random(seed).choices([f"w{n}" for n in range(5000)], k=9)) for seed in range(30)]
    assert len(find_outliers(text_vectors([*tickets(900), *strange]), most=7)) == 7
