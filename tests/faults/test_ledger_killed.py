"""The workbench is killed while rows are decided: what was shown as decided is on disk, and it opens again.

FTWORKBENCH_KILLS says how many times; a few unless it does.
"""

from __future__ import annotations

import json
import os
import random
import re
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from terminal import Terminal, open_workbench

from ftworkbench.data.review.ledger import Ledger, RowState
from ftworkbench.data.sources.source import open_source
from ftworkbench.tui.rows import MARKS

KILLS = int(os.environ.get("FTWORKBENCH_KILLS", "4"))
ROWS = 200
KEYS = "aaaxx  u"
LATEST = 1.5  # seconds after the rows are shown
LONGEST_PAUSE = 0.04  # seconds between two keys
EVERY = 4  # one start in so many is not waited for until its rows are there
RECIPE = '[model]\nmodel_id = "pocket"\n\n[data]\ntrain = "train.jsonl"\n'
STATUSES = {"·": "unreviewed", "✔": "accepted", "✘": "rejected", "s": "skipped"}
_ROW = re.compile(r"^.[▸ ]([·✔✘s]) +(\d+)[ !]", re.MULTILINE)

# Edits and ranges, in pieces: what is typed into a dialog has to find it open.
STROKES = (("e", "\x1b[A" * 3, "!\x13"), ("vjjx", "y"), ("vka", "y"), ("u",), ("\x12",), ("x",), ("g",))
DIALOG_OPENS = 0.1  # seconds
_MARKED = re.compile(r"^.[▸┃ ]([·✔✘s][e ]) *(\d+)[ !]", re.MULTILINE)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "desk.toml").write_text(RECIPE)
    turns = [[("user", f"What became of order {n}"), ("assistant", f"It is in hall {n % 7}")] for n in range(ROWS)]
    rows = [{"messages": [{"role": role, "content": text} for role, text in row]} for row in turns]
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def shown_rows(lines: list[str]) -> dict[int, str]:
    """The status of each row on the screen, by its number."""
    return {int(number): STATUSES[mark] for mark, number in _ROW.findall("\n".join(lines))}


def says(ledger: Ledger, keys: dict[int, str], rows: dict[int, str]) -> bool:
    """Whether the ledger says of these rows what the screen does."""
    return all(ledger.state(keys[number]).status == status for number, status in rows.items())


def whole_lines(path: Path) -> list[bytes]:
    """The lines of the ledger, each a record; a last one that was cut off is none."""
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    assert all(json.loads(line)["id"] for line in lines)
    return lines


def was_so(ledger: Path, before: int, keys: dict[int, str], rows: dict[int, str]) -> int | None:
    """After how many of the new records the ledger said what the screen shows; None where it never did."""
    lines = whole_lines(ledger)
    copy = ledger.with_name("copy.jsonl")
    copy.write_bytes(b"".join(line + b"\n" for line in lines[:before]))
    replayed = Ledger.open(copy)
    for count in range(len(lines) - before + 1):
        if says(replayed, keys, rows):
            return count
        if before + count < len(lines):
            with copy.open("ab") as file:
                file.write(lines[before + count] + b"\n")
            replayed.refresh()
    return None


def type_until_killed(terminal: Terminal, draw: random.Random) -> int:
    """Types keys one after the other, and kills the workbench at a random moment; gives how many were typed."""
    end, typed = time.monotonic() + draw.uniform(0, LATEST), 0
    while (left := end - time.monotonic()) > 0:
        terminal.send(draw.choice(KEYS))
        typed += 1
        until = time.monotonic() + min(draw.uniform(0, LONGEST_PAUSE), left)
        while (pause := until - time.monotonic()) > 0:
            terminal.look(pause)
    terminal.kill()
    terminal.drain()
    return typed


def test_what_was_shown_as_decided_is_on_disk_however_often_the_workbench_is_killed(desk: Path) -> None:
    draw = random.Random(20)
    with open_source(desk / "train.jsonl") as source:
        keys = {row.number: row.key for row in source.rows()}
    path, started = desk / "ledger.jsonl", time.monotonic()
    counted: Counter[str] = Counter()
    for kill in range(KILLS + 1):
        ledger = Ledger.open(path)
        before = len(whole_lines(path))
        terminal = open_workbench(desk)
        try:
            if kill % EVERY or kill == KILLS:
                terminal.wait(lambda text: says_all(text, ledger, keys))  # noqa: B023
            if kill == KILLS:
                break
            counted["keys"] += type_until_killed(terminal, draw)
        finally:
            terminal.close()
        rows = shown_rows(terminal.whole_rows)
        was = was_so(path, before, keys, rows)
        assert was is not None, "\n".join(terminal.whole_rows)
        records = len(whole_lines(path)) - before
        counted["records"] += records
        counted["on disk before they were shown"] += records - was
        counted["kills before a row was shown"] += not rows
        counted["last lines cut off"] += path.exists() and path.read_bytes()[-1:] != b"\n"
        assert Ledger.open(path).unread == 0
    told = ", ".join(f"{count:,} {what}" for what, count in counted.items())
    print(f"{KILLS} kills in {time.monotonic() - started:.0f} s: {told}")


