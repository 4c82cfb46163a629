"""Decisions are on disk when they are made, can be taken back for ever, and survive crashes and merges."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from time import perf_counter

import pytest

from ftworkbench.data.review.ledger import Ledger
from ftworkbench.errors import InputError, WorkbenchError

EDIT = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


def test_a_ledger_that_was_never_written_has_nothing_decided(path: Path) -> None:
    ledger = Ledger.open(path)
    assert ledger.state("k").status == "unreviewed"
    assert ledger.counts(["k", "k"]) == {"unreviewed": 2, "accepted": 0, "rejected": 0, "skipped": 0}
    assert ledger.undo() is None
    assert not path.exists()


def test_each_decision_is_one_whole_line_that_another_reader_sees_at_once(path: Path) -> None:
    ledger = Ledger.open(path)
    reader = Ledger.open(path)
    for number, (do, status) in enumerate([("accept", "accepted"), ("reject", "rejected"), ("skip", "skipped")], 1):
        ledger.decide("k", do, why="so")
        assert ledger.state("k").status == status
        assert reader.refresh()
        assert reader.state("k").status == status
        lines = path.read_text().splitlines()
        assert len(lines) == number
        record = json.loads(lines[-1])
        assert record["do"] == do
        assert record["id"]
        assert record["by"]
    assert not reader.refresh()


def test_an_edit_holds_the_whole_messages_and_accepts_the_row(path: Path) -> None:
    Ledger.open(path).decide("k", "edit", messages=EDIT)
    state = Ledger.open(path).state("k")
    assert state.messages == tuple(EDIT)
    assert state.status == "accepted"


def test_tags_are_added_and_taken_off_without_touching_the_status(path: Path) -> None:
    ledger = Ledger.open(path)
    ledger.decide("k", "reject")
    ledger.decide("k", "tag", tag="refund")
    ledger.decide("k", "tag", tag="odd")
    ledger.decide("k", "untag", tag="odd")
    assert ledger.state("k").tags == {"refund"}
    assert ledger.state("k").status == "rejected"
    assert ledger.tags() == ("refund",)


def test_undo_and_redo_work_over_restarts_without_end(path: Path) -> None:
    for do in ("accept", "reject", "skip"):
        Ledger.open(path).decide("k", do)
    expected = ["rejected", "accepted", "unreviewed"]
    for status in expected:
        ledger = Ledger.open(path)
        assert ledger.undo().key == "k"
        assert ledger.state("k").status == status
    assert Ledger.open(path).undo() is None
    for status in ("accepted", "rejected", "skipped"):
        ledger = Ledger.open(path)
        ledger.redo()
        assert ledger.state("k").status == status
    assert Ledger.open(path).redo() is None


def test_a_new_decision_ends_what_could_be_redone(path: Path) -> None:
    ledger = Ledger.open(path)
    ledger.decide("a", "accept")
    ledger.undo()
    ledger.decide("b", "accept")
    assert ledger.redo() is None


def test_undo_takes_back_ones_own_decision_and_not_somebody_elses(path: Path) -> None:
    ann, bob = Ledger.open(path, by="ann"), Ledger.open(path, by="bob")
    ann.decide("a", "accept")
    bob.decide("b", "accept")
    ann.refresh()
    assert ann.undo().key == "a"
    assert ann.state("b").status == "accepted"


def test_two_ledgers_merge_by_the_union_of_their_lines_in_any_order(path: Path, tmp_path: Path) -> None:
    base = Ledger.open(path, by="ann")
    base.decide("both", "accept")
    other_path = tmp_path / "other.jsonl"
    other_path.write_bytes(path.read_bytes())
    ann, bob = Ledger.open(path, by="ann"), Ledger.open(other_path, by="bob")
    ann.decide("a", "reject")
    bob.decide("b", "reject")
    bob.decide("both", "reject")
    ann.decide("both", "skip")
    mine, theirs = path.read_text().splitlines(), other_path.read_text().splitlines()
    for lines in ([*mine, *theirs], [*theirs, *mine], sorted({*mine, *theirs})):
        merged_path = tmp_path / "merged.jsonl"
        merged_path.write_text("\n".join(lines) + "\n")
        merged = Ledger.open(merged_path, by="ann")
        assert [merged.state(key).status for key in ("a", "b", "both")] == ["rejected", "rejected", "skipped"]
        assert merged.undo().key == "both"
        assert merged.state("both").status == "rejected"


def test_a_last_line_cut_anywhere_is_mended_and_loses_nothing_before_it(path: Path) -> None:
    ledger = Ledger.open(path)
    ledger.decide("a", "accept")
    first = len(path.read_bytes())
    ledger.decide("b", "edit", messages=EDIT)
    whole = path.read_bytes()
    for cut in range(first, len(whole)):
        path.write_bytes(whole[:cut])
        opened = Ledger.open(path)
        kept_b = cut == len(whole) - 1
        assert opened.state("a").status == "accepted"
        assert (opened.state("b").status == "accepted") == kept_b
        opened.decide("c", "reject")
        again = Ledger.open(path)
        assert again.unread == 0
        assert again.state("c").status == "rejected"
        assert (again.state("b").status == "accepted") == kept_b


def test_lines_that_make_no_sense_are_counted_and_the_rest_still_counts(path: Path) -> None:
    ledger = Ledger.open(path)
    ledger.decide("a", "accept")
    junk = b'<<<<<<< HEAD\n{"id": 3}\n[]\n{"v": 9, "id": "x", "t": 1, "by": "z", "do": "explode", "key": "a"}\n'
    path.write_bytes(junk + path.read_bytes())
    opened = Ledger.open(path)
    assert opened.state("a").status == "accepted"
    assert opened.unread == 4


def test_decisions_that_make_no_sense_are_refused_and_write_nothing(path: Path) -> None:
    ledger = Ledger.open(path)
    for do, extra in [
        ("explode", {}),
        ("edit", {}),
        ("edit", {"messages": []}),
        ("edit", {"messages": [{"role": "wizard", "content": "x"}]}),
        ("accept", {"messages": EDIT}),
        ("tag", {}),
        ("accept", {"tag": "x"}),
    ]:
        with pytest.raises(InputError):
            ledger.decide("k", do, **extra)
    assert not path.exists()


def test_a_decision_that_cannot_be_saved_says_so_and_does_not_count(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "gone" / "ledger.jsonl")
    with pytest.raises(WorkbenchError, match="not saved"):
        ledger.decide("k", "accept")
    assert ledger.state("k").status == "unreviewed"


def test_a_full_disk_leaves_no_half_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger.open(path)
    ledger.decide("a", "accept")
    before = path.read_bytes()
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:9]))
        with pytest.raises(WorkbenchError, match="No space left"):
            ledger.decide("b", "accept")
    assert path.read_bytes() == before
    ledger.decide("b", "accept")
    assert Ledger.open(path).state("b").status == "accepted"


def test_the_ledger_follows_when_another_file_takes_its_name(path: Path, tmp_path: Path) -> None:
    ledger = Ledger.open(path)
    ledger.decide("a", "accept")
    other = Ledger.open(tmp_path / "new.jsonl")
    other.decide("b", "reject")
    (tmp_path / "new.jsonl").replace(path)
    assert ledger.refresh()
    assert ledger.state("a").status == "unreviewed"
    ledger.decide("c", "skip")
    again = Ledger.open(path)
    assert [again.state(key).status for key in "abc"] == ["unreviewed", "rejected", "skipped"]


WRITER = """
import sys
from pathlib import Path
from ftworkbench.data.review.ledger import Ledger
ledger = Ledger.open(Path(sys.argv[1]))
for number in range(10_000):
    ledger.decide(f"{sys.argv[2]}{number}", "accept")
    print(number, flush=True)
