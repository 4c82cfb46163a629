"""The last check of files, kept for the next look at them."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from ftworkbench.data.checks.check import Report
from ftworkbench.recipe.read import parse
from ftworkbench.steps.check import check_paths
from ftworkbench.steps.last_check import Checked, keep_check, last_check


def rows(path: Path, *asked: str) -> Path:
    path.write_text("".join(json.dumps({"prompt": each, "completion": "yes"}) + "\n" for each in asked))
    return path


@pytest.fixture
def checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Checked, list[Path]]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    paths = [rows(tmp_path / "train.jsonl", "one", "two", "one"), rows(tmp_path / "test.jsonl", "two")]
    return Checked(check_paths(paths), 12.5), paths


def test_what_was_kept_is_what_was_found(checked: tuple[Checked, list[Path]]) -> None:
    before, paths = checked
    assert last_check(paths, None) is None
    keep_check(before, None)
    after = last_check(paths, None)
    assert after is not None
    assert after.began == 12.5
    assert [file.problems for file in after.report.files] == [file.problems for file in before.report.files]
    assert after.report.as_json() == before.report.as_json()


def test_a_file_that_was_written_since_has_to_be_checked_anew(checked: tuple[Checked, list[Path]]) -> None:
    before, paths = checked
    keep_check(before, None)
    rows(paths[1], "two", "three")
    assert last_check(paths, None) is None


def test_other_files_together_are_another_check(checked: tuple[Checked, list[Path]]) -> None:
    before, paths = checked
    keep_check(before, None)
    assert last_check(paths[:1], None) is None


def test_a_damaged_file_of_the_cache_is_none(checked: tuple[Checked, list[Path]], tmp_path: Path) -> None:
    before, paths = checked
    keep_check(before, None)
    (kept,) = (tmp_path / "cache").rglob("*.json")
    kept.write_bytes(kept.read_bytes()[:-9])
    assert last_check(paths, None) is None


def test_names_and_labels_that_are_no_utf8_are_kept_as_well(
    checked: tuple[Checked, list[Path]], tmp_path: Path
) -> None:
    path = rows(tmp_path / os.fsdecode(b"tr\xe9ning.jsonl"), "one", "one")
    (file,) = check_paths([path]).files
    before = Checked(Report((replace(file, labels={"\ud800": 2}),)), 3.0)
    keep_check(before, None)
    after = last_check([path], None)
    assert after is not None
    assert after.report.files[0].labels == {"\ud800": 2}
    assert after.report.files[0].problems == file.problems


def test_a_file_that_is_gone_by_then_is_another_since(checked: tuple[Checked, list[Path]]) -> None:
    before, paths = checked
    paths[0].unlink()
    keep_check(before, None)
    paths[0].write_text("{}")
    assert last_check(paths, None) is None


def test_rows_that_are_read_in_another_way_have_to_be_checked_anew(checked: tuple[Checked, list[Path]]) -> None:
    before, paths = checked
    columns = 'prompt_column = "question"\nanswer_column = "answer"\n'
    base = '[model]\nmodel_id = "pocket"\n[data]\ntrain = "train.jsonl"\n'
    others = ("", columns, "[check]\nfew_shot_rows = 7\n", "[train]\nseed = 3\n")
    recipes = [parse(base + more, "colours") for more in others]
    keep_check(before, recipes[0])
    assert [last_check(paths, each) is not None for each in recipes] == [True, False, False, True]
