"""Rows come packed, as tables, in UTF-16, and in files that are still being written."""

from __future__ import annotations

import gzip
import json
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ftworkbench.data.checks.check import check_files
from ftworkbench.data.sources.source import Row, open_source
from ftworkbench.errors import InputError
from ftworkbench.recipe.own_tables import Data

NAMED = Data(train="rows.csv", prompt_column="ask", answer_column="say")


def chat(number: int, said: str = "") -> dict[str, Any]:
    messages = [{"role": "user", "content": f"q{number} {said}"}, {"role": "assistant", "content": f"a{number}"}]
    return {"messages": messages}


def lines(count: int) -> bytes:
    return b"".join(json.dumps(chat(number)).encode() + b"\n" for number in range(1, count + 1))


def rows_of(path: Path, data: Data | None = None) -> list[Row]:
    with open_source(path, data) as source:
        return list(source.rows())


def said(row: Row) -> str:
    return row.example.answer if row.example else row.problem.kind if row.problem else ""


def zstandard(data: bytes) -> bytes:
    import pyarrow

    packed: bytes = pyarrow.compress(data, codec="zstd", asbytes=True)
    return packed


def pieces_of_gzip(data: bytes) -> bytes:
    return gzip.compress(data[:99]) + gzip.compress(data[99:])


@pytest.mark.parametrize(
    ("pack", "name"),
    [
        (gzip.compress, "rows.jsonl.gz"),
        (pieces_of_gzip, "rows.gz"),
        (zstandard, "rows.jsonl.zst"),
        (lambda data: data.decode().encode("utf-16"), "rows.jsonl"),
        (lambda data: b"\xfe\xff" + data.decode().encode("utf-16-be"), "rows.txt"),
    ],
    ids=["gzip", "two gzips in one", "zstandard", "UTF-16", "UTF-16, the other way round"],
)
def test_packed_lines_are_read_as_they_were_before(pack: Any, name: str, tmp_path: Path) -> None:
    count = 30_000
    (tmp_path / name).write_bytes(pack(lines(count)))
    rows = rows_of(tmp_path / name)
    assert [said(row) for row in rows] == [f"a{number}" for number in range(1, count + 1)]
    assert [rows[0].number, rows[-1].number] == [1, count]


def test_the_first_rows_of_a_packed_file_are_there_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(lines(200_000), 1))
    with open_source(path) as source:
        assert 0 < source.known < 200_000
        assert not source.complete
        assert said(source.row(0)) == "a1"


