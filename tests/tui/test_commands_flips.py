"""`flips`: the rows that tuning won and lost, and what to do about a failure, without the screen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from made_jobs import Made, make_job_folders
from test_failures import again, break_one_and_fix_one

from ftworkbench.cli import main
from ftworkbench.data.review.decisions import NEAR_FAILURE
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.splits.split import freeze
from ftworkbench.recipe.read import parse


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return make_job_folders(tmp_path / "support-triage")


def called(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main(["flips", *words, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_flips_are_listed_with_both_answers_and_their_kind(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    job = str(made.jobs["evaluated"].path)
    found = called(capsys, job)
    assert {row["fate"] for row in found["rows"]} == {"lost", "gained"}
    assert len(found["rows"]) == found["fates"]["lost"] + found["fates"]["gained"]
    [lost] = called(capsys, job, "--fate", "lost")["rows"][:1]
    assert (lost["before"]["answer"], lost["before"]["score"], lost["after"]["score"]) == (lost["reference"], 1.0, 0.0)
    assert len(called(capsys, job, "--fate", "all")["rows"]) == found["n"] == 180
    tagged = called(capsys, job, "--tag", str(lost["number"]), "sarcasm, haste", "--fate", "lost")
    assert tagged["rows"][0]["tags"] == ["haste", "sarcasm"]
    assert {kind["tag"]: kind["rows"] for kind in tagged["kinds"]} == {"haste": 1, "sarcasm": 1}
    assert main(["flips", job]) == 0
    told = capsys.readouterr().out
    for words in (
        f"row {lost['number']}: right, now wrong",
        "tagged      haste sarcasm",
        "kind of error",
        "    differs   “",
    ):
        assert words in told
    assert called(capsys, job, "--tag", str(lost["row"]), "")["kinds"] == []


def test_rows_near_a_failure_are_put_up_for_review(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    job = made.jobs["evaluated"]
    freeze(made.workspace, "triage", parse(job.recipe.read_text(), "triage").data)
    found = called(capsys, str(job.path), "--near", "3")
    assert (len(found["nearest"]), found["tagged"]) == (10, 0)
    assert called(capsys, str(job.path), "--near", "3", "--review")["tagged"] == 10
    assert NEAR_FAILURE in Ledger.open(made.workspace.ledger).state(found["nearest"][0]["row"]).tags
    assert main(["flips", str(job.path), "--near", "3"]) == 0
    assert f"  {found['nearest'][0]['number']:>6}  " in capsys.readouterr().out


def test_one_run_against_another_keeps_the_numbers_of_the_rows(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    second = again(made)
    fixed = break_one_and_fix_one(second)
    found = called(capsys, str(second.path), "--against")
    assert (found["fates"]["gained"], found["fates"]["lost"], found["change"]["word"]) == (1, 1, "no better")
    [row] = [row for row in found["rows"] if row["fate"] == "gained"]
    assert row["row"] == fixed
    every = called(capsys, str(second.path), "--fate", "all")["rows"]
    assert row["number"] == next(each["number"] for each in every if each["row"] == fixed)
    named = called(capsys, str(second.path), "--against", str(made.jobs["evaluated"].path))
    assert named["rows"] == found["rows"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--near", "999"), "no such test row"),
        (("--review",), "--near ROW says near which"),
        (("--tag", "0", "x"), "0:"),
    ],
)
def test_what_cannot_be_is_refused(
    made: Made, words: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["flips", str(made.jobs["evaluated"].path), *words]) == 2
    assert why in capsys.readouterr().err
