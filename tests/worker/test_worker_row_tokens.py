"""All rows of a file by the model's own tokenizer, as the check and the list of rows use them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from tiny import TEMPLATE, chat, events, make_recipe, new_job, rows, write_rows

from ftworkbench.cli import main
from ftworkbench.data.example import Example
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.sources.source import open_source
from ftworkbench.jobs.folder import Job
from ftworkbench.recipe.write import dumps
from ftworkbench.steps.recipe import Opened, open_recipe
from ftworkbench.steps.row_tokens import RowTokens, known_tokens, tokens_of_rows
from ftworkbench.worker.__main__ import do_job
from ftworkbench.worker.rows import judged_rows
from ftworkbench.worker.template import open_template
from ftworkbench.workspace import Workspace

LENGTH = 64
LONG = chat("Is it red? " + "very " * 40, "red")
CUT = chat("What is it?", "green " * 40)
TOOLS = {
    "messages": [
        {"role": "user", "content": "How warm is it?"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"function": {"name": "weather", "arguments": {"at": "K"}}}],
        },
        {"role": "tool", "content": "21"},
        {"role": "assistant", "content": "21 degrees"},
    ]
}
MANY = {"messages": [*chat("a", "red")["messages"], *chat("b", "blue")["messages"], *chat("c", "green")["messages"]]}
UNTRAINED = {"role": "assistant", "content": "blue " * 40, "weight": 0}
UNCUT = {"messages": [*chat("x?", "red")["messages"], {"role": "user", "content": "y?"}, UNTRAINED]}
REFUSING = "{%- if messages|length > 5 -%}{{ raise_exception('too many turns') }}{%- endif -%}" + TEMPLATE


@contextmanager
def _session(opened: Opened) -> Iterator[Job]:
    job = new_job(opened.workspace, "session", opened.resolved, job=None)
    thread = threading.Thread(target=do_job, args=(job,))
    thread.start()
    try:
        yield job
    finally:
        job.stop_file.touch()
        thread.join(timeout=60)


def _workspace(folder: Path, model: Path, found: list[dict[str, Any]], **overrides: Any) -> Opened:
    write_rows(folder / "train.jsonl", found)
    write_rows(folder / "skills.jsonl", [chat("Say yes.", "yes")])
    (folder / "chat.jinja").write_text(REFUSING)
    recipe = make_recipe(model, train__max_length=LENGTH, train__chat_template_path="chat.jinja", **overrides)
    (folder / "colours.toml").write_text(dumps(recipe))
    return open_recipe(folder / "colours.toml")


def _keys(opened: Opened) -> list[str]:
    with open_source(opened.workspace.root / "train.jsonl") as source:
        return [row.key for row in source.rows()]


Asked = tuple[Opened, RowTokens, list[str], list[tuple[str, int, int]]]


@pytest.fixture(scope="module")
def asked(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """A workspace with one row of each kind, one of them rejected and one edited, and what a session said of them."""
    plain = rows(3)
    found = [plain[0], LONG, CUT, TOOLS, MANY, UNCUT, plain[1], plain[2], plain[0]]
    opened = _workspace(tmp_path_factory.mktemp("rows"), model, found)
    keys = _keys(opened)
    ledger = Ledger.open(opened.workspace.ledger)
    ledger.decide(keys[6], "reject")
    ledger.decide(keys[7], "edit", messages=chat("Short?", "red")["messages"])
    told: list[tuple[str, int, int]] = []
    with _session(opened):
        tokens = tokens_of_rows(opened, lambda *done: told.append(done))
    return opened, tokens, keys, told


def test_every_row_that_is_used_has_its_tokens_and_its_problem(asked: Asked) -> None:
    _, tokens, keys, told = asked
    found = [tokens.of[key].problem if key in tokens.of else None for key in keys]
    expected = ["", "all-cut", "cut", "template-drops", "template-refused", "too-long", None, "", ""]
    assert found == expected
    assert "too many turns" in tokens.of[keys[4]].reason
    assert "assistant" in tokens.of[keys[3]].reason
    assert "no answer is cut" in tokens.of[keys[5]].reason
    assert tokens.of[keys[5]].stop
    assert str(LENGTH) in tokens.of[keys[1]].reason
    assert told[-1] == ("tokens", 7, 7)


def test_the_figures_of_a_row_are_those_of_its_tokens(asked: Asked, model: Path) -> None:
    opened, tokens, keys, _ = asked
    from ftworkbench.worker.models import load_tokenizer

    tokenizer = load_tokenizer(opened.resolved, opened.workspace)
    template = open_template(tokenizer, frozenset({tokenizer.eos_token_id}), "tiny")
    edited = Example(tuple(chat("Short?", "red")["messages"]))
    [(_, whole, _)] = judged_rows(opened.resolved, template, [edited])
    assert not isinstance(whole, Exception)
    found = tokens.of[keys[7]]
    assert (found.tokens, found.trained, found.cut, found.stop) == (len(whole.input_ids), whole.trained, 0, True)
    cut = tokens.of[keys[2]]
    assert cut.cut == cut.tokens - LENGTH > 0
    assert not cut.stop
    figures = tokens.figures([keys[0], keys[7]])
    assert figures["total"] == tokens.of[keys[0]].tokens + found.tokens
    assert (figures["rows"], figures["longest"], figures["max_length"]) == (2, tokens.of[keys[0]].tokens, LENGTH)


def test_what_is_known_is_given_again_without_a_session_until_something_changes(asked: Asked) -> None:
    opened, tokens, keys, _ = asked
    assert known_tokens(opened) == tokens
    assert tokens_of_rows(opened).job == tokens.job  # no session runs any more, and none was started
    shorter = open_recipe(opened.path, ["train.max_length=32"])
    assert known_tokens(shorter) is None
    assert known_tokens(open_recipe(opened.path, ["prompt.system=Other."])) is None
    path = opened.workspace.root / "chat.jinja"
    path.write_text(REFUSING + " ")
    assert known_tokens(opened) is None
    path.write_text(REFUSING)
    ledger = Ledger.open(opened.workspace.ledger)
    ledger.decide(keys[7], "edit", messages=chat("Shorter?", "blue")["messages"])
    found = known_tokens(opened)
    assert found is not None
    assert set(tokens.of) - set(found.of) == {keys[7]}
    ledger.undo()


def test_the_check_of_a_recipe_says_what_tokens_show_and_every_row_keeps_its_fate(
    asked: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    opened, tokens, keys, _ = asked
    assert main(["check", str(opened.path), "--tokens", "--json"]) == 0
    [file] = orjson.loads(capsys.readouterr().out)["files"]
    assert file["kept"] + file["refused"] + file["duplicates"] + file["rejected"] == file["rows"] == len(keys)
    found = {problem["kind"]: problem["rows"] for problem in file["problems"]}
    assert found["template-refused"] == [5]
    assert found["all-cut"] == [2]
    assert found["too-long"] == [6]
    assert found["cut"] == [3]
    assert found["template-drops"] == [4]
    used = [keys[place] for place in (0, 1, 2, 3, 4, 5, 7)]
    assert file["tokens"] == tokens.figures(used)
    assert file["tokens"]["total"] == sum(tokens.of[key].tokens for key in used)
    assert main(["check", str(opened.path), "--tokens"]) == 0
    said = capsys.readouterr().out
    assert f"longest {file['tokens']['longest']}; {file['tokens']['trained']} trained of" in said
    assert "too many turns" in said


def test_a_file_alone_has_no_tokenizer_to_be_checked_with(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(asked[0].workspace.root / "train.jsonl"), "--tokens"]) == 2
    assert "name a recipe" in capsys.readouterr().err


def test_a_file_that_cannot_be_read_is_said(model: Path, tmp_path: Path) -> None:
    opened = _workspace(tmp_path, model, rows(2))
    (tmp_path / "train.jsonl").unlink()
    with _session(opened), pytest.raises(Exception, match="no such file"):
        tokens_of_rows(opened)


def test_three_thousand_rows_take_seconds(model: Path, tmp_path: Path) -> None:
    opened = _workspace(tmp_path, model, rows(3_000))
    with _session(opened) as job:
        began = time.monotonic()
        tokens = tokens_of_rows(opened)
        assert time.monotonic() - began < 30
    assert len(tokens.of) == 3_000
    assert any(event.fields["what"] == "tokens" for event in events(job, "progress"))
    lines = (job.outputs / "rows.jsonl").read_bytes().splitlines()
    assert set(orjson.loads(lines[0])) == {"key", "tokens", "trained", "cut", "stop"}
    assert Workspace(tmp_path).root == opened.workspace.root
