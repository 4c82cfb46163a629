import json
import os
import threading
from pathlib import Path

import pytest

from ftworkbench.jobs.events import EventLog, read_events, read_last_events


def test_events_come_back_as_they_were_emitted(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path, attempt=1)
    log.emit("phase", phase="running", why="")
    log.emit("metric", step=3, epoch=0.5, values={"loss": 1.25})
    events, offset = read_events(path)
    assert [(event.seq, event.attempt, event.kind) for event in events] == [(1, 1, "phase"), (2, 1, "metric")]
    assert events[1].fields == {"step": 3, "epoch": 0.5, "values": {"loss": 1.25}}
    assert offset == path.stat().st_size
    assert read_events(path, offset) == ([], offset)
    assert json.loads(path.read_text().splitlines()[0])["v"] == 1


def test_the_next_attempt_goes_on_counting_even_after_a_line_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    EventLog(path, attempt=1).emit("phase", phase="running")
    with path.open("ab") as file:
        file.write(b'{"v": 1, "seq": 2, "t": 1.0, "attempt": 1, "kind": "met')
    EventLog(path, attempt=2).emit("phase", phase="loading")
    events, _ = read_events(path)
    assert [(event.seq, event.attempt) for event in events] == [(1, 1), (2, 2)]


def test_the_last_number_is_found_behind_a_very_long_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path, attempt=1)
    log.emit("phase", phase="running")
    log.emit("sample", step=1, answer="x" * 300_000)
    EventLog(path, attempt=2).emit("phase", phase="loading")
    assert [event.seq for event in read_events(path)[0]] == [1, 2, 3]


def test_a_reader_waits_for_the_rest_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    line = b'{"v": 1, "seq": 1, "t": 1.0, "attempt": 1, "kind": "phase", "phase": "running"}\n'
    path.write_bytes(line[:30])
    assert read_events(path) == ([], 0)
    path.write_bytes(line)
    events, offset = read_events(path)
    assert [event.kind for event in events] == ["phase"]
    assert offset == len(line)


def test_lines_that_are_no_events_are_skipped_and_unknown_kinds_kept(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(
        b"\x00\x00\x00\nnot json\n[1, 2]\n{}\n\xff\xfe\n" + b"[" * 100_000 + b"\n"
        b'{"v": 9, "seq": 4, "t": 2.5, "attempt": 1, "kind": "comet", "tail": 7}\n'
    )
    events, _ = read_events(path)
    assert [(event.kind, event.fields) for event in events] == [("comet", {"tail": 7})]


def test_no_file_yet_means_no_events(tmp_path: Path) -> None:
    assert read_events(tmp_path / "events.jsonl") == ([], 0)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_loss_that_is_no_number_becomes_a_notice_and_leaves_the_rest(tmp_path: Path, bad: float) -> None:
    path = tmp_path / "events.jsonl"
    EventLog(path, attempt=1).emit("metric", step=7, values={"loss": bad, "learning_rate": 0.1})
    notice, metric = read_events(path)[0]
    assert notice.kind == "notice"
    assert notice.fields["level"] == "error"
    assert notice.fields["code"] == "not-finite"
    assert notice.fields["step"] == 7
    assert "loss" in notice.fields["text"]
    assert metric.fields["values"] == {"learning_rate": 0.1}


def test_numbers_of_other_libraries_and_hostile_text_are_written_as_plain_ascii(tmp_path: Path) -> None:
    import numpy as np

    path = tmp_path / "events.jsonl"
    log = EventLog(path, attempt=1)
    log.emit("metric", step=np.int64(4), values={"loss": np.float32(0.5), "bad": np.float32("nan")})
    log.emit("sample", step=1, answer="\x1b]52;c;aGk=\x07 \u202e \ud800 \x9b", score=float("nan"), path=path)
    events, _ = read_events(path)
    assert events[1].fields == {"step": 4, "values": {"loss": 0.5}}
    assert events[2].fields["answer"] == "\x1b]52;c;aGk=\x07 \u202e \ud800 \x9b"
    assert events[2].fields["score"] is None
    raw = path.read_bytes()
    assert raw.isascii()
    assert b"\x1b" not in raw


def test_threads_that_share_a_log_lose_and_mix_nothing(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path, attempt=1)

    def work(name: int) -> None:
        for step in range(200):
            log.emit("metric", step=step, values={f"loss_{name}": float(step)})

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    events, _ = read_events(path)
    assert [event.seq for event in events] == list(range(1, 801))


def test_an_event_that_the_disk_had_no_room_for_does_not_spoil_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path, attempt=1)
    log.emit("phase", phase="running")
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, text: real(descriptor, text[:20]))
    with pytest.raises(OSError, match="disk full"):
        log.emit("metric", step=1, values={"loss": 1.0})
    monkeypatch.setattr(os, "write", real)
    log.emit("metric", step=2, values={"loss": 2.0})
    assert [event.fields.get("step") for event in read_events(path)[0]] == [None, 2]


def test_the_last_events_are_whole_and_say_whether_they_are_all(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path, attempt=1)
    for step in range(1, 101):
        log.emit("progress", what="training", done=step, total=100, unit="steps")
    everything, _ = read_events(path)
    assert read_last_events(path) == (everything, True)
    size = path.stat().st_size
    for most in range(300, 300 + size // 100):  # wherever the cut falls
        last, complete = read_last_events(path, most)
        assert not complete
        assert last == everything[-len(last) :]
        assert len(last) >= 1
    assert read_last_events(tmp_path / "none.jsonl") == ([], True)
