"""Labelling and the tally of votes from the command line, over an evaluation that a judge has looked at."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ftworkbench.cli import main
from ftworkbench.data.splits.split import Parts, load_parts
from ftworkbench.evaluate.outputs import Output, write_outputs
from ftworkbench.evaluate.votes import Side, Vote, read_votes
from ftworkbench.files import write_json
from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import own_state, write_state
from ftworkbench.recipe.prompt_table import TUNED
from ftworkbench.steps.asking import Question
from ftworkbench.steps.blind import Pair, vote_on
from ftworkbench.steps.judging import judged_rows, label
from ftworkbench.steps.recipe import open_recipe
from ftworkbench.steps.splits import freeze_again
from ftworkbench.steps.verdicts import report_of
from ftworkbench.steps.voting import cast_vote, standings
from ftworkbench.workspace import Workspace

SHA = "8d" * 32


Call = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """A command with lines that are piped in: its exit code, its object, and what it said."""

    def called(*words: str, typed: str = "") -> tuple[int, Any, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        code = main([*words, "--json"])
        out, said = capsys.readouterr()
        return code, json.loads(out) if out else None, said

    return called


@pytest.fixture
def judged(tmp_path: Path) -> Job:
    """An evaluation of four rows, on all of which its judge likes the tuned answer better."""
    workspace = Workspace(tmp_path)
    recipe = '[model]\nmodel_id = "tiny"\n[data]\ntrain = "train.jsonl"\n'
    job = create_job(workspace, "evaluate", recipe, {"recipe": "colours", "args": {}, "hashes": {}})
    job.outputs.mkdir()
    rows = [f"row{number}" for number in range(4)]
    for name in ("zero-shot", TUNED):
        asked = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": "Which colour\x1b[31m?"})
        write_outputs(
            job.outputs / f"test.{name}.jsonl",
            [Output(row, asked, "red", f"answer of {name[:1]}", "stop", 3) for row in rows],
        )
    judge = {"mode": "pairwise", "labels": dict.fromkeys(rows, "won"), "seed": 4, "reference": True}
    systems = [{"name": TUNED, "metrics": {}, "adapter_sha256": SHA}]
    write_json(job.verdict, {"n": 4, "systems": systems, "verdict": None, "chosen": "zero-shot", "judge": judge})
    write_state(job, own_state("done", 1))
    return job


def test_rows_are_labelled_line_by_line_and_a_label_is_taken_back(judged: Job, call: Call) -> None:
    code, found, said = call("label", str(judged.path), typed="l\nnonsense\nr\nu\ns\nt\nb\n")
    assert code == 0, said
    assert (found["labelled"], found["rows"], found["agreement"]["n"]) == (3, 4, 3)
    assert "'nonsense' says nothing here: l: left is better" in said
    assert "the last label is taken back" in said
    assert said.count("Which colour") == 6
    assert "reference: red" in said
    assert "tuned" not in said
    assert "zero-shot" not in said
    assert "\x1b" not in said
    votes = read_votes(judged.workspace.votes)
    assert [vote.word for vote in votes] == ["left", "tie", "both bad"]
    assert not judged.workspace.preferences.exists(), "of test rows no preference is made"
    code, found, said = call("label", str(judged.path), typed="")
    assert (code, found["labelled"]) == (0, 3)


def test_without_a_judge_there_is_nothing_to_label_and_it_is_said_what_to_do(judged: Job, call: Call) -> None:
    write_json(judged.verdict, {"n": 4, "systems": [], "verdict": None})
    code, _, said = call("label", str(judged.path))
    assert code == 2
    assert "[judge] in the recipe says who does" in said


def test_votes_are_listed_between_each_two_with_the_interval(judged: Job, call: Call) -> None:
    workspace = judged.workspace
    one, other = Side("zero-shot", None, "a"), Side(TUNED, SHA, "b")
    for word, left, right in (("left", other, one), ("right", one, other), ("left", one, other), ("tie", one, other)):
        cast_vote(workspace, Vote(word, left, right, ({"role": "user", "content": "x"},), "validation", "r"))  # type: ignore[arg-type]
    cast_vote(workspace, Vote("left", one, Side("few-shot-6", None, "c"), (), "own", None))
    [row, *_] = judged_rows(judged, report_of(judged) or {}).left()
    label(judged, row, "left")
    code, found, said = call("votes", str(workspace.root))
    assert code == 0, said
    first, second = found["pairs"]
    assert (first["one"], first["other"]["name"]) == ({"name": TUNED, "adapter_sha256": SHA}, "zero-shot")
    assert (first["n"], first["won"] + first["lost"], first["ties"], first["labels"]) == (5, 4, 1, 1)
    assert first["interval"][0] < first["share"] < first["interval"][1]
    assert {second["one"]["name"], second["other"]["name"]} == {"few-shot-6", "zero-shot"}
    assert len(standings(workspace)) == 2


RECIPE = '[model]\nmodel_id = "tiny"\n[data]\ntrain = "train.jsonl"\ntest_fraction = 0.5\nseed = {seed}\n'


def test_what_a_test_row_asks_becomes_no_preference_wherever_it_was_asked_from(tmp_path: Path) -> None:
    lines = [json.dumps({"prompt": f"Which  colour has thing {n}?", "completion": "red"}) for n in range(12)]
    (tmp_path / "train.jsonl").write_text("\n".join(lines))
    workspace = Workspace(tmp_path)

    def parts(seed: int) -> Parts:
        (tmp_path / "colours.toml").write_text(RECIPE.format(seed=seed))
        freeze_again(open_recipe(tmp_path / "colours.toml"))
        return load_parts(workspace, "colours", open_recipe(tmp_path / "colours.toml").recipe.data)

    def preferred() -> set[str]:
        rows = map(json.loads, workspace.preferences.read_text().splitlines())
        return {row["prompt"][-1]["content"] for row in rows}

    found = parts(1)
    tested, validated = found.test[0].prompt_text, found.validation[0].prompt_text
    sides = Side("zero-shot", None, "a"), Side(TUNED, SHA, "b")
    pasted = {"role": "user", "content": f"\n{tested.replace('  ', ' ')} "}
    for question in (
        Question((pasted,)),
        Question(found.validation[0].prompt, "red", "validation", found.validation[0].key),
        Question(({"role": "user", "content": "and why?"},), talks={TUNED: found.test[0].prompt}),
        Question(({"role": "user", "content": "of my own"},)),
    ):
        vote_on(workspace, Pair(question, *sides), "left")
    assert preferred() == {validated, "of my own"}
    seed = next(seed for seed in range(2, 99) if validated in {row.prompt_text for row in parts(seed).test})
    assert preferred() - {pasted["content"]} == {"of my own"}, f"the split of seed {seed} tests the other row"


def test_the_list_names_adapters_and_says_which_votes_check_a_judge(
    judged: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    [row, *_] = judged_rows(judged, report_of(judged) or {}).left()
    label(judged, row, "left")
    assert main(["votes", str(judged.workspace.root)]) == 0
    told = capsys.readouterr().out
    assert f"tuned · {SHA[:8]}" in told
    assert "1 of them were cast on test rows to check a judge" in told


def test_a_workspace_without_votes_says_how_to_cast_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["votes", str(tmp_path)]) == 0
    assert "`ftworkbench vote JOB` compares blind" in capsys.readouterr().err