def says_all(text: str, ledger: Ledger, keys: dict[int, str]) -> bool:
    rows = shown_rows(text.splitlines())
    return len(rows) > 1 and says(ledger, keys, rows)


class Marks:
    """The marks that each row has had, one after the other: as they were looked at, or as the ledger says."""

    def __init__(self) -> None:
        self.by_row: dict[int, list[str]] = {}

    def add(self, marks: dict[int, str]) -> None:
        for number, found in marks.items():
            had = self.by_row.setdefault(number, [])
            if had[-1:] != [found]:
                had.append(found)

    def look(self, terminal: Terminal) -> None:
        text = "\n".join(terminal.whole_rows)
        self.add({int(number): found for found, number in _MARKED.findall(text)})

    def follow(self, ledger: Path, before: int, keys: dict[int, str]) -> None:
        """Takes what the ledger says after each of its records past the first so many."""
        lines = [line + b"\n" for line in whole_lines(ledger)]
        copy = ledger.with_name("copy.jsonl")
        copy.write_bytes(b"".join(lines[:before]))
        replayed = Ledger.open(copy)
        self.add({number: mark(replayed.state(key)) for number, key in keys.items()})
        for line in lines[before:]:
            with copy.open("ab") as file:
                file.write(line)
            replayed.refresh()
            self.add({number: mark(replayed.state(key)) for number, key in keys.items()})


def mark(state: RowState) -> str:
    return MARKS[state.status] + ("e" if state.messages is not None else " ")


def comes_in_order(seen: Sequence[str], had: Sequence[str]) -> bool:
    left = iter(had)
    return all(one in left for one in seen)


def edit_until_killed(terminal: Terminal, draw: random.Random, seen: Marks) -> None:
    """Edits rows and decides about ranges, looking all the while, and kills the workbench at a random moment."""
    end = time.monotonic() + draw.uniform(0, LATEST)
    while time.monotonic() < end:
        *first, last = draw.choice(STROKES)
        for piece in (*first, last):
            pause = min(draw.uniform(0, LONGEST_PAUSE) if piece is last else DIALOG_OPENS, end - time.monotonic())
            if pause > 0:
                terminal.send(piece)
                terminal.settle(pause, pause)
                seen.look(terminal)
    terminal.kill()
    terminal.drain()
    seen.look(terminal)


def test_edits_and_ranges_that_were_shown_are_on_disk_however_often_the_workbench_is_killed(desk: Path) -> None:
    draw = random.Random(21)
    with open_source(desk / "train.jsonl") as source:
        keys = {row.number: row.key for row in source.rows()}
    path, changes = desk / "ledger.jsonl", 0
    for kill in range(KILLS + 1):
        before, ledger = len(whole_lines(path)), Ledger.open(path)
        terminal, seen, had = open_workbench(desk), Marks(), Marks()
        try:
            terminal.wait(lambda text: marked_as(text, ledger, keys))  # noqa: B023
            if kill == KILLS:
                break
            edit_until_killed(terminal, draw, seen)
        finally:
            terminal.close()
        had.follow(path, before, keys)
        # Each row by itself: a range is taken in by a thread, and may be seen when half of it is.
        lost = {row: (marks, had.by_row[row]) for row, marks in seen.by_row.items()}
        assert [row for row, marks in lost.items() if not comes_in_order(*marks)] == [], lost
        assert Ledger.open(path).unread == 0
        changes += sum(len(marks) - 1 for marks in seen.by_row.values())
    did = Counter(json.loads(line)["do"] for line in whole_lines(path))
    print(f"{KILLS} kills: {changes} changes of rows seen, records: {dict(did)}")


def marked_as(text: str, ledger: Ledger, keys: dict[int, str]) -> bool:
    """Whether all rows that are shown are marked as the ledger has them."""
    found = [(shown, int(number)) for shown, number in _MARKED.findall(text)]
    return len(found) > 1 and all(mark(ledger.state(keys[number])) == shown for shown, number in found)
