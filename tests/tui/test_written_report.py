"""The report of an evaluation, by its command: what was found stands in it, and the way to make it again."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from made_jobs import add_details, make_job_folders

from ftworkbench.cli import main
from ftworkbench.files import read_json, write_json
from ftworkbench.jobs.bin import remove
from ftworkbench.report.blocks import Table
from ftworkbench.steps.evaluation import LOST, read_evaluation
from ftworkbench.steps.failures import tag_failure
from ftworkbench.steps.report import write_report
from ftworkbench.steps.report_labels import label_blocks


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
    again = markdown[markdown.index("to make it again") :]
    assert f"job=$(ftworkbench rerun {made.jobs['done'].short} --detach)" in again, "the job that was measured"
    assert 'ftworkbench evaluate triage.toml --job "$job"' in again, "the new job is measured, not the old one"
    assert 'ftworkbench report "$measured"' in again
    assert "by the recipe as it ran" in again
    assert "<polyline" in page
    assert str(tmp_path) not in markdown + page


def test_a_report_has_all_that_was_measured(tmp_path: Path) -> None:
    made = make_job_folders(tmp_path / "support-triage")
    evaluation = made.jobs["evaluated"]
    add_details(evaluation)
    found = read_json(evaluation.verdict)
    found["systems"][1]["figures"] |= {"corpus_bleu": 0.314, "perplexity": 2.5}
    found["metric_files"] = {"own.py:polite": "ab" * 32}
    found["judge"] = {"mode": "pairwise", "model": "big-judge", "problem": "no row has a verdict"}
    write_json(evaluation.verdict, found)
    [lost] = [pair for pair in read_evaluation(evaluation).pairs if pair.fate == LOST][:1]
    tag_failure(evaluation.workspace, lost.row, ["sarcasm"])
    markdown, page = (path.read_text() for path in write_report(evaluation, tmp_path / "out"))
    for part in (
        "judge big-judge: no row has a verdict", "Confusion matrix", "Fields of the JSON answers", "cut off",
        "corpus bleu", "31.4", "perplexity of the references", "metric file own.py:polite", "ab" * 32,
        "kind of error", "sarcasm", "tagged: sarcasm",
    ):  # fmt: skip
        assert part in markdown.replace("\\_", "_"), part
        assert part in page, part
    _, _, matrix = markdown.partition("### Confusion matrix")
    assert re.search(r"^\| tuned \|( \w+ \|){5}", matrix, re.MULTILINE), "a column for each label"
    assert re.search(r"^\| account \| \d", matrix, re.MULTILINE)
    assert "<mark>" in page
    assert "what differs: “" in markdown


def test_a_matrix_of_many_labels_sums_up_the_rest() -> None:
    labels = [
        {"label": f"l{place}", "n": 2, "answered": 2, "precision": 0.5, "recall": 0.5, "f1": 0.5} for place in range(40)
    ]
    table = {"labels": labels, "confusions": [[place, (place + by) % 40, 1] for place in range(40) for by in (0, 1)]}
    drawn = list(label_blocks({"systems": [{"name": "tuned", "labels": table}]}))[-1]
    assert isinstance(drawn, Table)
    assert len(drawn.head) == len(drawn.rows) + 1 == 22
    assert drawn.head[-1] == drawn.rows[-1][0] == "the other 20 labels"


@pytest.mark.parametrize(("gone", "first"), [(False, "ftworkbench restore"), (True, "job=$(ftworkbench train")])
def test_a_report_of_a_removed_job_says_how_it_is_had_again(tmp_path: Path, gone: bool, first: str) -> None:
    made = make_job_folders(tmp_path / "support-triage")
    removed = remove(made.jobs["done"])
    if gone:
        shutil.rmtree(removed.path)
    markdown = write_report(made.jobs["evaluated"], tmp_path / "out")[0].read_text()
    assert markdown.partition("to make it again")[2].split("```text\n")[1].startswith(first)


def test_a_report_of_what_is_no_evaluation_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = make_job_folders(tmp_path / "support-triage")
    assert main(["report", str(made.jobs["done"].path)]) == 2
    assert "is no evaluation that is done" in capsys.readouterr().err
