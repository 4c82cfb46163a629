"""Whoever does not like the format that was found sees what else would do, and how much of the file it keeps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ftworkbench.data.sources.choices import Choice, format_choices
from ftworkbench.data.sources.source import open_source
from ftworkbench.recipe.own_tables import FORMAT_NAMES, Data


def choices(path: Path, data: Data | None = None) -> list[Choice]:
    with open_source(path, data) as source:
        return format_choices(source)


def write(path: Path, records: list[Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def test_the_format_that_was_found_comes_first_and_those_that_keep_nothing_not_at_all(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    path = write(tmp_path / "rows.jsonl", [{"messages": turns}] * 60 + [{"messages": []}])
    (only,) = choices(path)
    assert (only.name, only.columns, only.kept, only.looked_at, only.recognised) == ("openai-chat", None, 50, 50, True)
    assert str(only) == "openai-chat: 50 of 50 rows"


def test_pairs_of_columns_come_the_likelier_first(tmp_path: Path) -> None:
    path = tmp_path / "tickets.csv"
    path.write_text("id,body,reply_text,note\n" + "".join(f"{n},ask {n},say {n},x\n" for n in range(3)))
    found = choices(path)
    assert (found[0].recognised, found[0].kept) == (True, 0)
    assert found[1].columns is not None
    assert found[1].columns[1] == "reply_text"
    assert {choice.columns for choice in found[1:4]} == {(name, "reply_text") for name in ("id", "body", "note")}
    assert all(choice.kept == choice.looked_at == 3 for choice in found[1:])


def test_a_choice_is_honoured_as_the_recipe_says_it(tmp_path: Path) -> None:
    records = [{"instruction": "add", "input": "1 2", "output": "3", "prompt": "p", "completion": ""}] * 3
    path = write(tmp_path / "rows.jsonl", records)
    found = choices(path)
    assert (found[0].name, found[0].kept) == ("alpaca", 3)
    assert found[0].recognised
    for choice in found:
        told = Data(train="rows.jsonl", **choice.options)
        with open_source(path, told) as source:
            assert source.format == choice.format
            assert sum(not row.refused for row in source.rows()) == choice.kept
        assert choices(path, told)[0] == Choice(choice.format, choice.kept, 3, recognised=True)
    assert ("columns", ("input", "output")) in {(choice.name, choice.columns) for choice in found}
    assert "prompt-completion" not in {choice.name for choice in found}
    assert {choice.name for choice in found} <= set(FORMAT_NAMES)


def test_lines_of_text_may_be_raw_or_marked(tmp_path: Path) -> None:
    path = tmp_path / "rows.txt"
    path.write_text("a ### b\nc ### d\nno mark\n", encoding="utf-8")
    assert [(choice.name, choice.kept) for choice in choices(path)] == [("text", 2), ("raw-text", 3)]


def test_files_without_a_row_that_can_be_read_have_the_one_choice(tmp_path: Path) -> None:
    (tmp_path / "none.jsonl").write_text("")
    (tmp_path / "odd.jsonl").write_text('[1]\n{"": "a", "x": {}}\n3\n{broken\n')
    for name, count in (("none.jsonl", 0), ("odd.jsonl", 4)):
        assert [(choice.kept, choice.looked_at) for choice in choices(tmp_path / name)] == [(0, count)]
