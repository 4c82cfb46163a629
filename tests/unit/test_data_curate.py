"""Curated rows are the rows as decided, and go back out with nothing of the original lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ftworkbench.data.formats.format import Format
from ftworkbench.data.review.curate import Curated, curate, write_rows
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.sources.source import Source, open_source
from ftworkbench.errors import InputError


def chat(prompt: str, answer: str, **fields: Any) -> dict[str, Any]:
    turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
    return {**fields, "messages": turns}


def opened(tmp_path: Path, records: list[Any], name: str = "rows.jsonl") -> Source:
    path = tmp_path / name
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return open_source(path)


def curated(source: Source, ledger: Ledger | None = None) -> Curated:
    return curate(source.rows(), ledger)


def test_every_row_meets_one_fate(tmp_path: Path) -> None:
    records = [chat("a", "1"), chat("b", ""), chat("c", "3"), chat("a", "1"), chat("d", "4"), {"x": 1}]
    source = opened(tmp_path, records)
    ledger = Ledger.open(tmp_path / "ledger.jsonl")
    ledger.decide(source.row(2).key, "reject")
    ledger.decide(source.row(4).key, "edit", messages=chat("d", "four")["messages"])
    found = curated(source, ledger)
    assert found.fates == {"kept": 1, "edited": 1, "rejected": 1, "refused": 2, "duplicate": 1}
    assert [(kept.row.number, kept.example.answer) for kept in found.kept] == [(1, "1"), (5, "four")]


def test_an_edit_mends_a_refused_row_and_keeps_its_tools(tmp_path: Path) -> None:
    source = opened(tmp_path, [chat("b", "", tools=[{"name": "f"}])])
    ledger = Ledger.open(tmp_path / "ledger.jsonl")
    ledger.decide(source.row(0).key, "edit", messages=chat("b", "mended")["messages"])
    (kept,) = curated(source, ledger).kept
    assert kept.example.answer == "mended"
    assert kept.example.tools[0]["function"] == {"name": "f"}


def test_an_edit_that_breaks_a_row_refuses_it(tmp_path: Path) -> None:
    source = opened(tmp_path, [chat("b", "good")])
    ledger = Ledger.open(tmp_path / "ledger.jsonl")
    ledger.decide(source.row(0).key, "edit", messages=chat("b", " ")["messages"])
    assert curated(source, ledger).fates["refused"] == 1


def test_decisions_survive_a_re_export_in_another_order_and_format(tmp_path: Path) -> None:
    source = opened(tmp_path, [chat("a", "1"), chat("b", "2"), chat("c", "3")])
    ledger = Ledger.open(tmp_path / "ledger.jsonl")
    ledger.decide(source.row(1).key, "reject")
    other = [{"question": q, "answer": a, "new": True} for q, a in [("c", "3"), ("b", "2"), ("a", "1"), ("z", "9")]]
    found = curated(opened(tmp_path, other, "again.jsonl"), ledger)
    assert [kept.example.answer for kept in found.kept] == ["3", "1", "9"]


def test_export_keeps_every_field_and_writes_edits_in_place(tmp_path: Path) -> None:
    records = [{"id": 7, **chat("a", "1"), "meta": {"z": [1, None]}}, {"id": 8, **chat("b", "2")}]
    source = opened(tmp_path, records)
    ledger = Ledger.open(tmp_path / "ledger.jsonl")
    ledger.decide(source.row(1).key, "edit", messages=chat("b", "two")["messages"])
    out = tmp_path / "out.jsonl"
    assert write_rows(curated(source, ledger), out, source.format) == 2
    written = [json.loads(line) for line in out.read_text().splitlines()]
    assert written == [records[0], {"id": 8, **chat("b", "two")}]
    assert list(written[0]) == list(records[0])


def test_an_integer_too_long_for_64_bits_goes_out_as_it_came_in(tmp_path: Path) -> None:
    long = 123456789012345678901234567890
    source = opened(tmp_path, [chat("a", "1", id=long)])
    out = tmp_path / "out.jsonl"
    write_rows(curated(source), out, source.format)
    assert json.loads(out.read_text())["id"] == long


@pytest.mark.parametrize(
    ("record", "answer"),
    [
        ({"question": "a", "answer": "1", "source": "x"}, "answer"),
        ({"prompt": "a", "completion": "1", "source": "x"}, "completion"),
        ({"instruction": "a", "response": "1", "source": "x"}, "response"),
    ],
)
def test_an_edit_goes_back_into_the_columns(tmp_path: Path, record: dict[str, Any], answer: str) -> None:
    source = opened(tmp_path, [record])
    ledger = Ledger.open(tmp_path / "ledger.jsonl")
    ledger.decide(source.row(0).key, "edit", messages=chat("a", "one")["messages"])
    out = tmp_path / "out.json"
    write_rows(curated(source, ledger), out, source.format)
    assert json.loads(out.read_text()) == [{**record, answer: "one"}]


def test_an_edited_sharegpt_row_reads_back_the_same(tmp_path: Path) -> None:
    record = {
        "system": "Be brief.",
        "conversations": [
            {"from": "human", "value": "soup?"},
            {"from": "function_call", "value": '{"name": "find", "arguments": {"n": 1}}'},
            {"from": "observation", "value": "3"},
            {"from": "gpt", "value": "Three."},
        ],
        "tools": '[{"name": "find"}]',
    }
    source = opened(tmp_path, [record])
    row = source.row(0)
    ledger = Ledger.open(tmp_path / "ledger.jsonl")
    edited = [*row.example.messages[:-1], {"role": "assistant", "content": "Three soups."}]
    ledger.decide(row.key, "edit", messages=edited)
    out = tmp_path / "out.jsonl"
    write_rows(curated(source, ledger), out, source.format)
    again = open_source(out).row(0).example
    assert again.messages == tuple(edited)
    assert again.key == row.example.edited(edited).key
    assert json.loads(out.read_text())["system"] == "Be brief."


def test_text_rows_go_out_as_lines_and_what_a_line_cannot_say_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "rows.txt"
    path.write_text("good   ### Positive\nbad ### Negative\n")
    source = open_source(path)
    ledger = Ledger.open(tmp_path / "ledger.jsonl")
    ledger.decide(source.row(1).key, "edit", messages=chat("so bad", "Negative")["messages"])
    out = tmp_path / "out.txt"
    write_rows(curated(source, ledger), out, source.format)
    assert out.read_text() == "good   ### Positive\nso bad ### Negative\n"
    ledger.decide(source.row(1).key, "edit", messages=chat("so\nbad", "Negative")["messages"])
    with pytest.raises(InputError, match="row 2"):
        write_rows(curated(source, ledger), out, source.format)
    assert out.read_text() == "good   ### Positive\nso bad ### Negative\n"


def test_rows_can_be_written_in_another_format_than_they_came_in(tmp_path: Path) -> None:
    source = opened(tmp_path, [{"question": "a", "answer": "1", "id": 4}])
    out = tmp_path / "out.jsonl"
    write_rows(curated(source), out, Format("openai-chat"))
    written = json.loads(out.read_text())
    assert written["messages"] == chat("a", "1")["messages"]
    assert written["id"] == 4
    assert open_source(out).row(0).key == source.row(0).key


def test_a_folder_that_cannot_be_written_to_is_one_line(tmp_path: Path) -> None:
    source = opened(tmp_path, [chat("a", "1")])
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_rows(curated(source), tmp_path / "file" / "out.jsonl", source.format)
