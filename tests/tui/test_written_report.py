"""The report of an evaluation, by its command: what was found stands in it, and the way to make it again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_jobs import make_job_folders

from ftworkbench.cli import main


def test_a_report_says_what_was_found_and_what_it_rests_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = make_job_folders(tmp_path / "support-triage")
    evaluation = made.jobs["evaluated"]
    assert main(["report", str(evaluation.path), "--out", str(tmp_path / "out"), "--json"]) == 0
    paths = json.loads(capsys.readouterr().out)
    markdown, page = Path(paths["markdown"]).read_text(), Path(paths["html"]).read_text()
    found = json.loads(evaluation.verdict.read_text())
    for reason in found["verdict"]["reasons"]:
        assert reason.split(":")[0].replace("_", "\\_") in markdown
    for part in ("Right before, wrong after", "Wrong before, right after", "Other skills", "What it rests on"):
        assert part in markdown
        assert part in page
    assert "ftworkbench evaluate triage.toml --job" in markdown
    assert "<polyline" in page
    assert str(tmp_path) not in markdown + page


def test_a_report_of_what_is_no_evaluation_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = make_job_folders(tmp_path / "support-triage")
    assert main(["report", str(made.jobs["done"].path)]) == 2
    assert "is no evaluation that is done" in capsys.readouterr().err
