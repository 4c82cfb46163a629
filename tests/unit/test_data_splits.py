"""A split is drawn once, frozen, and held to: nothing held out is trained on, and nothing frozen changes unseen."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.sources.source import open_source
from ftworkbench.data.splits.split import Parts, find_split, freeze, frozen_sha256, load_parts
from ftworkbench.errors import InputError
from ftworkbench.recipe.tables import Data
from ftworkbench.workspace import Workspace

LONG = "my parcel was left in the rain by the courier and the box with the new screen is soaked"
LABELS = {"billing": 50, "delivery": 30, "account": 20}
DATA = Data(train="train.jsonl")


def chat(prompt: str, answer: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]}


def sentence(seed: int) -> str:
    rng = random.Random(seed)
    return " ".join(f"word{rng.randrange(100_000)}" for _ in range(10))


def rows(counts: dict[str, int], start: int = 0) -> list[Any]:
    labels = [label for label, count in counts.items() for _ in range(count)]
    return [chat(sentence(start + number), label) for number, label in enumerate(labels)]


def write(path: Path, records: list[Any]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    write(tmp_path / "train.jsonl", rows(LABELS))
    return Workspace(tmp_path)


def parts(workspace: Workspace, data: Data = DATA) -> Parts:
    return load_parts(workspace, "triage", data)


def answers(examples: Any) -> Counter[str]:
    return Counter(example.answer for example in examples)


def key(workspace: Workspace, prompt: str, file: str = "train.jsonl") -> str:
    with open_source(workspace.root / file) as source:
        return next(row.key for row in source.rows() if row.example and row.example.prompt_text == prompt)


def test_the_shares_of_the_labels_are_kept_in_every_part(workspace: Workspace) -> None:
    split = freeze(workspace, "triage", DATA)
    found = parts(workspace)
    assert split.counts == {"train": 70, "validation": 10, "test": 20}
    assert answers(found.test) == {"billing": 10, "delivery": 6, "account": 4}
    assert answers(found.validation) == {"billing": 5, "delivery": 3, "account": 2}
    keys = [example.key for part in (found.train, found.validation, found.test) for example in part]
    assert len(set(keys)) == len(keys) == 100


def test_the_same_rows_give_the_same_split_in_any_order_and_another_seed_gives_another(workspace: Workspace) -> None:
    first = freeze(workspace, "triage", DATA)
    test = {example.key for example in parts(workspace).test}
    shuffled = rows(LABELS)
    random.Random(5).shuffle(shuffled)
    write(workspace.root / "train.jsonl", shuffled)
    again = freeze(workspace, "triage", DATA, again=True)
    assert {example.key for example in parts(workspace).test} == test
    write(workspace.root / "train.jsonl", rows(LABELS))
    assert freeze(workspace, "triage", DATA, again=True).sha256 == first.sha256
    assert again.counts == first.counts
    other = Data(train="train.jsonl", seed=7)
    assert freeze(workspace, "triage", other, again=True).test_sha256 != first.test_sha256


def test_what_is_frozen_stays_when_it_is_asked_for_again(workspace: Workspace) -> None:
    assert find_split(workspace, "triage", DATA) is None
    first = freeze(workspace, "triage", DATA)
    write(workspace.root / "train.jsonl", [*rows(LABELS), *rows({"billing": 40}, start=1000)])
    assert freeze(workspace, "triage", DATA) == first == find_split(workspace, "triage", DATA)
    assert len(parts(workspace).train) == 70
    assert freeze(workspace, "triage", DATA, again=True).counts["train"] == 98


def test_near_duplicates_stay_on_one_side(workspace: Workspace) -> None:
    families = [
        [chat(f"{sentence(n)} {sentence(n + 500)}{end}", "billing") for end in ("", " now", " please")]
        for n in range(30)
    ]
    write(workspace.root / "train.jsonl", [row for family in families for row in family])
    freeze(workspace, "triage", DATA)
    found = parts(workspace)
    sides = [{e.prompt_text.split()[0] for e in part} for part in (found.train, found.validation, found.test)]
    assert all(sides)
    assert sum(map(len, sides)) == len(set().union(*sides))
    assert len(found.test) % 3 == 0


def test_classes_of_one_or_two_rows_and_files_of_few_rows_do_not_crash(workspace: Workspace) -> None:
    write(workspace.root / "train.jsonl", rows({"billing": 12, "a": 1, "b": 2, "c": 1}))
    freeze(workspace, "triage", DATA)
    found = parts(workspace)
    assert set(answers(found.train)) == {"billing", "a", "b", "c"}
    for count in (1, 2, 3):
        write(workspace.root / "train.jsonl", rows({"billing": count}))
        freeze(workspace, "triage", DATA, again=True)
        assert len(parts(workspace).train) >= 1


def test_limit_draws_rows_by_seed_with_the_shares_kept(workspace: Workspace) -> None:
    data = Data(train="train.jsonl", limit=50)
    split = freeze(workspace, "triage", data)
    found = parts(workspace, data)
    assert split.counts == {"train": 35, "validation": 5, "test": 10}
    assert answers([*found.train, *found.validation, *found.test]) == {"billing": 25, "delivery": 15, "account": 10}


def test_files_of_their_own_are_used_whole_and_the_rest_is_drawn_from_train(workspace: Workspace) -> None:
    write(workspace.root / "test.jsonl", rows({"billing": 9, "delivery": 4}, start=5000))
    data = Data(train="train.jsonl", test="test.jsonl")
    assert freeze(workspace, "triage", data).counts == {"train": 90, "validation": 10, "test": 13}
    write(workspace.root / "valid.jsonl", rows({"billing": 3}, start=6000))
    data = Data(train="train.jsonl", test="test.jsonl", validation="valid.jsonl")
    assert freeze(workspace, "both", data).counts == {"train": 100, "validation": 3, "test": 13}


def test_undecided_leaks_are_refused_by_row_and_decided_ones_are_not_trained_on(workspace: Workspace) -> None:
    train = [chat(LONG, "delivery"), chat(f"{LONG} two", "delivery"), *rows(LABELS)]
    write(workspace.root / "train.jsonl", train)
    write(workspace.root / "test.jsonl", [*rows({"billing": 5}, start=5000), train[10]])
    data = Data(train="train.jsonl", test="test.jsonl")
    with pytest.raises(InputError, match=r"test\.jsonl row 6 is train\.jsonl row 11"):
        freeze(workspace, "triage", data)
    assert not workspace.splits.exists()
    ledger = Ledger.open(workspace.ledger)
    ledger.decide(key(workspace, train[10]["messages"][0]["content"]), "accept")
    freeze(workspace, "triage", data)
    found = parts(workspace, data)
    assert len(found.test) == 6
    assert not {example.key for example in found.test} & {example.key for example in found.train}


def test_rejections_and_edits_after_the_freeze_reach_train(workspace: Workspace) -> None:
    freeze(workspace, "triage", DATA)
    before = parts(workspace).train
    ledger = Ledger.open(workspace.ledger)
    ledger.decide(key(workspace, before[0].prompt_text), "reject")
    edited = chat(before[1].prompt_text, "mended")["messages"]
    ledger.decide(key(workspace, before[1].prompt_text), "edit", messages=edited)
    after = parts(workspace).train
    assert len(after) == len(before) - 1
    assert after[0].answer == "mended"
    assert find_split(workspace, "triage", DATA) == parts(workspace).split


def test_a_train_row_that_is_edited_into_a_test_row_is_not_trained_on(workspace: Workspace) -> None:
    freeze(workspace, "triage", DATA)
    found = parts(workspace)
    ledger = Ledger.open(workspace.ledger)
    ledger.decide(key(workspace, found.train[0].prompt_text), "edit", messages=list(found.test[0].messages))
    after = parts(workspace)
    assert after.test == found.test
    assert len(after.train) == len(found.train) - 1
    assert found.test[0].key not in {example.key for example in after.train}


@pytest.mark.parametrize("part", ["test", "validation"])
def test_a_held_out_row_that_was_decided_since_is_an_error_that_names_it(workspace: Workspace, part: str) -> None:
    freeze(workspace, "triage", DATA)
    row = getattr(parts(workspace), part)[0]
    ledger = Ledger.open(workspace.ledger)
    row_key = key(workspace, row.prompt_text)
    ledger.decide(row_key, "reject")
    says = rf"train\.jsonl, row \d+, a {part} row, was rejected .*split .*triage.toml --again"
    with pytest.raises(InputError, match=says):
        parts(workspace)
    ledger.undo()
    assert parts(workspace)
    ledger.decide(row_key, "edit", messages=chat(row.prompt_text, "other")["messages"])
    with pytest.raises(InputError, match="was edited"):
        parts(workspace)
    freeze(workspace, "triage", DATA, again=True)
    assert parts(workspace)


def test_a_test_row_that_left_the_file_is_an_error(workspace: Workspace) -> None:
    freeze(workspace, "triage", DATA)
    gone = parts(workspace).test[0].prompt_text
    left = [row for row in rows(LABELS) if row["messages"][0]["content"] != gone]
    write(workspace.root / "train.jsonl", left)
    with pytest.raises(InputError, match="no longer in the data"):
        parts(workspace)


def test_another_setting_than_the_frozen_one_is_an_error_and_not_ignored(workspace: Workspace) -> None:
    freeze(workspace, "triage", DATA)
    with pytest.raises(InputError, match=r"data\.limit is 40, but was not set"):
        parts(workspace, Data(train="train.jsonl", limit=40))


def test_no_split_a_damaged_one_and_one_changed_by_hand_say_so(workspace: Workspace) -> None:
    with pytest.raises(InputError, match="no split is frozen"):
        parts(workspace)
    split = freeze(workspace, "triage", DATA)
    text = split.path.read_text()
    content = json.loads(text)
    moved = content["train"].pop()
    content["test"].append(moved)
    split.path.write_text(json.dumps(content))
    with pytest.raises(InputError, match="changed by hand"):
        parts(workspace)
    split.path.write_text(text[:-40])
    with pytest.raises(InputError, match="not a frozen split"):
        parts(workspace)


def test_a_damaged_split_can_be_frozen_again(workspace: Workspace) -> None:
    split = freeze(workspace, "triage", DATA)
    split.path.write_text("{")
    assert frozen_sha256(workspace, "triage") is None
    assert freeze(workspace, "triage", DATA, again=True).sha256 == split.sha256
    assert frozen_sha256(workspace, "triage") == split.sha256
    assert frozen_sha256(workspace, "other") is None


def test_rows_that_are_all_rejected_leave_nothing_to_freeze(workspace: Workspace) -> None:
    write(workspace.root / "train.jsonl", [{"x": 1}, chat("a", "")])
    with pytest.raises(InputError, match="no rows are left"):
        freeze(workspace, "triage", DATA)
    assert not workspace.splits.exists()


def test_the_file_says_what_it_froze(workspace: Workspace) -> None:
    split = freeze(workspace, "triage", DATA)
    content = json.loads(split.path.read_text())
    assert content["sources"].keys() == {"train.jsonl"}
    assert len(content["sources"]["train.jsonl"]) == len(content["ledger"]) == 64
    assert content["counts"] == split.counts
    assert content["sha256"] == split.sha256
    assert [entry["key"] for entry in content["test"]] == [key for key, _ in split.members["test"]]
    assert list(workspace.splits.iterdir()) == [split.path]
