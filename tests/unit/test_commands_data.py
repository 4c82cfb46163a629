"""`init` and `check` over data as it comes: what they say of rows that cannot be used, and what to do next."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from headless import run


def row(number: int) -> str:
    return json.dumps({"prompt": f"what is {number} plus {number * 7}", "completion": str(number * 8)})


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_missing_column_is_named_with_its_line_and_what_the_row_has(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", row(1), "", '{"prompt": "x", "answer": "y"}', row(2), "", "{")
    done = run("check", path)
    (missing,) = [line for line in done.stdout.splitlines() if "no-column" in line]
    assert missing.endswith('row 3: no "completion" (the row has prompt, answer)')
    (broken,) = [line for line in done.stdout.splitlines() if "not-json" in line]
    assert "row 6:" in broken


def test_check_counts_the_rows_that_are_kept_once_and_advises_about_those(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", *(row(n) for n in range(20)), row(3), row(4), "{", row(5))
    said = run("check", path).stdout
    assert "24 rows: 20 kept, 1 refused, 3 duplicates\n" in said
    assert "advice: 20 rows are kept: below" in said
    (file,) = json.loads(run("check", path, "--json").stdout)["files"]
    assert (file["rows"], file["kept"], file["refused"], file["duplicates"], file["rejected"]) == (24, 20, 1, 3, 0)


def test_init_tells_of_refused_rows_and_of_commands_that_work_as_they_stand(tmp_path: Path) -> None:
    data = write(tmp_path / "rows.jsonl", *(row(n) for n in range(40)), "{", "[]", '{"prompt": "x"}')
    done = run("init", "my desk", "--data", data, "--model", "pocket", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "my desk/my desk.toml: 43 rows, prompt-completion"
    assert lines[1] == "3 rows are refused and will not be used; `ftworkbench check 'my desk'` lists them"
    steps = lines[lines.index("next:") + 1 :]
    words = [shlex.split(line)[1] for line in steps]
    assert words == ["check", "my desk", "evaluate", "train"]
    assert len({line.rindex("  ") for line in steps}) == 1  # what they do stands in one column
    check = shlex.split(steps[0].rpartition("  ")[0])[1:]
    assert "3 refused" in run(*check, cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--prompt-column", "prompt"], "--prompt-column needs --answer-column beside it"),
        (["--answer-column", "completion"], "--answer-column needs --prompt-column beside it"),
        (["--prompt-column", "prompt", "--answer-column", "prompt"], "name two columns"),
        (["--prompt-column", "q", "--answer-column", "a"], 'no "q" (the row has prompt, completion)'),
    ],
)
def test_init_speaks_of_columns_by_the_options_that_were_typed(tmp_path: Path, options: list[str], says: str) -> None:
    data = write(tmp_path / "rows.jsonl", *(row(n) for n in range(40)))
    done = run("init", tmp_path / "desk", "--data", data, "--model", "pocket", *options)
    assert done.returncode == 2
    assert says in done.stderr
    assert "data." not in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "desk").exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no such file"),
        (b"", "is empty"),
        (b"PK\x03\x04rest", "zip archive"),
        (bytes(range(256)) * 8, "binary"),
        (b'{"x": 1}\n{"y": 2}\n', "name its columns with --prompt-column and --answer-column"),
    ],
)
def test_init_with_data_that_cannot_be_used_is_one_line_exit_2_and_nothing_written(
    tmp_path: Path, content: bytes | None, says: str
) -> None:
    data = tmp_path / "rows.jsonl"
    if content is not None:
        data.write_bytes(content)
    done = run("init", tmp_path / "desk", "--data", data, "--model", "pocket")
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "desk").exists()


def test_a_folder_of_files_is_data_as_one_file_is(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    write(tmp_path / "rows" / "part-1.jsonl", *(row(n) for n in range(20)))
    write(tmp_path / "rows" / "part-2.jsonl", *(row(n) for n in range(20, 40)), "{")
    assert "41 rows: 40 kept, 1 refused" in run("check", tmp_path / "rows").stdout
    assert run("init", tmp_path / "work", "--data", tmp_path / "rows", "--model", "pocket").returncode == 0
    assert "41 rows: 40 kept, 1 refused" in run("check", tmp_path / "work").stdout
    done = run("split", tmp_path / "work", "--json")
    assert done.returncode == 0, done.stderr
    frozen = json.loads(done.stdout)
    assert sum(frozen[part] for part in ("train", "validation", "test")) == 40
