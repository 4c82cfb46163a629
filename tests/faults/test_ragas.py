"""RAGAS by its real library, in an environment of its own, with a server that is slow, wrong, limits its rate, breaks
off and is gone: each figure that is missing is counted and named, and a resume asks only for what has no reply.

The library is there where FTWORKBENCH_RAGAS_PYTHON names a Python that has it, and with FTWORKBENCH_ALL, which makes
the environment as doctor says. Without, what is said in its absence is tested.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from endpoint_server import Proxy, serving
from judge_server import judging
from tiny import events, make_model, make_workspace, new_job, notices

from ftworkbench.commands.results import result_lines
from ftworkbench.evaluate.outputs import read_outputs, write_outputs
from ftworkbench.files import read_json
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import phase, read_state
from ftworkbench.paths import POCKET
from ftworkbench.ragas_place import PACKAGES, VARIABLE
from ftworkbench.recipe.read import parse
from ftworkbench.recipe.tables import Recipe
from ftworkbench.recipe.write import dumps, set_option
from ftworkbench.report.markdown import as_markdown
from ftworkbench.steps.report import report_of_evaluation
from ftworkbench.worker import endpoint
from ftworkbench.worker.__main__ import do_job
from ftworkbench.workspace import Workspace

ROWS = 4
NO_EMBEDDINGS = ["faithfulness", "context_precision", "context_recall"]


class Desk(NamedTuple):
    workspace: Workspace
    recipe: Recipe


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter that has ragas."""
    if named := os.environ.get(VARIABLE):
        return named
    if not os.environ.get("FTWORKBENCH_ALL"):
        pytest.skip(f"{VARIABLE} names no Python that has ragas")
    folder = tmp_path_factory.mktemp("ragas") / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(folder / "bin" / "pip"), "install", "-q", "--no-compile", *PACKAGES], check=True)
    return str(folder / "bin" / "python")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("rows")
    options: dict[str, Any] = {
        "prompt__few_shot": [0],
        "evaluate__regression": [],
        "evaluate__limit": ROWS,
        "evaluate__max_new_tokens": 4,
        "data__validation_fraction": 0.0,
        "train__eval_strategy": "no",
    }
    workspace, recipe = make_workspace(folder / "desk", make_model(folder / "tiny"), **options)
    for path in workspace.root.glob("*.jsonl"):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        rows = [{**row, "contexts": ["The sky is blue.", "Grass is green."]} for row in rows]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Desk(workspace, recipe)


@pytest.fixture
def desk(measured: Desk) -> Iterator[Desk]:
    yield measured
    measured.workspace.judgements.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with serving(POCKET, tmp_path_factory.mktemp("server") / "log") as port:
        yield port


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "FIRST_PAUSE", 0.02)


def new_evaluation(desk: Desk, url: str, **options: Any) -> Job:
    text = dumps(desk.recipe)
    given = {"endpoint": url, "model": str(POCKET), "timeout": 10.0, "concurrency": 1, "max_tokens": 64, **options}
    for name, value in given.items():
        text = set_option(text, f"ragas.{name}", value)
    return new_job(desk.workspace, "evaluate", parse(text, desk.recipe.name))


def evaluate(desk: Desk, url: str, **options: Any) -> Job:
    job = new_evaluation(desk, url, **options)
    do_job(job)
    return job


def found_in(job: Job) -> dict[str, Any]:
    report = read_json(job.verdict)
    assert isinstance(report, dict), read_state(job)
    found: dict[str, Any] = report["ragas"]
    return found


def lines(job: Job) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (job.outputs / "ragas.jsonl").read_text().splitlines()]


def says(messages: list[dict[str, str]]) -> str:
    """What a model says that takes half of all statements, the first passage, and half of the reference for true."""
    text = messages[-1]["content"]
    if "noncommittal" in text:
        return json.dumps({"question": "What colour?", "noncommittal": 0})
    if "classifications" in text:
        said = [{"statement": "a", "reason": "", "attributed": each} for each in (1, 0)]
        return json.dumps({"classifications": said})
    if "judge the faithfulness" not in text and "pronoun" in text:
        return json.dumps({"statements": ["one", "two"]})
    if "judge the faithfulness" in text:
        said = [{"statement": "one", "reason": "", "verdict": each} for each in (1, 0)]
        return json.dumps({"statements": said})
    return json.dumps({"reason": "", "verdict": int(text.rfind("The sky is blue.") > text.rfind("Grass is green."))})


# Without the library


@pytest.mark.parametrize("wrong", ["no/such/python", "without ragas"])
def test_without_the_library_the_evaluation_goes_on_and_says_how_to_get_it(desk: Desk, wrong: str) -> None:
    python = sys.executable if wrong == "without ragas" else wrong
    with judging(says) as server:
        job = evaluate(desk, server.url, python=python)
        assert not server.asked
    assert phase(job) == "done", read_state(job)
    problem = found_in(job)["problem"]
    assert "python3 -m venv" in problem
    assert f'install "{PACKAGES[0]}" "{PACKAGES[1]}"' in problem
    assert notices(job)["ragas-not-measured"] == f"ragas: {problem}"
    assert problem in "\n".join(result_lines(job))
    assert problem in as_markdown(list(report_of_evaluation(job))).replace("\\", "")


