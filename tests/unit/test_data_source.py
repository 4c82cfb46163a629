"""A file of rows opens at once, in any state that files come in, and every row is accounted for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ftworkbench.data.sources.source import Row, open_source
from ftworkbench.errors import InputError


def line(number: int) -> str:
    messages = [{"role": "user", "content": f"q{number}"}, {"role": "assistant", "content": f"a{number}"}]
    return json.dumps({"messages": messages})


def rows_of(path: Path) -> list[Row]:
    with open_source(path) as source:
        return list(source.rows())


def answers(rows: list[Row]) -> list[str]:
    return [row.example.answer if row.example else row.problem.kind for row in rows if row.problem or row.example]


def write(tmp_path: Path, content: bytes | str, name: str = "rows.jsonl") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        f"{line(1)}\n{line(2)}\n",
        f"{line(1)}\n{line(2)}",
        f"{line(1)}\r\n{line(2)}\r\n",
        f"\ufeff{line(1)}\n{line(2)}\n",
        f"\n\n{line(1)}\n\r\n   \t\n{line(2)}\n\n\n",
        f"   {line(1)}\n\t{line(2)}  \n   ",
        f"[{line(1)},\n{line(2)}]",
        f"\ufeff \n[{line(1)}, {line(2)}]\n",
    ],
)
def test_line_ends_marks_and_blank_lines_change_nothing(tmp_path: Path, content: str) -> None:
    rows = rows_of(write(tmp_path, content))
    assert answers(rows) == ["a1", "a2"]


def test_a_bad_row_in_the_middle_is_a_row_with_a_problem(tmp_path: Path) -> None:
    content = line(1).encode() + b'\n{"messages": [\n\xff\xfe\xfa\n[1]\n' + line(5).encode()
    rows = rows_of(write(tmp_path, content))
    assert answers(rows) == ["a1", "not-json", "not-utf8", "no-messages", "a5"]
    assert rows[2].text == "\ufffd\ufffd\ufffd"
    assert all(row.problem is None or row.problem.row == row.number for row in rows)


def test_rows_are_had_by_number_while_the_rest_is_not_indexed_yet(tmp_path: Path) -> None:
    count = 40_000
    path = write(tmp_path, "\n".join(line(number) for number in range(1, count + 1)))
    with open_source(path) as source:
        assert 50 <= source.known < count
        assert not source.complete
        assert source.row(49).example.answer == "a50"
        while not source.index_some(0.0):
            pass
        assert source.known == count
        assert source.row(count - 1).example.answer == f"a{count}"
        assert source.raw(count // 2).decode() == line(count // 2 + 1)
        assert source.row(7) is source.row(7)


def test_a_row_of_twenty_megabytes_is_a_row(tmp_path: Path) -> None:
    long = "x" * 20_000_000
    record = {"messages": [{"role": "user", "content": long}, {"role": "assistant", "content": "big"}]}
    rows = rows_of(write(tmp_path, f"{line(1)}\n{json.dumps(record)}\n{line(3)}"))
    assert answers(rows) == ["a1", "big", "a3"]


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    for content in ("", "\ufeff", "\n\n  \n", "[]"):
        assert rows_of(write(tmp_path, content)) == []


def test_one_object_over_many_lines_is_one_row(tmp_path: Path) -> None:
    pretty = json.dumps(json.loads(line(1)), indent=2)
    assert answers(rows_of(write(tmp_path, pretty, "one.json"))) == ["a1"]
    assert answers(rows_of(write(tmp_path, f"{line(1)}\n{line(2)}", "lines.json"))) == ["a1", "a2"]


def test_text_lines_are_read_as_input_and_answer(tmp_path: Path) -> None:
    path = write(tmp_path, "The service was excellent. ### Positive\n\nno mark\nI waited. ### Negative", "rows.txt")
    assert answers(rows_of(path)) == ["Positive", "no-assistant", "Negative"]


def test_an_odd_row_is_kept_with_a_warning(tmp_path: Path) -> None:
    turns = [("user", "a"), ("user", "b"), ("assistant", "c")]
    record = {"messages": [{"role": role, "content": content} for role, content in turns]}
    (row,) = rows_of(write(tmp_path, json.dumps(record)))
    assert not row.refused
    assert row.problem.kind == "not-alternating"


def test_the_key_of_a_refused_row_survives_another_key_order(tmp_path: Path) -> None:
    one = rows_of(write(tmp_path, '{"a": 1, "messages": []}'))[0]
    two = rows_of(write(tmp_path, '{"messages":[],"a":1}'))[0]
    assert one.refused
    assert one.key == two.key


def test_a_row_with_an_empty_answer_can_still_be_shown_and_edited(tmp_path: Path) -> None:
    record = {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": ""}]}
    (row,) = rows_of(write(tmp_path, json.dumps(record)))
    assert row.refused
    assert row.draft.messages[0]["content"] == "hi"


def test_json_nested_past_reason_is_a_refused_row(tmp_path: Path) -> None:
    for depth in (400, 990, 1010, 5000):
        deep = '{"messages": [], "x": ' + "[" * depth + "]" * depth + "}"
        (row,) = rows_of(write(tmp_path, deep))
        assert row.refused
        (row,) = rows_of(write(tmp_path, f"[{deep}]")) if depth < 1000 else (row,)
        assert row.refused


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PAR1....", "Parquet"),
        (b"PK\x03\x04....", "zip"),
        (bytes(range(256)) * 8, "binary"),
    ],
)
def test_a_file_that_is_no_text_is_refused_whole_in_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        open_source(write(tmp_path, content))


def test_a_damaged_array_a_folder_and_no_file_at_all_say_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 1, column"):
        open_source(write(tmp_path, '[{"messages": []', "rows.json"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="a folder without"):
        open_source(tmp_path / "empty")
    with pytest.raises(InputError, match="no such file"):
        open_source(tmp_path / "none.jsonl")


def test_a_file_cut_short_while_it_is_open_reads_short_and_does_not_crash(tmp_path: Path) -> None:
    path = write(tmp_path, "\n".join(line(number) for number in range(1, 40_001)))
    with open_source(path) as source:
        while not source.index_some(1.0):
            pass
        path.write_text(line(1))
        assert source.row(0).example.answer == "a1"
        assert source.row(39_999).refused


def test_rows_of_a_file_of_lines_are_called_by_their_line_as_an_editor_shows_it(tmp_path: Path) -> None:
    lines: list[str] = ["", line(1), "", "   ", line(2), line(3), "\t", "{broken", "", line(4), ""]
    path = write(tmp_path, "\n".join(lines))
    filled = [number for number, text in enumerate(lines, 1) if text.strip()]
    with open_source(path) as source:
        rows = list(source.rows())
        assert [row.number for row in rows] == filled
        assert [row.problem.row for row in rows if row.problem] == [8]
        assert [source.index_of(number) for number in range(1, 12)] == [
            None, 0, None, None, 1, 2, None, 3, None, 4, None,
        ]  # fmt: skip
    with open_source(write(tmp_path, f"[\n\n{line(1)},\n{line(2)}]", "rows.json")) as source:
        assert [row.number for row in source.rows()] == [1, 2]
        assert [source.index_of(number) for number in (0, 1, 2, 3)] == [None, 0, 1, None]


def test_line_numbers_hold_over_the_slices_in_which_a_large_file_is_indexed(tmp_path: Path) -> None:
    lines = [line(number) if number % 7 else "" for number in range(1, 60_000)]
    with open_source(write(tmp_path, "\n".join(lines))) as source:
        while not source.index_some(0.0):
            pass
        for index in (0, 5, 6, 777, 20_000, source.known - 1):
            number = source.row(index).number
            assert source.raw(index).decode() == lines[number - 1]
            assert source.index_of(number) == index