@pytest.mark.parametrize("pack", [gzip.compress, zstandard], ids=["gzip", "zstandard"])
def test_a_packed_file_that_is_cut_off_gives_its_first_rows_and_says_so(pack: Any, tmp_path: Path) -> None:
    path = tmp_path / "rows.packed"
    draw = random.Random(1)
    rows = (chat(number, draw.randbytes(8).hex()) for number in range(60_000))
    packed = pack(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    path.write_bytes(packed[: len(packed) // 2])
    with open_source(path) as source:
        found = list(source.rows())
        assert 0 < len(found) < 60_000
        assert "cut off" in source.cut
    assert any("cut off" in advice.text for advice in check_files([path]).files[0].advice)
    assert [said(row) for row in found[:-1]] == [f"a{number}" for number in range(len(found) - 1)]


def test_a_csv_file_has_fields_over_lines_quotes_and_a_mark_in_front(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b'\xef\xbb\xbfask,say\r\n"one\r\ntwo","a ""b"""\r\n\r\n5" pipe,c\r\n')
    first, second = rows_of(path, NAMED)
    assert first.example is not None
    assert (first.example.prompt_text, first.example.answer) == ("one\r\ntwo", 'a "b"')
    assert first.example.original == {"ask": "one\r\ntwo", "say": 'a "b"'}
    assert second.example is not None
    assert second.example.prompt_text == '5" pipe'
    assert [first.number, second.number] == [2, 5]


def test_a_table_and_a_folder_are_indexed_by_several_threads_at_once(tmp_path: Path) -> None:
    for number in (1, 2):
        rows = "".join(f'"ask\n{row}",say {row}\n' for row in range(8_000))
        (tmp_path / f"part-{number}.csv").write_text(f"ask,say\n{rows}", encoding="utf-8")
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads get into each other's way as seldom otherwise as a test would notice
    try:
        with open_source(tmp_path, NAMED) as source, ThreadPoolExecutor(4) as threads:
            assert all(threads.map(lambda _: source.index_some(30.0), range(4)))
            seen = [said(row) for row in source.rows()]
    finally:
        sys.setswitchinterval(usual)
    assert seen == [f"say {row}" for row in range(8_000)] * 2


@pytest.mark.parametrize(("name", "mark"), [("rows.tsv", "\t"), ("rows.csv", ";"), ("rows.csv", ",")])
def test_the_columns_of_a_table_are_recognised(name: str, mark: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(f"id{mark}question{mark}answer\n1{mark}why{mark}so\n", encoding="utf-8")
    (row,) = rows_of(path)
    assert said(row) == "so"


def test_a_row_with_other_fields_than_the_header_is_refused_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"ask,say\na,b\nc\nd,e,f\n\xff,g\nh,i\n")
    rows = rows_of(path, NAMED)
    assert [said(row) for row in rows] == ["b", "bad-fields", "bad-fields", "not-utf8", "i"]
    assert [row.number for row in rows] == [2, 3, 4, 5, 6]
    assert rows[2].problem is not None
    assert rows[2].problem.reason == "3 fields, where the header names 2"
    assert rows[2].text == "d,e,f"


def test_a_table_without_a_header_is_refused_with_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    for content in ("", "only one\nx\n", "a,a\n1,2\n"):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match="name the columns"):
            open_source(path)


def test_parquet_rows_are_chats_too(tmp_path: Path) -> None:
    import polars

    path = tmp_path / "rows.parquet"
    polars.DataFrame([chat(number) for number in range(1, 2001)]).write_parquet(path)
    rows = rows_of(path)
    assert [said(row) for row in rows] == [f"a{number}" for number in range(1, 2001)]
    assert rows[1999].number == 2000


def test_the_same_row_has_the_same_key_in_every_container(tmp_path: Path) -> None:
    import polars

    (tmp_path / "rows.csv").write_text("prompt,completion\nwhy,so\n", encoding="utf-8")
    (tmp_path / "rows.jsonl").write_text('{"prompt": "why", "completion": "so"}\n', encoding="utf-8")
    polars.DataFrame({"prompt": ["why"], "completion": ["so"]}).write_parquet(tmp_path / "rows.parquet")
    keys = {rows_of(tmp_path / name)[0].key for name in ("rows.csv", "rows.jsonl", "rows.parquet")}
    assert len(keys) == 1


@pytest.mark.parametrize("before", ["", "\n\n", "   \n"])
def test_a_file_that_grows_shows_its_new_rows_and_the_rest_of_its_last_one(before: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    whole = json.dumps(chat(3))
    path.write_text(before + json.dumps(chat(1)) + "\n\n" + json.dumps(chat(2)) + "\n" + whole[:20], encoding="utf-8")
    with open_source(path) as source:
        rows = list(source.rows())
        assert [said(row) for row in rows] == ["a1", "a2", "not-json"]
        assert not source.grew()
        with path.open("a", encoding="utf-8") as file:
            file.write(whole[20:] + "\n\n" + json.dumps(chat(4)) + "\n")
        assert source.grew()
        grown = list(source.rows())
        assert [said(row) for row in grown] == ["a1", "a2", "a3", "a4"]
        assert [row.number for row in grown[:3]] == [row.number for row in rows]
        assert grown[3].number == rows[2].number + 2
        assert said(source.row(2)) == "a3"


def saved_dataset(folder: Path, count: int) -> Path:
    """What `datasets` leaves where it saves one: rows in Arrow streams, beside files that hold none."""
    import pyarrow

    folder.mkdir()
    for part, numbers in enumerate((range(1, count + 1), range(count + 1, 2 * count + 1))):
        table = pyarrow.Table.from_pylist([chat(number) for number in numbers])
        with pyarrow.ipc.new_stream(folder / f"data-{part:05}-of-00002.arrow", table.schema) as file:
            file.write_table(table)
    (folder / "state.json").write_text("{}")
    (folder / "dataset_info.json").write_text("{}")
    return folder


def test_a_saved_dataset_is_read_where_it_is(tmp_path: Path) -> None:
    rows = rows_of(saved_dataset(tmp_path / "saved", 1000))
    assert [said(row) for row in rows] == [f"a{number}" for number in range(1, 2001)]


def test_a_folder_is_read_as_one_file_and_tells_where_each_row_stands(tmp_path: Path) -> None:
    (tmp_path / "part-10.jsonl").write_bytes(lines(2))
    (tmp_path / "part-9.jsonl.gz").write_bytes(gzip.compress(b"\n" + lines(1)))
    (tmp_path / "README.md").write_text("not rows")
    (tmp_path / ".hidden.jsonl").write_bytes(lines(1))
    with open_source(tmp_path) as source:
        assert [(row.number, said(row)) for row in source.rows()] == [(1, "a1"), (2, "a1"), (3, "a2")]
        assert [source.place(index) for index in range(3)] == [
            "part-9.jsonl.gz, line 2", "part-10.jsonl, line 1", "part-10.jsonl, line 2",
        ]  # fmt: skip


def test_a_file_of_a_folder_that_cannot_be_read_is_a_refused_row(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(lines(1))
    (tmp_path / "b.parquet").write_bytes(b"PAR1 and no more")
    (tmp_path / "c.jsonl").write_bytes(lines(1))
    rows = rows_of(tmp_path)
    assert [said(row) for row in rows] == ["a1", "bad-file", "a1"]
    assert rows[1].problem is not None
    assert "b.parquet" in rows[1].problem.reason


def test_a_folder_of_splits_and_one_without_rows_say_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="without files of rows"):
        open_source(tmp_path)
    saved_dataset(tmp_path / "train", 1)
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train"]}')
    with pytest.raises(InputError, match="name the folder of one: train"):
        open_source(tmp_path)


def test_a_folder_that_cannot_be_read_at_all_is_a_row_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("only one column\n")
    (row,) = rows_of(tmp_path)
    assert row.refused


def test_rows_of_parquet_are_had_in_any_order_over_its_row_groups(tmp_path: Path) -> None:
    import polars

    path = tmp_path / "rows.parquet"
    polars.DataFrame([chat(number) for number in range(1, 4001)]).write_parquet(path, row_group_size=1500)
    order = [3999, 0, 1499, 1500, 2999, 700, 3000, 513, 1]
    with open_source(path) as source:
        assert [said(source.row(index)) for index in order] == [f"a{index + 1}" for index in order]
        with ThreadPoolExecutor(4) as threads:
            seen = list(threads.map(lambda _: [said(row) for row in source.rows()], range(4)))
    assert seen == [[f"a{number}" for number in range(1, 4001)]] * 4


@pytest.mark.parametrize("name", ["rows.parquet", "rows.arrow"])
def test_damage_within_a_table_costs_its_rows_and_says_so(name: str, tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    path = tmp_path / name
    table = pyarrow.table({"prompt": [f"ask {n}" for n in range(2000)], "completion": ["so"] * 2000})
    if name == "rows.parquet":
        parquet.write_table(table, path, row_group_size=1000, compression="none")
    else:
        with pyarrow.ipc.new_stream(path, table.schema) as file:
            file.write_table(table)
    content = bytearray(path.read_bytes())
    at = content.index(b"ask 1") + 6 if name == "rows.arrow" else content.index(b"ask 3")
    content[at : at + 64] = b"\xff" * 64
    path.write_bytes(content)
    rows = rows_of(path)
    assert len(rows) == 2000
    lost = [row for row in rows if row.refused]
    assert 0 < len(lost) < 2000
    assert all(row.problem is not None and "damaged" in row.problem.reason for row in lost)


def test_packed_tables_and_those_in_utf_16_are_tables(tmp_path: Path) -> None:
    table = 'ask,say\n"one\ntwo",a\nthree,b\n'
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(table.encode()))
    (tmp_path / "rows.tsv.zst").write_bytes(zstandard(table.replace(",", "\t").encode()))
    (tmp_path / "rows.csv").write_bytes(table.encode("utf-16"))
    for path in tmp_path.iterdir():
        rows = rows_of(path, NAMED)
        assert [(row.number, said(row)) for row in rows] == [(2, "a"), (4, "b")]
    packed = gzip.compress("".join(f"{n},{n * 7919 % 1000}\n" for n in range(9000)).encode())
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"ask,say\n") + packed[: len(packed) // 2])
    with open_source(tmp_path / "cut.csv.gz", NAMED) as source:
        assert 0 < len(list(source.rows())) < 9000
        assert "cut off" in source.cut


def test_a_row_of_another_shape_in_the_middle_is_refused_and_the_others_are_not(tmp_path: Path) -> None:
    others: list[Any] = [
        {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]},
        {"prompt": "a", "completion": "b"},
        {"text": "a"},
        {"messages": {"role": "user", "content": "a"}},
        [chat(1)],
        "a",
        7,
        None,
    ]
    mixed: list[Any] = [chat(1)] * 40
    for place, other in enumerate(others):
        mixed.insert(4 * place + 3, other)
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, mixed)), encoding="utf-8")
    (tmp_path / "rows.json").write_text(json.dumps(mixed), encoding="utf-8")
    (tmp_path / "rows.gz").write_bytes(gzip.compress((tmp_path / "rows.jsonl").read_bytes()))
    for path in sorted(tmp_path.iterdir()):
        rows = rows_of(path)
        assert [row.number for row in rows if row.refused] == [4 * place + 4 for place in range(len(others))]
        assert {row.problem.kind for row in rows if row.problem} == {"no-messages"}
        assert all(row.problem.reason for row in rows if row.problem)