# By the real library


def test_the_figures_are_those_of_the_library_and_a_second_run_asks_nothing(desk: Desk, python: str) -> None:
    with judging(says) as server:
        first = new_evaluation(desk, server.url, python=python, metrics=["context_recall"])
        do_job(first)
        job = new_evaluation(desk, server.url, python=python, metrics=NO_EMBEDDINGS)
        told = read_outputs(first.outputs / "test.zero-shot.jsonl")  # an untrained model may say nothing at all
        write_outputs(job.outputs / "test.zero-shot.jsonl", [replace(each, answer="It is red.") for each in told])
        do_job(job)
        found, asked = found_in(job), len(server.asked)
        second = new_evaluation(desk, server.url, python=python, metrics=NO_EMBEDDINGS)
        shutil.copytree(job.outputs, second.outputs)
        do_job(second)
        again = found_in(second)
        assert len(server.asked) == asked > 0
    assert phase(job) == "done", read_state(job)
    means = {each["name"]: each["systems"][0] for each in found["metrics"]}
    assert means["faithfulness"]["value"] == pytest.approx(0.5), Counter(each["error"] for each in lines(job))
    assert means["context_recall"]["value"] == pytest.approx(0.5)
    assert means["context_precision"]["value"] == pytest.approx(1.0)
    assert found["n"] == ROWS
    assert again["metrics"] == found["metrics"]
    assert (again["asked"], again["kept"] > 0) == (0, True)
    assert "not checked by a person" in "\n".join(result_lines(job))


def test_answer_relevancy_says_what_it_lacks(desk: Desk, python: str) -> None:
    with judging(says) as server:
        found = found_in(evaluate(desk, server.url, python=python))
    assert [each["name"] for each in found["metrics"]] == NO_EMBEDDINGS
    assert "ragas.embeddings names no model" in found["notes"][0]


def test_a_server_without_embeddings_leaves_the_other_metrics_their_figures(
    desk: Desk, server: int, python: str
) -> None:
    with judging(says) as judge:
        proxy = Proxy(judge.http.server_address[1])
        proxy.start()
        metrics = ["answer_relevancy", "context_recall"]
        job = evaluate(desk, judge.url, python=python, metrics=metrics, embeddings="none", retries=0, allow_failed=1.0)
        proxy.stop()
    relevancy, recall = found_in(job)["metrics"]
    assert relevancy["systems"][0]["n"] == 0
    assert sum(relevancy["systems"][0]["missing"].values()) == ROWS
    assert recall["systems"][0]["n"] == ROWS


def test_what_a_small_model_says_is_unreadable_counted_and_named(desk: Desk, server: int, python: str) -> None:
    url, metrics = f"http://127.0.0.1:{server}/v1", ["context_recall"]
    job = evaluate(desk, url, python=python, limit=2, metrics=metrics, timeout=60.0, max_tokens=8)
    assert phase(job) == "done", read_state(job)
    (metric,) = found_in(job)["metrics"]
    assert metric["systems"][0]["n"] + sum(metric["systems"][0]["missing"].values()) == 2
    assert set(metric["systems"][0]["missing"]) <= {"unreadable", "cut off at ragas.max_tokens"}


def test_every_failure_is_a_named_row(desk: Desk, python: str) -> None:
    with judging(says) as judge:
        proxy = Proxy(judge.http.server_address[1])
        proxy.start()
        proxy.faults = ["slow", "500", "cut", "429"]
        options: dict[str, Any] = {"metrics": ["context_recall"], "retries": 0, "timeout": 2.0, "allow_failed": 0.9}
        job = evaluate(desk, proxy.url, python=python, **options)
        proxy.stop()
    assert phase(job) == "done", read_state(job)
    assert Counter(each["error"].partition(":")[0] for each in lines(job)) == Counter(
        ["timeout", "server error 500", "cut off", ""]
    )
    (event,) = [each for each in events(job, "notice") if each.fields["code"] == "ragas-failed"]
    assert len(event.fields["rows"]) == 3
    assert "3 of 4 figures are missing" in event.fields["text"]


def test_gone_in_the_middle_it_resumes_and_asks_only_what_is_missing(desk: Desk, python: str) -> None:
    with judging(says) as judge:
        proxy = Proxy(judge.http.server_address[1])
        proxy.start()
        proxy.goes_after = 2
        job = evaluate(desk, proxy.url, python=python, metrics=["context_recall"], retries=1)
        state = read_state(job)
        assert state is not None
        assert (state.phase, "2 of 4 figures could not be had" in state.why) == ("failed", True), state
        proxy.goes_after = None
        proxy.asked.clear()
        proxy.start()
        do_job(job)
        proxy.stop()
    assert phase(job) == "done", read_state(job)
    assert len(proxy.asked) == 2
    assert found_in(job)["metrics"][0]["systems"][0]["n"] == ROWS
