"""What commands say to do next, and what they say of the rows before it: on a sample recipe, copied beside rows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ftworkbench.cli import main
from ftworkbench.paths import sample_configs

WORDS = ("apple", "brick", "cloud", "drum", "eagle", "flint", "grape", "heron", "iron", "jade", "kite", "lemon")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the sample for a CPU and forty rows."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "desk"
    folder.mkdir()
    shutil.copy(next(path for path in sample_configs() if path.stem == "cpu"), folder)
    rows = []
    for number in range(40):
        text = " ".join(WORDS[(number * step + step) % 12] + str(number * step) for step in (1, 5, 7, 11, 3))
        turns = [{"role": "user", "content": text}, {"role": "assistant", "content": f"a{number % 2}"}]
        rows.append(json.dumps({"messages": turns}) + "\n")
    (folder / "train.jsonl").write_text("".join(rows))
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("command", ["check", "fit", "split"])
def test_what_comes_next_is_said_as_commands_that_work_here(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "cpu.toml"]) == 0
    said = capsys.readouterr().out
    after = said[said.index("next:\n") :].splitlines()
    assert [line.split("  ")[1] for line in after[-2:]] == [
        "ftworkbench evaluate cpu.toml",
        "ftworkbench train cpu.toml",
    ]
    assert ("ftworkbench fit cpu.toml" in said) == (command == "check")


@pytest.mark.usefixtures("desk")
def test_next_commands_keep_the_changes_of_this_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["split", "cpu.toml", "--set", "data.seed=7"]) == 0
    assert "ftworkbench train cpu.toml --set data.seed=7" in capsys.readouterr().out


def test_raw_text_has_no_baseline_to_measure(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "train.jsonl").write_text("".join(json.dumps({"text": f"line {word}"}) + "\n" for word in WORDS))
    assert main(["split", "cpu.toml"]) == 0
    said = capsys.readouterr().out
    assert "ftworkbench train cpu.toml" in said
    assert "evaluate cpu.toml" not in said


@pytest.mark.usefixtures("desk")
def test_a_split_says_that_it_is_frozen_and_whether_it_can_decide_anything(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["split", "cpu.toml", "--set", "data.validation_fraction=0", "--set", "train.eval_strategy=no"]
    assert main(asked) == 0
    said = capsys.readouterr().out
    assert "frozen now" in said
    assert "below 120 test rows a gain of 5 points (evaluate.min_effect) cannot be told from luck; this has 8" in said
    assert "no row validates" in said
    assert main([*asked, "--set", "evaluate.min_effect=0.9"]) == 0
    said = capsys.readouterr().out
    assert "frozen already, and kept" in said
    assert "told from luck" not in said


@pytest.mark.usefixtures("desk")
def test_a_check_says_which_near_duplicates_were_looked_for(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "train.jsonl"])
    said = capsys.readouterr().out
    assert "near-duplicates were looked for: prompts alike by 0.7 or more; where the answers differ, by 0.8 and" in said
    assert "next:" not in said  # there is no recipe yet


def test_a_sample_without_its_rows_says_where_to_write_their_name(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "train.jsonl").unlink()
    assert main(["check", "cpu.toml"]) == 2
    assert "data.train train.jsonl: there is no such file (.); write your file's name here" in capsys.readouterr().err
