"""The check says what is wrong with which row, what is decided about it, and what the data rules advise."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from ftworkbench.data.checks.check import FileReport, check_files
from ftworkbench.data.checks.leaks import held_out
from ftworkbench.data.problems import KINDS
from ftworkbench.data.review.coverage import random_place
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.sources.source import open_source
from ftworkbench.recipe.tables import Data

WORDS = [
    "parcel",
    "invoice",
    "login",
    "screen",
    "refund",
    "courier",
    "card",
    "email",
    "battery",
    "return",
    "address",
    "price",
    "update",
    "box",
]
LONG = "my parcel was left in the rain by the courier and the box with the new screen is soaked and broken"


def chat(prompt: str, answer: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]}


def write(path: Path, records: list[Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def sentence(seed: int) -> str:
    rng = random.Random(seed)
    return " ".join(f"{rng.choice(WORDS)}{rng.randrange(10_000)}" for _ in range(12))


def kinds(file: FileReport) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for problem in file.problems:
        found.setdefault(problem.kind, []).append(problem.row)
    return found


def key(path: Path, number: int) -> str:
    with open_source(path) as source:
        return source.row(number - 1).key


def test_copies_repeats_and_contradictions_point_at_the_first_row(tmp_path: Path) -> None:
    path = write(
        tmp_path / "rows.jsonl",
        [
            chat(LONG, "delivery"),
            chat(sentence(1), "billing"),
            chat(LONG, "delivery"),
            chat(LONG + " sadly", "delivery"),
            chat(LONG.upper(), "returns"),
            chat(sentence(2), "billing"),
        ],
    )
    (file,) = check_files([path]).files
    assert kinds(file) == {"exact-duplicate": [3], "near-duplicate": [4], "conflicting-duplicate": [5]}
    assert {problem.other for problem in file.problems} == {1}
    assert "0.9" in file.of_row(4)[0].reason
    assert file.fates["duplicate"] == 1


def test_answers_in_json_that_say_the_same_are_no_contradiction(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", [chat(LONG, '{"a": 1, "b": 2}'), chat(LONG, '{"b":2, "a":1}')])
    assert kinds(check_files([path]).files[0]) == {"near-duplicate": [2]}


def test_the_same_question_with_other_numbers_contradicts_nothing(tmp_path: Path) -> None:
    start = "Martha keeps many blue and yellow butterflies in her big collection at home, she counts"
    path = write(tmp_path / "rows.jsonl", [chat(f"{start} 12 of them", "12"), chat(f"{start} 19 of them", "19")])
    assert kinds(check_files([path]).files[0]) == {}


def test_a_leak_blocks_until_it_is_decided_either_way(tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", [chat(sentence(1), "a"), chat(LONG, "b"), chat(sentence(3), "c")])
    test = write(tmp_path / "test.jsonl", [chat(sentence(9), "a"), chat(LONG + " now", "b"), chat(sentence(1), "a")])
    report = check_files([train, test])
    assert report.blocks
    assert kinds(report.files[0]) == {}
    assert kinds(report.files[1]) == {"leak": [2, 3]}
    assert [problem.other for problem in report.files[1].problems] == [2, 1]
    assert "train.jsonl, row 2" in report.files[1].problems[0].reason
    ledger = Ledger.open(tmp_path / "ledger.jsonl")
    ledger.decide(key(train, 2), "reject")
    assert check_files([train, test], ledger=ledger).blocks
    ledger.decide(key(test, 3), "accept")
    decided = check_files([train, test], ledger=ledger)
    assert not decided.blocks
    assert kinds(decided.files[1]) == {"leak": [2, 3]}
    assert decided.files[1].open == ()


def test_the_held_out_file_is_told_by_its_name_and_not_by_its_place(tmp_path: Path) -> None:
    test = write(tmp_path / "my_test.jsonl", [chat(LONG, "b")])
    train = write(tmp_path / "rows.jsonl", [chat(LONG, "b")])
    assert [kinds(file) for file in check_files([test, train]).files] == [{"leak": [1]}, {}]


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("test.jsonl", True),
        ("tickets-dev2.csv", True),
        ("banking77.test.jsonl", True),
        ("name@0a1b2c:validation", True),
        ("held_out", True),
        ("latest.jsonl", False),
        ("device-logs.jsonl", False),
        ("name-v1.5@0a1b2c:train", False),
    ],
)
def test_a_file_is_held_out_by_a_whole_word_of_its_name(name: str, held: bool) -> None:
    assert held_out([Path("rows.jsonl"), Path(name), Path("my_test.jsonl")]) == [False, held, True]


def test_rows_that_say_personal_things_are_named_without_saying_them_again(tmp_path: Path) -> None:
    system = {"role": "system", "content": "Answers go to desk@shop.example."}
    record = chat("I am ann.bee@mail.example, card 4111 1111 1111 1111", "ok")
    record["messages"].insert(0, system)
    clean = chat("hello there", "ok")
    clean["messages"].insert(0, system)
    (file,) = check_files([write(tmp_path / "rows.jsonl", [record, clean])]).files
    assert kinds(file) == {"personal-data": [1]}
    reason = file.problems[0].reason
    assert "e-mail" in reason
    assert "card number" in reason
    assert "ann.bee" not in reason
    assert "4111" not in reason


def labelled(counts: dict[str, int]) -> list[Any]:
    rows = [
        chat(f"{label} {sentence(len(label) * 1000 + number)}", label)
        for label, n in counts.items()
        for number in range(n)
    ]
    random.Random(1).shuffle(rows)
    return rows


def test_a_class_is_too_small_only_beside_larger_ones(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", labelled({"billing": 60, "delivery": 50, "legal": 4}))
    (file,) = check_files([path]).files
    assert len(kinds(file)["small-class"]) == 4
    even = write(tmp_path / "even.jsonl", labelled({"yes": 9, "no": 8}))
    assert "small-class" not in kinds(check_files([even]).files[0])


def test_the_size_of_a_class_in_a_test_file_is_its_size_in_train(tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", labelled({"billing": 60, "delivery": 50, "legal": 4}))
    rows = [chat(sentence(5001), "billing"), chat(sentence(5002), "legal"), chat(sentence(5003), "delivery")]
    report = check_files([train, write(tmp_path / "test.jsonl", rows)])
    assert kinds(report.files[1]).get("small-class") == [2]


def test_labels_may_be_one_key_of_a_json_answer(tmp_path: Path) -> None:
    rows = [
        chat(sentence(n), json.dumps({"queue": queue, "urgent": n % 2 == 0, "note": f"n{n}"}))
        for n, queue in enumerate(["billing", "delivery", "account"] * 20)
    ]
    path = write(tmp_path / "rows.jsonl", rows)
    assert check_files([path]).files[0].labels == {"billing": 20, "delivery": 20, "account": 20}
    told = check_files([path], Data(train="rows.jsonl", label="urgent")).files[0]
    assert told.labels == {"True": 30, "False": 30}


def test_a_row_that_reads_like_another_label_is_the_first_suspect(tmp_path: Path) -> None:
    rng = random.Random(3)
    topics = {"billing": ["invoice", "charge", "payment", "price"], "delivery": ["parcel", "courier", "late", "van"]}
    rows = [
        chat(" ".join([*rng.choices(words, k=6), sentence(rng.randrange(10**6))]), label)
        for label, words in topics.items()
        for _ in range(40)
    ]
    rows[10] = chat(rows[10]["messages"][0]["content"], "delivery")
    path = write(tmp_path / "rows.jsonl", rows)
    (file,) = check_files([path]).files
    first = next(problem for problem in file.problems if problem.kind == "wrong-label")
    assert first.row == 11
    assert first.reason == 'labelled "delivery", but reads like "billing"'
    assert not first.blocks


@pytest.mark.parametrize(("count", "kind"), [(30, "few-rows"), (300, "few-rows"), (520, None)])
def test_too_few_rows_are_told_with_what_to_do(tmp_path: Path, count: int, kind: str | None) -> None:
    path = write(tmp_path / "rows.jsonl", [chat(sentence(n), sentence(-n - 1)) for n in range(count)])
    advice = {one.kind: one.text for one in check_files([path]).files[0].advice}
    assert advice.get("few-rows", "") == "" if kind is None else advice[kind].startswith(f"{count} rows")
    if count < 100:
        assert "few-shot" in advice["few-rows"]


def test_an_edit_settles_what_it_mends_and_opens_what_it_breaks(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", [chat("mail ann@mail.example", "ok"), chat("b", ""), chat("c", "fine")])
    ledger = Ledger.open(tmp_path / "ledger.jsonl")
    before = check_files([path], ledger=ledger).files[0]
    assert [problem.kind for problem in before.open] == ["empty-answer", "personal-data"]
    ledger.decide(key(path, 1), "edit", messages=chat("mail [email]", "ok")["messages"])
    ledger.decide(key(path, 2), "edit", messages=chat("b", "filled")["messages"])
    mended = check_files([path], ledger=ledger).files[0]
    assert mended.open == ()
    assert kinds(mended) == kinds(before)
    assert (mended.kept, mended.refused) == (3, 0)
    ledger.decide(key(path, 3), "edit", messages=chat("c", "")["messages"])
    broken = check_files([path], ledger=ledger).files[0]
    assert [(problem.kind, problem.row) for problem in broken.open] == [("empty-answer", 3)]
    assert (broken.kept, broken.refused) == (2, 1)


def test_a_duplicate_of_a_rejected_row_is_settled(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", [chat(LONG, "a"), chat(LONG + " now", "a"), chat(LONG + " so", "b")])
    ledger = Ledger.open(tmp_path / "ledger.jsonl")
    ledger.decide(key(path, 1), "reject")
    (file,) = check_files([path], ledger=ledger).files
    assert [(problem.kind, problem.row, problem.other) for problem in file.open] == [("conflicting-duplicate", 3, 2)]


def test_the_report_is_the_object_that_the_command_prints(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", [chat("a", "b"), {"x": 1}])
    path.write_text(path.read_text() + "{broken\n")
    steps: list[tuple[str, int, int]] = []
    report = check_files([path], progress=lambda what, done, total: steps.append((what, done, total)))
    found = report.as_json()
    assert json.loads(json.dumps(found)) == found
    assert found["blocks"] is False
    (file,) = found["files"]
    assert (file["path"], file["format"], file["rows"], file["kept"], file["refused"]) == (
        str(path),
        "openai-chat",
        3,
        1,
        2,
    )
    assert [(one["kind"], one["count"], one["rows"], one["blocks"]) for one in file["problems"]] == [
        ("not-json", 1, [3], False),
        ("no-messages", 1, [2], False),
    ]
    assert all(one["todo"] for one in file["problems"])
    assert steps


def test_an_empty_file_and_a_file_of_refused_rows_are_reported_like_any_other(tmp_path: Path) -> None:
    empty = write(tmp_path / "empty.jsonl", [])
    bad = write(tmp_path / "bad.jsonl", [{"x": n} for n in range(3)])
    files = check_files([empty, bad]).files
    assert [(file.rows, file.kept, file.refused) for file in files] == [(0, 0, 0), (3, 0, 3)]


def test_every_kind_of_problem_says_what_to_do() -> None:
    assert all(kind.todo and kind.title for kind in KINDS.values())


def test_what_was_reviewed_is_told_by_label_by_tag_and_for_all_rows_at_random(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", labelled({"billing": 30, "delivery": 20}))
    ledger = Ledger.open(tmp_path / "ledger.jsonl")
    assert check_files([path], ledger=ledger).files[0].coverage is None
    with open_source(path) as source:
        rows = list(source.rows())
    first = sorted(rows, key=lambda row: random_place(0, row.key))[:10]
    for row in first:
        ledger.decide(row.key, "accept")
    ledger.decide(first[0].key, "tag", tag="odd")
    (file,) = check_files([path], ledger=ledger).as_json()["files"]
    coverage = file["coverage"]
    assert sum(one["reviewed"] for one in coverage["labels"].values()) == 10
    assert {name: one["rows"] for name, one in coverage["labels"].items()} == {"billing": 30, "delivery": 20}
    assert coverage["tags"] == {"odd": {"rows": 1, "reviewed": 1, "one_by_one": 1}}
    assert coverage["sample"]["n"] == 10
    assert 0.25 < coverage["sample"]["bound"] < 0.26
