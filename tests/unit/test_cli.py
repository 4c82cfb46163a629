"""The command line as a user meets it: in a process of its own."""

import json
from pathlib import Path

import pytest
from headless import run

from ftworkbench.cli import COMMANDS


def chat(question: str, answer: str) -> str:
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": messages})


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    words = ["parcel", "invoice", "password", "cable"]
    lines = [chat(f"What about {words[n % 4]} number {n * 37} please", f"label_{n % 4}") for n in range(60)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_help_names_every_command() -> None:
    done = run("--help")
    assert done.returncode == 0
    for name in COMMANDS:
        assert f"  {name} " in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert f"usage: ftworkbench {command}" in done.stdout


def test_an_unknown_command_is_one_line_and_exit_2(tmp_path: Path) -> None:
    done = run("evaluat", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "ftworkbench: evaluat: no such workspace or command; did you mean `ftworkbench evaluate`?\n"


def test_the_workbench_without_a_terminal_says_what_to_do(tmp_path: Path) -> None:
    done = run(str(tmp_path))
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr


def test_init_writes_a_recipe_that_loads(rows: Path, tmp_path: Path) -> None:
    done = run("init", str(tmp_path / "work"), "--data", str(rows), "--model", "pocket", "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made["rows"] == 60
    assert made["format"] == "openai-chat"
    done = run("split", made["recipe"], "--json")
    assert done.returncode == 0, done.stderr
    parts = json.loads(done.stdout)
    assert parts["train"] + parts["validation"] + parts["test"] == 60


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("train.learning_rat=1", "did you mean learning_rate?"),
        ("train.learning_rate=-1", "learning_rate must be"),
        ("data.train=gone.jsonl", "no such file"),
        ("model.model_id=./nowhere", "no such folder"),
    ],
)
def test_a_bad_recipe_is_one_line_exit_2_and_nothing_written(
    rows: Path, tmp_path: Path, change: str, says: str
) -> None:
    folder = tmp_path / "work"
    assert run("init", str(folder), "--data", str(rows), "--model", "pocket").returncode == 0
    before = sorted(folder.rglob("*"))
    done = run("train", str(folder), "--set", change)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("model", ["./nowhere", "no such id!", "/tmp"])
def test_init_with_a_model_that_cannot_be_had_writes_nothing(rows: Path, tmp_path: Path, model: str) -> None:
    done = run("init", str(tmp_path / "work"), "--data", str(rows), "--model", model)
    assert done.returncode == 2
    assert not (tmp_path / "work").exists()


def test_check_accounts_for_every_row_and_names_the_bad_ones(tmp_path: Path) -> None:
    bad = [
        "{not json",
        '{"messages": []}',
        json.dumps({"messages": [{"role": "robot", "content": "x"}]}),
        json.dumps({"messages": [{"role": "user", "content": "x"}]}),
        chat("A question with an empty answer", ""),
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join([chat("How do I reset it", "account"), *bad, chat("Where is my bill", "billing")]) + "\n")
    done = run("check", str(path), "--json")
    found = json.loads(done.stdout)["files"][0]
    assert found["rows"] == 7
    assert found["kept"] == 2
    assert found["refused"] == 5
    named = {row for problem in found["problems"] for row in problem["rows"]}
    assert {2, 3, 4, 5, 6} <= named


def test_hostile_rows_never_reach_the_terminal_raw(tmp_path: Path) -> None:
    path = tmp_path / "rows\x1b[31m.jsonl"
    path.write_text(json.dumps({"messages": [{"role": "\x1b]0;owned\x07", "content": "\u202ex"}]}) + "\n")
    done = run("check", str(path))
    for output in (done.stdout, done.stderr):
        assert "\x1b" not in output
        assert "\u202e" not in output


def test_jobs_of_an_empty_workspace_is_an_empty_list(tmp_path: Path) -> None:
    done = run("jobs", str(tmp_path), "--json")
    assert json.loads(done.stdout) == {"jobs": []}


def test_doctor_speaks_json() -> None:
    found = json.loads(run("doctor", "--json").stdout)
    assert {"versions", "gpus", "terminal", "disk", "problems"} <= found.keys()
    assert found["versions"]["textual"]
    for name, words in found["extras"].items():
        assert words[0].isdigit() or f"pip install '{name}>=" in words or f"pip install '{name}<" in words


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["baseline", "x"], "did you mean `ftworkbench evaluate RECIPE`?"),
        (["ship", "x"], "did you mean `ftworkbench merge JOB --out DIR`?"),
        (["init", "x", "--data", "y"], "the following arguments are required: --model; `ftworkbench init --help`"),
        (["watch"], "the following arguments are required: JOB"),
        (["split", "x", "--agian"], "unrecognized arguments: --agian"),
        (["check", "empty.jsonl"], "is empty"),
        (["check", "nowhere.jsonl"], "no such file"),
        (["train", "nowhere"], "no such recipe or workspace"),
        (["jobs", "empty.jsonl"], "neither a workspace nor a recipe"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_2(tmp_path: Path, words: list[str], says: str) -> None:
    (tmp_path / "empty.jsonl").touch()
    done = run(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["empty.jsonl"]
