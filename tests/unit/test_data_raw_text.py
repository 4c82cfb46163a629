"""Raw text is learned as it stands: a line of a text file, or the text of a record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ftworkbench.data.checks.check import check_files
from ftworkbench.data.example import Example
from ftworkbench.data.formats.format import Format, Refused, by_lines, read_example, recognise
from ftworkbench.data.formats.writing import write_record
from ftworkbench.data.review.curate import curate, effective, write_rows
from ftworkbench.data.review.decisions import RowState
from ftworkbench.data.sources.source import Row, open_source
from ftworkbench.data.splits.split import freeze, load_parts, require_questions
from ftworkbench.errors import InputError
from ftworkbench.evaluate.contestants import contestants
from ftworkbench.recipe.tables import Data, Prompt
from ftworkbench.workspace import Workspace

POEM = "Once upon a time\n\n  indented, # with a mark #\nThe end.\n"


def rows_of(path: Path, data: Data | None = None) -> list[Row]:
    with open_source(path, data) as source:
        return list(source.rows())


def texts(rows: list[Row]) -> list[str | None]:
    return [row.example.raw_text if row.example else None for row in rows]


def test_a_line_of_a_text_file_is_a_row_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "poem.txt"
    path.write_text(POEM, encoding="utf-8")
    rows = rows_of(path)
    assert texts(rows) == ["Once upon a time", "  indented, # with a mark #", "The end."]
    assert [row.number for row in rows] == [1, 3, 4]
    assert all(row.problem is None for row in rows)
    assert rows[0].title == rows[0].text == "Once upon a time"


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"text": "a"}, "raw-text"),
        ({"text": "a", "url": "b", "n": 3, "meta": {"x": "y"}}, "raw-text"),
        ({"text": "a", "label": "b"}, "columns text, label"),
        ({"text": "a", "summary": "b"}, "openai-chat"),
        ({"text": ["a"]}, "openai-chat"),
        ({"text": "a", "messages": []}, "openai-chat"),
    ],
)
def test_a_record_is_raw_text_where_no_other_text_stands_beside_it(record: dict[str, Any], expected: str) -> None:
    assert str(recognise([record, record], Path("rows.jsonl"))) == expected


def test_records_with_a_text_keep_their_other_fields(tmp_path: Path) -> None:
    records = [{"id": 1, "text": "  one\ntwo ", "url": "u"}, {"id": 2, "text": ""}, {"id": 3, "body": "x"}]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, records)) + "\n{broken", encoding="utf-8")
    rows = rows_of(path)
    assert texts(rows) == ["  one\ntwo ", None, None, None]
    assert [row.problem.kind for row in rows if row.problem] == ["empty-answer", "no-column", "not-json"]
    with open_source(path) as source:
        write_rows(curate(source.rows()), tmp_path / "out.jsonl", source.format)
    assert json.loads((tmp_path / "out.jsonl").read_text()) == records[0]


def test_a_table_of_one_column_named_text_and_a_folder_of_text_files(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text('text\n"a\nb"\nc\n', encoding="utf-8")
    assert texts(rows_of(tmp_path / "one.csv")) == ["a\nb", "c"]
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "1.txt").write_text("one\n", encoding="utf-8")
    (folder / "2.txt").write_text('{"two"\n', encoding="utf-8")
    assert texts(rows_of(folder)) == ["one", '{"two"']


def test_the_recipe_may_say_so_for_lines_and_for_json(tmp_path: Path) -> None:
    told = Data(train="rows", format="raw-text")
    (tmp_path / "marked.txt").write_text("a ### b\n", encoding="utf-8")
    assert texts(rows_of(tmp_path / "marked.txt", told)) == ["a ### b"]
    (tmp_path / "rows.jsonl").write_text('{"text": "a", "summary": "b"}\n', encoding="utf-8")
    assert texts(rows_of(tmp_path / "rows.jsonl", told)) == ["a"]


def test_its_key_is_not_that_of_a_conversation_that_says_the_same() -> None:
    raw = read_example({"text": "a"}, Format("raw-text"))
    assert raw == read_example(b"a", Format("raw-text", lines=True))
    assert raw.key == read_example(b"a", by_lines(Format("raw-text"), [b"a"])).key
    assert raw.key != Example(({"role": "assistant", "content": "a"},)).key
    assert (raw.prompt, raw.answer, raw.prompt_text) == ((), "", "a")


def test_an_edit_changes_the_text_and_turns_do_not_mix_with_it(tmp_path: Path) -> None:
    path = tmp_path / "rows.txt"
    path.write_text("wrnog\n", encoding="utf-8")
    (row,) = rows_of(path)
    mended = effective(row, RowState("accepted", ({"role": "text", "content": "wrong"},)))
    assert write_record(mended, Format("raw-text", lines=True), 1) == b"wrong"
    assert write_record(mended, Format("raw-text"), 1) == {"text": "wrong"}
    with pytest.raises(Refused, match="stands alone"):
        effective(row, RowState("accepted", (*mended.messages, {"role": "assistant", "content": "b"})))
    with pytest.raises(InputError, match="cannot stand in one file"):
        write_record(mended, Format("openai-chat"), 1)
    broken = mended.edited([{"role": "text", "content": "a\nb"}])
    with pytest.raises(InputError, match="new line"):
        write_record(broken, Format("raw-text", lines=True), 1)


def test_copies_and_likenesses_are_found_among_texts(tmp_path: Path) -> None:
    path = tmp_path / "rows.txt"
    lines = ["The quick brown fox jumps over the lazy dog.", "Another line of words here, of no likeness."]
    path.write_text("\n".join([*lines, lines[0], lines[0].replace(".", "!")]), encoding="utf-8")
    (file,) = check_files([path]).files
    assert [(problem.kind, problem.row, problem.other) for problem in file.problems] == [
        ("exact-duplicate", 3, 1), ("near-duplicate", 4, 1),
    ]  # fmt: skip
    assert (file.kept, file.fates["duplicate"], file.labels) == (3, 1, {})


def test_it_is_split_like_any_rows_but_not_asked(tmp_path: Path) -> None:
    words = ("red", "green", "blue", "old", "new", "sea", "sky", "sand")
    lines = [f"{words[n % 8]} {words[n // 8]} number {n} of {n * 7919}" for n in range(60)]
    (tmp_path / "rows.txt").write_text("\n".join(lines), encoding="utf-8")
    workspace, data = Workspace(tmp_path), Data(train="rows.txt")
    freeze(workspace, "r", data)
    parts = load_parts(workspace, "r", data)
    assert [len(parts.train), len(parts.validation), len(parts.test)] == [42, 6, 12]
    with pytest.raises(InputError, match=r"data\.train: raw text has no question to ask"):
        require_questions(workspace, data)
    (tmp_path / "test.jsonl").write_text('{"prompt": "a", "completion": "b"}\n', encoding="utf-8")
    require_questions(workspace, Data(train="rows.txt", test="test.jsonl"))
    found = contestants(Prompt(few_shot=(0, 3)), parts.train)
    assert [len(contestant.shots) for contestant in found] == [0]
