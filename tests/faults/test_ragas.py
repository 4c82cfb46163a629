"""RAGAS by its real library, in an environment of its own, with a server that is slow, wrong, limits its rate, breaks
off and is gone: each figure that is missing is counted and named, and a resume asks only for what has no reply.

The library is that of FTWORKBENCH_RAGAS_PYTHON, else of an environment that is made for the tests; where none can be
had, what is said in its absence is tested alone. One server is a real one, `transformers serve` with the embedded
model, behind the proxy that is the network; another says what it is told to, for figures that are known.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from desks import Desk, answer, asks, lay_out
from endpoint_server import Proxy
from judge_server import judging
from ragas_environment import UnobtainableError, ragas_environment
from tiny import events, notices

from ftworkbench.commands.results import result_lines
from ftworkbench.evaluate.outputs import read_outputs, write_outputs
from ftworkbench.files import read_json
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import phase, read_state
from ftworkbench.paths import POCKET
from ftworkbench.ragas_place import PACKAGES, VARIABLE
from ftworkbench.report.markdown import as_markdown
from ftworkbench.steps.report import report_of_evaluation
from ftworkbench.tui.widgets.verdict_card import verdict_lines
from ftworkbench.worker.__main__ import do_job

pytestmark = pytest.mark.usefixtures("soon")
ROWS = 6
PRICES = {"price_per_million_input": 2.0, "price_per_million_output": 10.0}
FAITHFULNESS, RELEVANCY = "faithfulness", "answer_relevancy"
PRECISION, RECALL = "context_precision", "context_recall"
KEY = "sk-" + "SeCrEt" * 5
BASELINE, PASSAGE = "retrieval-1", "The manual says that it is blue."
ANSWERS = {BASELINE: "It is blue.", "tuned": "It is red."}


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter that has ragas."""
    if named := os.environ.get(VARIABLE):
        return named
    own = tmp_path_factory.getbasetemp()
    try:
        return str(ragas_environment(own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own))
    except UnobtainableError as error:
        pytest.skip(f"the environment that has ragas cannot be made: {error}")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A baseline that retrieves and a tuned model, both with answers to test rows, which carry contexts."""
    folder = tmp_path_factory.mktemp("rows")
    own = {
        "prompt__few_shot": [],
        "prompt__contestants": [{"retrieve": "manual", "passages": 1}],
        "train__max_steps": 1,
        "evaluate__limit": ROWS,
        "evaluate__max_new_tokens": 2,
    }
    (folder / "desk" / "manual").mkdir(parents=True)
    (folder / "desk" / "manual" / "colours.txt").write_text(PASSAGE)
    workspace, recipe = lay_out(folder, **own)
    for path in workspace.root.glob("*.jsonl"):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        rows = [{**row, "contexts": ["The sky is blue.", "Grass is green."]} for row in rows]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = answer(workspace, recipe)
    for name, text in ANSWERS.items():  # what this model says is nothing that could be judged
        path = found.outputs / f"test.{name}.jsonl"
        write_outputs(path, [replace(each, answer=text) for each in read_outputs(path)])
    return found


@pytest.fixture
def desk(measured: Desk) -> Iterator[Desk]:
    yield measured
    measured.workspace.judgements.unlink(missing_ok=True)


def new_evaluation(desk: Desk, url: str, **options: Any) -> Job:
    """An evaluation that has its answers already, and RAGAS to ask about them."""
    given = {"endpoint": url, "model": str(POCKET), "timeout": 10.0, "concurrency": 1, "max_tokens": 64, **options}
    return asks(desk, "ragas", given)


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


def why(job: Job) -> str:
    state = read_state(job)
    assert state is not None
    return state.why


def says(messages: list[dict[str, str]]) -> str:
    """What a model says that takes all of red answers and half of the others for true, and half of the reference."""
    text = messages[-1]["content"]
    if "noncommittal" in text:
        return json.dumps({"question": "What colour?", "noncommittal": 0})
    if "classifications" in text:
        said = [{"statement": "a", "reason": "", "attributed": each} for each in (1, 0)]
        return json.dumps({"classifications": said})
    if "judge the faithfulness" not in text and "pronoun" in text:
        return json.dumps({"statements": ["red statement" if ANSWERS["tuned"] in text else "blue statement"]})
    if "judge the faithfulness" in text:
        verdicts = (1, 1) if "red statement" in text else (1, 0)
        said = [{"statement": "one", "reason": "", "verdict": each} for each in verdicts]
        return json.dumps({"statements": said})
    return json.dumps({"reason": "", "verdict": int(text.rfind("The sky is blue.") > text.rfind("Grass is green."))})


def embeds(text: str) -> list[float]:
    """The question that `says` makes of an answer, and any other, lie 60 degrees apart."""
    return [1.0, 0.0] if text == "What colour?" else [0.5, 0.75**0.5]


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


# By the real library, with figures that are known


class Known(NamedTuple):
    """An evaluation whose library was killed, then stopped, then done; another one after it; and what each asked."""

    job: Job
    killed: str
    environment: bytes
    stopped: str
    kept: int
    prompts: list[str]
    asked: list[dict[str, Any]]
    tokens: set[str]
    again: Job
    asked_again: int


def kill_the_library() -> bytes:
    """Gives its environment."""
    for children in Path("/proc/self/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            if b"ragas_script" in Path(f"/proc/{child}/cmdline").read_bytes():
                found = Path(f"/proc/{child}/environ").read_bytes()
                os.kill(child, signal.SIGKILL)
                return found
    return b""


@pytest.fixture(scope="module")
def known(measured: Desk, python: str) -> Known:
    environment, killing = b"", threading.Lock()

    def says_and_kills(messages: list[dict[str, str]]) -> str:
        nonlocal environment
        with killing:  # several are asked at once, and one that was killed has no environment any more
            environment = environment or kill_the_library()
        return says(messages)

    options = {
        "python": python,
        "embeddings": "small",
        "api_key_env": "RAGAS_KEY",
        "concurrency": 4,
        **PRICES,
        "budget": 1.0,
    }
    with pytest.MonkeyPatch.context() as patch, judging(says_and_kills) as server:
        patch.setenv("RAGAS_KEY", KEY)
        server.embeds = embeds
        job = new_evaluation(measured, server.url, **options)
        do_job(job)
        killed = why(job)
        server.says, before = says, len(server.asked)
        do_job(job, lambda: len(server.asked) > before + 3)
        stopped = phase(job)
        kept = len(measured.workspace.judgements.read_text().splitlines())
        before = len(server.asked)
        do_job(job)
        asked = server.asked[before:]
        prompts = [each["messages"][0]["content"] for each in server.asked if "messages" in each]
        server.asked.clear()
        again = new_evaluation(measured, server.url, **options)
        do_job(again)
        measured.workspace.judgements.unlink()
        return Known(job, killed, environment, stopped, kept, prompts, asked, server.tokens, again, len(server.asked))


def test_the_figures_are_those_of_the_library_with_their_paired_difference(known: Known) -> None:
    assert phase(known.job) == "done", read_state(known.job)
    found = {each["name"]: each for each in found_in(known.job)["metrics"]}
    assert list(found) == [FAITHFULNESS, RELEVANCY, PRECISION, RECALL]
    means = {name: [each["value"] for each in metric["systems"]] for name, metric in found.items()}
    assert means == {
        FAITHFULNESS: pytest.approx([0.5, 1.0]),
        RELEVANCY: pytest.approx([0.5, 0.5]),
        PRECISION: pytest.approx([0.0, 1.0], abs=1e-6),
        RECALL: pytest.approx([0.5, 0.5]),
    }
    difference = found[FAITHFULNESS]["difference"]
    assert (difference["value"], difference["n"]) == (pytest.approx(0.5), ROWS)
    assert difference["interval"][0] < 0.5 <= difference["interval"][1]
    assert difference["p_value"] == pytest.approx(2 / 2**ROWS)
    assert found[RECALL]["difference"]["p_value"] == 1.0
    assert "not checked by a person" in "\n".join(result_lines(known.job))


def test_what_was_retrieved_goes_before_the_rows_own_contexts(known: Known) -> None:
    judged = {name: [each for each in known.prompts if f"{name} statement" in each] for name in ("blue", "red")}
    assert all(PASSAGE in each and "Grass" not in each for each in judged["blue"])
    assert all(PASSAGE not in each and "Grass is green." in each for each in judged["red"])
    assert judged["blue"]
    assert judged["red"]


def test_a_library_that_is_killed_and_a_stop_lose_nothing_and_who_asks_again_asks_nothing(known: Known) -> None:
    assert "ragas was killed by SIGKILL in mid-work" in known.killed
    assert known.stopped == "stopped"
    found, again = found_in(known.job), found_in(known.again)
    assert (found["asked"], found["kept"]) == (len(known.asked), known.kept)
    assert known.kept > 3
    assert (phase(known.again), known.asked_again) == ("done", 0)
    assert (again["asked"], again["kept"], again["spent"]) == (0, known.kept + len(known.asked), 0.0)
    assert again["metrics"] == found["metrics"]


def test_what_it_may_cost_is_said_before_and_what_it_cost_after(known: Known) -> None:
    requests = ROWS * (2 * 2 + 2 * 1 + 1 + 2 + 2 * 1)
    said = notices(known.job)["ragas-asked"]
    assert f"for {ROWS * 8} figures: at most {requests} requests, with at most {64 * requests:,} tokens of" in said
    assert said.endswith(f"at most {64e-5 * requests:.3g} for replies by the recipe's prices, and the prompts, "
                         "and at most 1 in all by ragas.budget")  # fmt: skip
    chats = sum("messages" in asked for asked in known.asked)
    assert found_in(known.job)["spent"] == pytest.approx(chats * (100 * 2e-6 + 10 * 1e-5))


def test_a_key_reaches_the_server_and_neither_the_library_nor_a_file(known: Known) -> None:
    assert known.tokens == {f"Bearer {KEY}"}
    assert known.environment
    assert KEY.encode() not in known.environment
    files = [path for path in known.job.workspace.root.rglob("*") if path.is_file()]
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []


@pytest.mark.parametrize("width", [120, 80])
def test_the_verdict_card_has_a_line_for_each_metric(known: Known, width: int) -> None:
    drawn = verdict_lines(read_json(known.job.verdict), width)
    assert all(line.cell_length <= width for line in drawn)
    text = [line.plain.rstrip() for line in drawn]
    first = next(place for place, line in enumerate(text) if line.startswith("RAGAS "))
    told = " ".join(text[first:])
    assert "not checked by a person" in told
    for start in ("faithfulness 0.50 → 1.00, +0.50 [", "answer_relevancy 0.50 → 0.50, +0.00 ["):
        (line,) = [each for each in text if each.startswith(start)]
        assert line.endswith(f"], n = {ROWS}")


def test_what_is_no_json_is_named_and_a_bill_beyond_the_budget_ends_the_asking(desk: Desk, python: str) -> None:
    """Each reply is billed with 10 tokens, though at most one was asked for."""
    prices = {"price_per_million_input": 0.0, "price_per_million_output": 10.0}
    metrics = [RELEVANCY, RECALL, PRECISION]
    words = iter(["Fine, I think.", *["```json\n%s\n```"] * 2])
    with judging(lambda asked: next(words).replace("%s", says(asked))) as server:
        job = evaluate(desk, server.url, python=python, metrics=metrics, max_tokens=1, budget=0.00025, **prices)
        assert len(server.asked) == 3
    found = found_in(job)
    assert [each["name"] for each in found["metrics"]] == [RECALL, PRECISION], "without embeddings"
    assert "ragas.embeddings names no model" in found["notes"][0]
    assert Counter(each["error"].partition(":")[0] for each in lines(job)) == {
        "unreadable": 1, "": 2, "over budget": 4 * ROWS - 3
    }  # fmt: skip
    assert {each["error"].partition(", ")[2] for each in lines(job) if each["metric"] == PRECISION} == {
        "and this could cost too much"
    }


@pytest.mark.skipif(not os.environ.get("FTWORKBENCH_ALL"), reason="FTWORKBENCH_ALL=1: one more run of the library")
def test_a_server_without_embeddings_leaves_the_other_metrics_their_figures(desk: Desk, python: str) -> None:
    with judging(says) as server:
        options: dict[str, Any] = {"metrics": [RELEVANCY, RECALL], "embeddings": "none", "retries": 0, "limit": 2}
        job = evaluate(desk, server.url, python=python, **options)
    assert phase(job) == "done", read_state(job)
    relevancy, recall = found_in(job)["metrics"]
    assert [each["missing"] for each in relevancy["systems"]] == [{"no embeddings": 2}] * 2
    assert [each["n"] for each in recall["systems"]] == [2, 2]


# A real server behind a network with faults


def test_every_failure_is_a_named_row_and_a_resume_asks_only_for_those(desk: Desk, server: int, python: str) -> None:
    """What the small model says is no JSON, and named as well; a reply all the same, that is not asked for again."""
    proxy = Proxy(server)
    proxy.start()
    proxy.faults = ["slow", "garbage", "500", "400", "cut", "429"]
    proxy.goes_after = 7
    options: dict[str, Any] = {"metrics": [FAITHFULNESS], "limit": 4, "max_tokens": 4, "retries": 0, "concurrency": 2}
    job = evaluate(desk, proxy.url, python=python, timeout=6.0, **options)
    names = Counter(each["error"].partition(":")[0] for each in lines(job))
    read = names.pop("unreadable", 0) + names.pop("cut off at ragas.max_tokens", 0)
    assert read == 1
    assert names == {
        "timeout": 1, "no answer": 1, "server error 500": 1, "refused 400": 1, "cut off": 2, "gone": 1
    }  # fmt: skip
    assert (phase(job), "7 of 8 figures could not be had" in why(job)) == ("failed", True), read_state(job)
    assert "resume the job" in why(job)
    (event,) = [each for each in events(job, "notice") if each.fields["code"] == "ragas-failed"]
    assert event.fields["rows"] == list(dict.fromkeys(each["row"] for each in lines(job)))
    assert "8 of 8 figures are missing, on 4 rows" in event.fields["text"]
    assert "asks to wait 1 s" in notices(job)["ragas-server"]

    proxy.goes_after = None
    proxy.asked.clear()
    proxy.start()
    do_job(job)
    proxy.stop()
    assert phase(job) == "done", read_state(job)
    assert len(proxy.asked) == 7
    assert {each["error"].partition(":")[0] for each in lines(job)} <= {"unreadable", "cut off at ragas.max_tokens"}
    assert sum(sum(each["missing"].values()) for each in found_in(job)["metrics"][0]["systems"]) == 8