"""


def test_processes_killed_while_they_decide_lose_no_decision_that_was_shown(path: Path) -> None:
    for round_number in range(4):
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, str(path), f"{name}{round_number}-"], stdout=subprocess.PIPE, text=True
            )
            for name in "ab"
        ]
        seen = [[writer.stdout.readline() for _ in range(5 + 3 * round_number)] for writer in writers]
        for writer in writers:
            writer.kill()
        ledger = Ledger.open(path)
        for name, lines, writer in zip("ab", seen, writers, strict=True):
            shown = [*lines, *writer.communicate()[0].splitlines()]
            assert int(lines[-1]) == len(lines) - 1
            for number in range(int(shown[-1]) + 1):
                assert ledger.state(f"{name}{round_number}-{number}").status == "accepted"
    ledger.decide("last", "accept")
    assert Ledger.open(path).unread == 0


def test_a_decision_takes_milliseconds_in_a_ledger_of_many(path: Path) -> None:
    ledger = Ledger.open(path)
    ledger.decide("k0", "accept")
    record = json.loads(path.read_text())
    lines = [json.dumps({**record, "id": f"{n:016x}", "t": n / 100, "key": f"k{n}"}) for n in range(20_000)]
    path.write_text("\n".join(lines) + "\n")
    ledger = Ledger.open(path)
    took = []
    for number in range(20):
        start = perf_counter()
        ledger.decide(f"new{number}", "reject")
        took.append(perf_counter() - start)
    assert sorted(took)[len(took) // 2] < 0.05


def test_a_range_is_decided_as_one_act_on_disk_all_together(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger.open(path)
    ledger.decide("first", "accept")
    synced: list[int] = []
    monkeypatch.setattr("ftworkbench.data.review.lines.os.fsync", synced.append)
    keys = [f"k{number}" for number in range(500)]
    decided = ledger.decide_all(keys, "reject")
    assert len(synced) == 1
    assert [decision.key for decision in decided] == keys
    assert Ledger.open(path).counts(keys)["rejected"] == 500
    assert ledger.decide_all([], "accept") == []


def test_a_range_that_cannot_be_saved_is_not_decided_in_part(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger.open(path)
    ledger.decide("first", "accept")
    write = os.write
    monkeypatch.setattr(
        "ftworkbench.data.review.lines.os.write", lambda file, text: write(file, text[: len(text) // 2])
    )
    with pytest.raises(WorkbenchError, match="the 3 decisions were not saved"):
        ledger.decide_all(["a", "b", "c"], "reject")
    monkeypatch.undo()
    assert Ledger.open(path).keys() == ("first",)


def test_a_range_is_one_act_for_undo_and_redo_over_restarts_with_one_line_each(path: Path) -> None:
    keys = [f"k{number}" for number in range(500)]
    ledger = Ledger.open(path)
    ledger.decide("k3", "accept")
    ledger.decide_all(keys, "reject")
    for step, lines, rejected, status in [
        ("undo", 502, 0, "accepted"),
        ("redo", 503, 500, "rejected"),
        ("undo", 504, 0, "accepted"),
    ]:
        ledger = Ledger.open(path)
        act = getattr(ledger, step)()
        assert act.keys == tuple(keys)
        assert len(path.read_text().splitlines()) == lines
        for reader in (ledger, Ledger.open(path)):
            assert reader.counts(keys)["rejected"] == rejected
            assert reader.state("k3").status == status
    assert Ledger.open(path).undo().keys == ("k3",)
    assert Ledger.open(path).keys() == ()


def test_only_an_act_on_several_rows_has_a_name_of_its_own(path: Path) -> None:
    ledger = Ledger.open(path)
    ledger.decide("a", "accept")
    ledger.decide_all(["b"], "accept")
    ledger.decide_all(["c", "d"], "accept")
    acts = [json.loads(line).get("act") for line in path.read_text().splitlines()]
    assert acts[:2] == [None, None]
    assert acts[2]
    assert acts[2] == acts[3]


def test_a_row_knows_whether_its_last_decision_was_about_it_alone(path: Path) -> None:
    ledger = Ledger.open(path)
    ledger.decide_all(["a", "b"], "accept")
    assert not ledger.state("a").alone
    ledger.decide("a", "reject")
    ledger.decide("b", "tag", tag="odd")
    assert ledger.state("a").alone
    assert not ledger.state("b").alone
    ledger.undo()
    ledger.undo()
    assert not Ledger.open(path).state("a").alone


def test_several_tags_on_several_rows_are_one_act(path: Path) -> None:
    ledger = Ledger.open(path)
    ledger.decide("a", "tag", tag="old")
    ledger.tag_all(["a", "b"], ["late", "vip"], ["old"])
    assert [ledger.state(key).tags for key in "ab"] == [{"late", "vip"}, {"late", "vip"}]
    assert len(path.read_text().splitlines()) == 6
    assert set(ledger.undo().keys) == {"a", "b"}
    assert [Ledger.open(path).state(key).tags for key in "ab"] == [{"old"}, set()]
    with pytest.raises(InputError, match="a tag is empty"):
        ledger.tag_all(["a"], [""])


def test_one_row_of_an_act_that_was_taken_back_by_its_own_id_stays_back(path: Path) -> None:
    decided = Ledger.open(path, by="ann").decide_all(["a", "b", "c"], "reject")
    line = {"v": 1, "id": "x", "t": decided[-1].t + 1, "by": "ann", "do": "undo", "of": decided[1].id}
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")
    ledger = Ledger.open(path, by="ann")
    assert ledger.counts("abc") == {"unreviewed": 1, "accepted": 0, "rejected": 2, "skipped": 0}
    ledger.undo()
    ledger.redo()
    assert [ledger.state(key).status for key in "abc"] == ["rejected", "unreviewed", "rejected"]


def test_records_that_come_out_of_order_of_their_time_count_in_it(path: Path) -> None:
    ledger = Ledger.open(path, by="ann")
    first = ledger.decide("k", "accept")
    ledger.decide_all(["k", "l"], "reject")
    ledger.undo()
    earlier = {"v": 1, "id": "x", "t": first.t - 1, "by": "bob", "do": "skip", "key": "k"}
    with path.open("a") as file:
        file.write(json.dumps(earlier) + "\n")
    assert ledger.refresh()
    for reader in (ledger, Ledger.open(path, by="ann")):
        assert reader.state("k").status == "accepted"
        assert reader.to_redo.keys == ("k", "l")


def test_what_another_thread_writes_counts_when_it_is_on_disk_and_not_before(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger.open(path)
    ledger.decide("first", "accept")
    written, looked = threading.Event(), threading.Event()

    def sync(_: int) -> None:
        written.set()
        assert looked.wait(10)

    monkeypatch.setattr("ftworkbench.data.review.lines.os.fsync", sync)
    writer = threading.Thread(target=ledger.decide_all, args=(["a", "b"], "reject"))
    writer.start()
    assert written.wait(10)
    assert path.read_bytes().count(b"\n") == 3
    found = (ledger.refresh(), ledger.state("a").status)
    looked.set()
    writer.join()
    assert found == (False, "unreviewed")
    assert ledger.counts("ab")["rejected"] == 2
    assert ledger.to_undo.keys == ("a", "b")


def test_what_others_wrote_is_told_though_it_came_in_with_an_own_decision(path: Path) -> None:
    ann, bob = Ledger.open(path, by="ann"), Ledger.open(path, by="bob")
    ann.decide("a", "accept")
    assert not ann.refresh()
    bob.decide("b", "reject")
    ann.decide("c", "accept")
    assert ann.state("b").status == "rejected"
    assert ann.refresh()
    assert not ann.refresh()
