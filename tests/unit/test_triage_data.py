"""The demo's tickets: the shipped files are what the script makes, and only the planted faults are there."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from ftworkbench.demo.make_triage import TRIAGE, main, make
from ftworkbench.demo.tickets.faults import NEAR_AT_LEAST
from ftworkbench.demo.tickets.grammar import QUEUES, URGENCIES
from ftworkbench.demo.tickets.rows import FEWEST_WORDS, MOST_WORDS, jaccard, shingles

TRAIN, TEST = "train.jsonl", "test.jsonl"
Place = tuple[str, int]
PERSONAL = re.compile(r"\S+@\S+|\d[\d \-]{8,}\d|\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,}")


def shipped(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (TRIAGE / name).read_text(encoding="utf-8").splitlines()]


ROWS = {(name, at): row for name in (TRAIN, TEST) for at, row in enumerate(shipped(name), 1)}
FAULTS: dict[str, list[dict[str, Any]]] = json.loads((TRIAGE / "faults.json").read_text(encoding="utf-8"))
DECISIONS: list[dict[str, Any]] = json.loads((TRIAGE / "decisions.json").read_text(encoding="utf-8"))


def prompt(place: Place) -> str:
    return str(ROWS[place]["messages"][0]["content"])


def reply(place: Place) -> str:
    return str(ROWS[place]["messages"][1]["content"])


def content(place: Place) -> tuple[str, str]:
    return prompt(place), reply(place)


def faults(*kinds: str) -> Iterator[tuple[Place, Place | None, dict[str, Any]]]:
    """The place of each fault of these kinds, the place of the row that it goes with, and its entry."""
    for name, entries in FAULTS.items():
        for entry in entries:
            if entry["kind"] in kinds:
                yield (name, entry["row"]), (TRAIN, entry["of"]) if entry["of"] else None, entry


def fault_pairs(kind: str) -> Iterator[tuple[Place, Place, dict[str, Any]]]:
    """The two places of each fault of a kind that takes two rows, and its entry."""
    for place, other, entry in faults(kind):
        assert other, entry
        yield place, other, entry


def pairs() -> set[frozenset[Place]]:
    kinds = "exact-duplicate", "near-duplicate", "conflicting-duplicate", "leak"
    return {frozenset((place, other)) for place, other, _ in faults(*kinds) if other}


def curated(name: str) -> list[tuple[str, str]]:
    """Prompt and answer of the rows of a file as decided; rows are known by content, and used once."""
    decided = {content((entry["file"], entry["row"])): entry for entry in DECISIONS}
    kept = {}
    for place in ROWS:
        said = content(place)
        decision = decided.get(said, {"do": "accept"})
        if place[0] == name and decision["do"] != "reject":
            kept[decision.get("prompt", said[0]), decision.get("answer", said[1])] = place
    return list(kept)


def test_the_script_makes_the_shipped_files_byte_for_byte(tmp_path: Path) -> None:
    main(["--out", str(tmp_path)])
    for name in (TRAIN, TEST, "faults.json", "decisions.json"):
        assert (tmp_path / name).read_bytes() == (TRIAGE / name).read_bytes(), name


def test_another_seed_makes_other_tickets() -> None:
    assert not set(make(21)[TEST].splitlines()) & set(make(22)[TEST].splitlines())


def test_every_row_is_a_ticket_and_strict_json_but_for_the_planted_empty_answers() -> None:
    empty = {place for place, _, _ in faults("empty-answer")}
    for place, row in ROWS.items():
        assert [message["role"] for message in row["messages"]] == ["user", "assistant"]
        assert FEWEST_WORDS <= len(prompt(place).split()) <= MOST_WORDS
        if place in empty:
            assert not reply(place).strip()
            continue
        label = json.loads(reply(place))
        assert reply(place) == json.dumps({"queue": label["queue"], "urgency": label["urgency"]})
        assert label["queue"] in (*QUEUES, "legal")
        assert label["urgency"] in URGENCIES


def test_faults_have_the_promised_numbers_and_never_meet_in_one_row() -> None:
    counts = Counter(entry["kind"] for entries in FAULTS.values() for entry in entries)
    assert counts == {
        "exact-duplicate": 10, "near-duplicate": 10, "conflicting-duplicate": 5, "wrong-label": 12,
        "empty-answer": 3, "personal-data": 2, "leak": 8, "small-class": 9, "outlier": 6,
    }  # fmt: skip
    involved = [place for one, other, _ in faults(*counts) for place in (one, other) if place]
    assert len(involved) == len(set(involved))


def test_faults_are_spread_over_the_training_file() -> None:
    rows = sum(name == TRAIN for name, _ in ROWS)
    tenths = Counter((entry["row"] - 1) * 10 // rows for entry in FAULTS[TRAIN])
    assert len(tenths) == 10
    assert max(tenths.values()) < len(FAULTS[TRAIN]) / 3


def test_duplicates_and_leaks_are_what_they_are_called() -> None:
    for place, other, entry in fault_pairs("exact-duplicate"):
        assert ROWS[place] == ROWS[other], entry
    for place, other, entry in fault_pairs("near-duplicate"):
        assert reply(place) == reply(other), entry
        assert prompt(place) != prompt(other), entry
    for place, other, entry in fault_pairs("conflicting-duplicate"):
        assert reply(place) != reply(other), entry
    for place, other, entry in fault_pairs("leak"):
        assert place[0] == TEST, entry
        assert reply(place) == reply(other), entry
    for pair in pairs():
        first, second = map(prompt, pair)
        for size, low in NEAR_AT_LEAST:
            assert jaccard(shingles(first, size), shingles(second, size)) >= low, pair


def test_no_other_two_rows_are_alike_or_share_eight_words() -> None:
    planted = pairs()
    words = {place: shingles(prompt(place), 1) for place in ROWS}
    runs = {place: shingles(prompt(place), 8) for place in ROWS}
    alike = [
        (one, other)
        for one, other in combinations(ROWS, 2)
        if (runs[one] & runs[other] or jaccard(words[one], words[other]) >= 0.5)
        and frozenset((one, other)) not in planted
    ]
    assert not alike


def test_personal_data_stands_only_where_it_was_planted_and_the_decisions_take_it_out() -> None:
    planted = {place for place, _, _ in faults("personal-data")}
    assert {place for place in ROWS if PERSONAL.search(prompt(place))} == planted
    assert not [text for name in (TRAIN, TEST) for text, _ in curated(name) if PERSONAL.search(text)]


def test_a_wrong_label_names_another_queue_and_its_decision_the_right_one() -> None:
    decided = {(entry["file"], entry["row"]): entry for entry in DECISIONS}
    for place, _, entry in faults("wrong-label"):
        wrong, right = json.loads(reply(place)), json.loads(decided[place]["answer"])
        assert entry["note"] == f"{wrong['queue']}, should be {right['queue']}"
        assert wrong["queue"] != right["queue"]
        assert wrong["urgency"] == right["urgency"]


def test_every_fault_is_decided_and_nothing_else_is() -> None:
    decided = {(entry["file"], entry["row"]) for entry in DECISIONS}
    wanted = {
        other if entry["kind"] == "leak" else place
        for place, other, entry in faults(*{entry["kind"] for rows in FAULTS.values() for entry in rows})
    }
    assert decided == wanted


@pytest.mark.parametrize(("name", "fewest", "most"), [(TRAIN, 540, 560), (TEST, 160, 190)])
def test_what_the_decisions_leave_is_level_and_free_of_faults(name: str, fewest: int, most: int) -> None:
    kept = curated(name)
    assert fewest <= len(kept) <= most
    labels = [json.loads(answer) for _, answer in kept]
    queues = Counter(label["queue"] for label in labels)
    urgencies = Counter(label["urgency"] for label in labels)
    assert set(queues) == set(QUEUES)
    assert min(queues.values()) > 0.8 * len(kept) / len(QUEUES)
    assert min(urgencies.values()) > 0.8 * len(kept) / len(URGENCIES)
    texts = [shingles(text, 3) for text, _ in kept]
    assert max(jaccard(one, other) for one, other in combinations(texts, 2)) < 0.5


def test_what_is_left_to_train_on_holds_nothing_of_the_test_file() -> None:
    runs = {run for text, _ in curated(TEST) for run in shingles(text, 8)}
    assert not [text for text, _ in curated(TRAIN) if shingles(text, 8) & runs]
