"""Blind votes: kept as they are cast, counted whichever side one stood on, and turned into preferences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ftworkbench.evaluate.votes import (
    Side,
    Vote,
    Word,
    asked_text,
    cast,
    read_votes,
    sides,
    take_back,
    tally,
    write_preferences,
)

TUNED, BASE = ("tuned", "8d3f"), ("few-shot-6", None)


def vote(word: Word, *, swapped: bool = False, **changed: Any) -> Vote:
    left, right = (Side(*TUNED, "blue"), Side(*BASE, "It is blue."))
    given = {
        "how": {},
        "id": f"{word}{swapped}{len(changed)}{changed}",
        "rows": "validation",
        "row": "k1",
        "t": 1.0,
        **changed,
    }
    pair = {"left": right, "right": left} if swapped else {"left": left, "right": right}
    return Vote(word=word, messages=({"role": "user", "content": "Which colour?"},), **pair, **given)


def any_vote(vote: Vote) -> bool:
    return True


def test_votes_are_counted_for_who_was_preferred_whichever_side_it_stood_on() -> None:
    votes = [vote("left"), vote("right", swapped=True), vote("right"), vote("tie"), vote("both bad")]
    found = tally(votes, TUNED, BASE)
    assert (found.won, found.lost, found.ties, found.both_bad, found.n) == (2, 1, 1, 1, 5)
    assert found.share == pytest.approx(2 / 3)
    assert found.interval[0] < 0.5 < found.interval[1]
    assert tally(votes, BASE, TUNED).won == 1
    assert tally(votes, TUNED, ("another", "77")).n == 0


def test_ten_wins_and_no_loss_are_no_chance_and_ties_say_nothing() -> None:
    votes = [vote("left", id=str(number)) for number in range(10)] + [vote("tie", id=f"t{n}") for n in range(50)]
    found = tally(votes, TUNED, BASE)
    assert found.p_value == pytest.approx(2 / 2**10)
    assert found.interval[0] > 0.5


def test_what_was_cast_is_read_again_and_the_last_can_be_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    for each in (vote("left"), vote("tie")):
        cast(path, each)
    with path.open("ab") as file:
        file.write(b'{"id": "cut sho')
    cast(path, vote("both bad"))
    assert read_votes(path) == [vote("left"), vote("tie"), vote("both bad")]
    assert take_back(path, any_vote) == vote("both bad")
    assert take_back(path, any_vote) == vote("tie")
    assert read_votes(path) == [vote("left")]
    assert take_back(path, any_vote) == vote("left")
    assert take_back(path, any_vote) is None


def test_a_vote_of_a_later_version_is_read_for_what_is_known_of_it(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    cast(path, vote("left"))
    line = json.loads(path.read_text())
    line["left"]["mood"] = line["mood"] = "new"
    path.write_text(json.dumps(line) + "\n")
    assert read_votes(path) == [vote("left")]


def test_only_the_last_of_those_that_are_meant_is_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    label = vote("right", rows="test", how={"evaluation": "e"})
    for each in (vote("left"), label):
        cast(path, each)
    assert take_back(path, lambda vote: "evaluation" not in vote.how) == vote("left")
    assert read_votes(path) == [label]


def test_preferences_are_made_of_choices_and_of_no_test_prompt(tmp_path: Path) -> None:
    votes = [vote("left"), vote("right"), vote("tie"), vote("both bad"), vote("left", rows="test")]
    assert write_preferences(tmp_path / "p.jsonl", votes) == 2
    first, second = map(json.loads, (tmp_path / "p.jsonl").read_text().splitlines())
    assert first["chosen"] == second["rejected"] == [{"role": "assistant", "content": "blue"}]
    assert first["prompt"] == [{"role": "user", "content": "Which colour?"}]


def test_no_preference_is_made_of_what_a_test_row_asks_nor_of_a_later_turn_of_a_talk(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    votes = [vote("left"), vote("left", rows="own", row=None), vote("left", rows="own", how={"talk": True})]
    assert write_preferences(path, votes) == 2
    assert write_preferences(path, votes, {"Which colour?"}) == 0
    told = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": " Which\n colour?  "}]
    assert asked_text(told) == "Which colour?"


def test_sides_are_shuffled_by_seed_and_prompt_and_each_stands_left_about_as_often() -> None:
    left = [sides(["a", "b"], 3, f"row {number}")[0] for number in range(400)]
    assert 150 < left.count("a") < 250
    assert sides(["a", "b"], 3, "row 7") == sides(["a", "b"], 3, "row 7")
    assert left != [sides(["a", "b"], 4, f"row {number}")[0] for number in range(400)]
