"""A held-out text that stands within a text to train on is found, and a template that all share is not."""

from __future__ import annotations

import json
import random
from collections import Counter
from zlib import crc32

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ftworkbench.data.checks.fingerprints import words
from ftworkbench.data.checks.passages import Covered, eight_grams
from ftworkbench.paths import DEMO

TRIAGE = DEMO / "triage"
QUESTION = "how many of the forty blue birds in the old garden were seen by the three sisters on the first of may"


def sentence(seed: int, size: int = 30) -> str:
    draw = random.Random(seed)
    return " ".join(f"word{draw.randrange(5000)}" for _ in range(size))


def found(train: list[str], test: list[str]) -> list[Covered]:
    """The covered texts: `held` by its place in `test`."""
    tokens = [words(text) for text in [*train, *test]]
    flat = np.array([crc32(word.encode()) for token in tokens for word in token], dtype=np.uint32)
    starts = np.cumsum([0, *map(len, tokens)])
    held = np.arange(len(tokens)) >= len(train)
    return [Covered(one.held - len(train), one.train, one.share) for one in eight_grams(flat, starts, held)]


def test_a_question_quoted_in_a_longer_text_is_found_with_that_text() -> None:
    train = [*map(sentence, range(20)), f"{sentence(50, 60)} {QUESTION.upper()}! {sentence(51, 60)}"]
    assert found(train, [sentence(99), QUESTION]) == [Covered(1, 20, 1.0)]


def test_half_of_the_words_must_be_covered() -> None:
    halves = QUESTION.split()[:14]
    more = " ".join([*halves, *sentence(91, 10).split()])
    less = " ".join([*halves, *sentence(92, 20).split()])
    (only,) = found([QUESTION, *map(sentence, range(9))], [less, more])
    assert (only.held, only.train) == (1, 0)
    assert only.share == 14 / 24


def test_the_text_that_has_most_of_it_is_named() -> None:
    some = " ".join(QUESTION.split()[:15])
    assert [one.train for one in found([some, QUESTION, some], [QUESTION])] == [1]


def test_a_turn_of_phrase_in_a_short_text_is_none() -> None:
    assert (
        found([f"{sentence(1)} can you tell me when my new card will arrive"], ["when my new card will arrive"]) == []
    )
    shared = "can you please tell me when my new"
    assert found([f"{shared} card comes"], [f"{shared} parcel comes at last"]) == []


def test_what_many_texts_share_is_boilerplate() -> None:
    assert len(found([f"{QUESTION} {sentence(seed, 4)}" for seed in range(3)], [QUESTION])) == 1
    assert found([f"{QUESTION} {sentence(seed, 4)}" for seed in range(4)], [QUESTION]) == []
    many = [f"{QUESTION} {sentence(seed, 4)}" for seed in range(4)]
    assert len(found([*many, *map(sentence, range(500))], [QUESTION])) == 1


def test_a_text_that_repeats_itself_counts_once() -> None:
    assert len(found([" ".join([QUESTION] * 6), sentence(1)], [QUESTION])) == 1


def test_runs_do_not_reach_over_the_end_of_a_text() -> None:
    first, rest = QUESTION.split()[:7], QUESTION.split()[7:14]
    assert found([" ".join(first), " ".join(rest)], [" ".join([*first, *rest])]) == []


def test_held_out_texts_may_stand_anywhere_and_be_all_or_none() -> None:
    flat = np.arange(60, dtype=np.uint32).reshape(3, 20)
    flat[2] = flat[0]
    starts = np.array([0, 20, 40, 60])
    assert eight_grams(flat.ravel(), starts, np.array([True, False, False])) == [Covered(0, 2, 1.0)]
    empty_first = np.concatenate(([0], starts))
    assert eight_grams(flat.ravel(), empty_first, np.array([True, True, False, False])) == [Covered(1, 3, 1.0)]
    assert eight_grams(flat.ravel(), starts, np.ones(3, dtype=bool)) == []
    assert eight_grams(flat.ravel(), starts, np.zeros(3, dtype=bool)) == []
    assert eight_grams(flat.ravel()[:0], np.array([0]), np.zeros(0, dtype=bool)) == []
    assert eight_grams(flat.ravel()[:5], np.array([0, 0, 5, 5]), np.array([True, True, False])) == []


def test_in_the_demo_the_planted_leaks_are_found_and_nothing_else() -> None:
    prompts = {
        name: [json.loads(line)["messages"][0]["content"] for line in (TRIAGE / name).read_text("utf-8").splitlines()]
        for name in ("train.jsonl", "test.jsonl")
    }
    planted = json.loads((TRIAGE / "faults.json").read_text("utf-8"))["test.jsonl"]
    leaks = {fault["row"]: fault["of"] for fault in planted if fault["kind"] == "leak"}
    assert {one.held + 1: one.train + 1 for one in found(prompts["train.jsonl"], prompts["test.jsonl"])} == leaks


def plainly(train: list[list[int]], test: list[list[int]]) -> list[int]:
    """Which held-out texts are covered, by sets."""
    runs = [[tuple(text[at : at + 8]) for at in range(len(text) - 7)] for text in train]
    often = Counter(run for text in runs for run in text)
    in_texts = Counter(run for text in runs for run in set(text))
    counted = {run for run in often if in_texts[run] <= 3 and often[run] <= 12}
    covered = []
    for text in test:
        places = {at + k for at in range(len(text) - 7) if tuple(text[at : at + 8]) in counted for k in range(8)}
        covered.append(len(places))
    return [at for at, text in enumerate(test) if covered[at] >= max(len(text) / 2, 13)]


@given(st.lists(st.lists(st.integers(0, 2), max_size=40), max_size=8), st.integers(0, 8))
def test_it_finds_what_sets_of_runs_find(texts: list[list[int]], trained: int) -> None:
    train, test = texts[:trained], texts[trained:]
    flat = np.array([word for text in texts for word in text], dtype=np.uint32)
    starts = np.cumsum([0, *map(len, texts)])
    held = np.arange(len(texts)) >= len(train)
    assert [one.held - len(train) for one in eight_grams(flat, starts, held)] == plainly(train, test)