def test_a_row_of_twenty_megabytes_is_a_row_in_every_container(tmp_path: Path) -> None:
    import polars

    long = "x" * 20_000_000
    records = [
        {"prompt": "a", "completion": "b"},
        {"prompt": long, "completion": "big"},
        {"prompt": "c", "completion": "d"},
    ]
    text = "".join(json.dumps(record) + "\n" for record in records)
    (tmp_path / "rows.csv").write_text(f'prompt,completion\na,b\n"{long}",big\nc,d\n', encoding="utf-8")
    (tmp_path / "rows.jsonl.gz").write_bytes(gzip.compress(text.encode(), 1))
    (tmp_path / "rows.json").write_text(json.dumps(records), encoding="utf-8")
    polars.DataFrame(records).write_parquet(tmp_path / "rows.parquet")
    for path in tmp_path.iterdir():
        assert [said(row) for row in rows_of(path)] == ["b", "big", "d"]


def test_an_empty_file_has_no_rows_in_any_container(tmp_path: Path) -> None:
    import polars
    import pyarrow

    (tmp_path / "rows.jsonl.gz").write_bytes(gzip.compress(b""))
    (tmp_path / "rows.jsonl.zst").write_bytes(zstandard(b""))
    (tmp_path / "utf16.txt").write_bytes(b"\xff\xfe")
    (tmp_path / "rows.txt").write_bytes(b"")
    (tmp_path / "rows.csv").write_text("prompt,completion\n")
    polars.DataFrame({"prompt": [], "completion": []}).write_parquet(tmp_path / "rows.parquet")
    schema = pyarrow.schema([("prompt", pyarrow.string())])
    with pyarrow.ipc.new_stream(tmp_path / "rows.arrow", schema):
        pass
    for path in tmp_path.iterdir():
        assert rows_of(path) == []
        (file,) = check_files([path]).files
        assert (file.rows, file.kept, file.problems) == (0, 0, ())
    for name in ("none.parquet", "none.arrow"):
        (tmp_path / name).write_bytes(b"")
        with suppress(InputError):
            assert rows_of(tmp_path / name) == []


def test_the_last_file_of_a_folder_may_grow(tmp_path: Path) -> None:
    (tmp_path / "1.jsonl").write_bytes(lines(2))
    (tmp_path / "2.jsonl").write_bytes(lines(1))
    with open_source(tmp_path) as source:
        assert len(list(source.rows())) == 3
        with (tmp_path / "2.jsonl").open("ab") as file:
            file.write(lines(3)[-len(json.dumps(chat(3))) - 1 :])
        assert source.grew()
        assert [said(row) for row in source.rows()] == ["a1", "a2", "a1", "a3"]
