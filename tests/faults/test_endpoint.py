"""A larger model behind an endpoint is slow, wrong, rate-limiting, cut off and gone: each row's fate is counted, named,
and asked again by a resume, to the same answers.

The server is a real one, `transformers serve` with the embedded model; the proxy before it is the network.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from endpoint_server import Proxy
from tiny import events, make_workspace, new_job, notices

from ftworkbench.data.splits.split import load_parts
from ftworkbench.evaluate.outputs import Output, read_outputs
from ftworkbench.files import read_json
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.session import answers as session_answers
from ftworkbench.jobs.session import ask
from ftworkbench.jobs.state import ENDED, phase, read_state
from ftworkbench.paths import POCKET
from ftworkbench.recipe.tables import Recipe
from ftworkbench.recipe.write import dumps
from ftworkbench.steps.contenders import prompt_contest
from ftworkbench.steps.evaluate import start_evaluation
from ftworkbench.steps.recipe import open_recipe
from ftworkbench.worker.__main__ import do_job
from ftworkbench.workspace import Workspace

pytestmark = pytest.mark.usefixtures("soon")
ROWS = 10
KEY = "sk-" + "SoMeSeCrEt" * 3


@pytest.fixture
def proxy(server: int) -> Iterator[Proxy]:
    found = Proxy(server)
    found.start()
    yield found
    found.stop()


def workspace_of(folder: Path, proxy: Proxy, **line: Any) -> tuple[Workspace, Recipe]:
    """A workspace whose only contestant is the model behind the proxy; the validation rows are none."""
    asked = {"name": "big", "endpoint": proxy.url, "model": str(POCKET), "timeout": 10.0, "concurrency": 1, **line}
    return make_workspace(
        folder,
        POCKET,
        prompt__few_shot=[],
        prompt__contestants=[asked],
        evaluate__regression=[],
        evaluate__limit=ROWS,
        evaluate__max_new_tokens=2,
        data__validation_fraction=0.0,
        train__eval_strategy="no",
    )


def evaluate(workspace: Workspace, recipe: Recipe, **args: Any) -> Job:
    job = new_job(workspace, "evaluate", recipe, {"baseline": "0123456789abcdef"}, job=None, **args)
    do_job(job)
    return job


def outputs(job: Job) -> list[Output]:
    return read_outputs(job.outputs / "test.big.jsonl")


def answers(job: Job) -> list[tuple[str, str, str]]:
    return [(each.row, each.answer, each.finish) for each in outputs(job)]


def report(job: Job) -> dict[str, Any]:
    found = read_json(job.verdict)
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def undisturbed(server: int, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, str]]:
    """What the server answers when nothing goes wrong."""
    proxy = Proxy(server)
    proxy.start()
    job = evaluate(*workspace_of(tmp_path_factory.mktemp("calm") / "desk", proxy))
    proxy.stop()
    assert phase(job) == "done", read_state(job)
    return answers(job)


def test_an_endpoint_is_measured_with_what_it_took_and_said_before_it_begins(
    proxy: Proxy, tmp_path: Path, undisturbed: list[tuple[str, str, str]]
) -> None:
    prices = {"price_per_million_input": 2.0, "price_per_million_output": 10.0}
    job = evaluate(*workspace_of(tmp_path / "desk", proxy, concurrency=3, **prices))
    assert answers(job) == undisturbed
    assert {asked["temperature"] for asked in proxy.asked} == {0.0}
    assert all(asked["messages"][0] == {"role": "system", "content": "Name the colour."} for asked in proxy.asked)
    found = outputs(job)
    assert all(0 < each.first_token_seconds <= each.seconds for each in found if each.first_token_seconds is not None)
    assert all(each.prompt_tokens > 5 and each.tokens for each in found)
    cost = sum(2e-6 * each.prompt_tokens + 1e-5 * each.tokens for each in found)
    (system,) = report(job)["systems"]
    assert (system["name"], system["model"], system["failed"]) == ("big", str(POCKET), 0)
    assert system["cost"] == pytest.approx(cost)
    assert system["first_token_seconds"] > 0
    said = notices(job)["endpoint-asked"]
    assert f"{ROWS} requests, 3 at once, about " in said
    assert said.endswith("by the recipe's prices")
    cut = [each.row for each in found if each.finish == "length"]
    assert cut
    assert f"{len(cut)} of {ROWS} answers were cut off" in notices(job)["answers-cut"]


def test_every_failure_is_a_named_row_and_none_a_silent_wrong_answer(
    proxy: Proxy, tmp_path: Path, undisturbed: list[tuple[str, str, str]]
) -> None:
    proxy.faults = ["slow", "garbage", "other json", "error in the stream", "500", "cut", "400", ""]
    job = evaluate(*workspace_of(tmp_path / "desk", proxy, retries=0, timeout=1.0, allow_failed=0.7))
    assert phase(job) == "done", read_state(job)
    found = outputs(job)
    assert [each.error.partition(":")[0] for each in found] == [
        "timeout", "no answer", "no answer", "server error", "server error 500", "cut off", "refused 400", "", "", ""
    ]  # fmt: skip
    assert [each.answer for each in found[:7]] == [""] * 7, "half an answer is none"
    assert answers(job)[7:] == undisturbed[7:]
    said = notices(job)["endpoint-failed"]
    assert f"7 of {ROWS} rows have no answer and count as wrong: 2 no answer, 1 timeout" in said
    (event,) = [each for each in events(job, "notice") if each.fields["code"] == "endpoint-failed"]
    assert event.fields["rows"] == [each.row for each in found[:7]]
    assert report(job)["systems"][0]["failed"] == 7
    assert all(score == 0 for each in found[:7] for score in each.scores.values())


def test_what_fails_for_now_is_asked_again_and_the_answers_are_the_same(
    proxy: Proxy, tmp_path: Path, undisturbed: list[tuple[str, str, str]]
) -> None:
    proxy.faults = ["500", "", "cut", "cut", "garbage", "", "429", "429", "", "error in the stream"]
    job = evaluate(*workspace_of(tmp_path / "desk", proxy, concurrency=2, retries=4))
    assert phase(job) == "done", read_state(job)
    assert answers(job) == undisturbed
    assert len(proxy.asked) == ROWS + 7


def test_a_rate_limit_is_waited_for_as_long_as_the_server_says_by_all_requests(proxy: Proxy, tmp_path: Path) -> None:
    proxy.faults = ["", "", "429"]
    proxy.retry_after = "1"
    job = evaluate(*workspace_of(tmp_path / "desk", proxy, retries=0))
    assert phase(job) == "done", read_state(job)
    assert proxy.times[3] - proxy.times[2] >= 1.0
    assert not any(each.error for each in outputs(job)), "to wait is no failure"
    assert "asks to wait 1 s" in notices(job)["endpoint"]


def test_gone_fails_the_evaluation_and_a_resume_asks_only_what_is_missing(
    proxy: Proxy, tmp_path: Path, undisturbed: list[tuple[str, str, str]]
) -> None:
    proxy.goes_after = 4
    workspace, recipe = workspace_of(tmp_path / "desk", proxy, retries=1)
    job = evaluate(workspace, recipe)
    state = read_state(job)
    assert state is not None
    assert (state.phase, f"big: 6 of {ROWS} rows could not be had" in state.why) == ("failed", True), state
    assert f"`ftworkbench resume {job.short}` asks those again" in state.why
    found = outputs(job)
    assert [bool(each.error) for each in found] == [False] * 4 + [True] * 6
    assert found[4].error.startswith("gone: ")
    assert found[-1].error.startswith("not asked: gone: "), "nobody waits for what is gone, row by row"
    assert not job.verdict.exists(), "no verdict on rows that are missing"

    proxy.goes_after = None
    proxy.asked.clear()
    proxy.start()
    do_job(job)
    assert phase(job) == "done", read_state(job)
    assert len(proxy.asked) == 6
    assert answers(job) == undisturbed


def test_the_job_run_again_takes_over_what_an_earlier_one_was_answered(
    proxy: Proxy, tmp_path: Path, undisturbed: list[tuple[str, str, str]]
) -> None:
    workspace, recipe = workspace_of(tmp_path / "desk", proxy, retries=0)
    proxy.faults = ["", "500", ""]
    first = evaluate(workspace, recipe)
    assert phase(first) == "failed"
    proxy.asked.clear()
    second = evaluate(workspace, recipe, answers=str(first.path))
    assert (phase(second), len(proxy.asked)) == ("done", 1)
    assert answers(second) == undisturbed


def test_a_stop_in_the_middle_keeps_what_was_answered(
    proxy: Proxy, tmp_path: Path, undisturbed: list[tuple[str, str, str]]
) -> None:
    workspace, recipe = workspace_of(tmp_path / "desk", proxy)
    job = new_job(workspace, "evaluate", recipe, {"baseline": "0123456789abcdef"}, job=None)
    do_job(job, lambda: len(proxy.asked) > 3)
    assert phase(job) == "stopped"
    kept = len(outputs(job))
    assert 0 < kept < ROWS
    proxy.asked.clear()
    do_job(job)
    assert (phase(job), len(proxy.asked)) == ("done", ROWS - kept)
    assert answers(job) == undisturbed


def test_a_key_reaches_the_server_and_no_file_and_a_wrong_one_ends_it_at_once(
    proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, recipe = workspace_of(tmp_path / "desk", proxy, api_key_env="BIG_KEY", retries=0)
    monkeypatch.delenv("BIG_KEY", raising=False)
    unset = evaluate(workspace, recipe)
    state = read_state(unset)
    assert state is not None
    assert "BIG_KEY is not set in the environment" in state.why
    assert not proxy.asked

    monkeypatch.setenv("BIG_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-another")
    proxy.faults = ["400", "500"]
    failed = evaluate(workspace, recipe)
    assert phase(failed) == "failed"
    assert outputs(failed)[0].error == "refused 400: no, not with …"
    proxy.faults = ["401"]
    proxy.asked.clear()
    wrong = evaluate(workspace, recipe)
    state = read_state(wrong)
    assert state is not None
    assert (state.phase, "401, is the key right?" in state.why) == ("failed", True), state
    assert len(proxy.asked) == 1, "the others would fail as well"
    assert proxy.tokens == {f"Bearer {KEY}"}
    assert [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()] == []


def test_a_server_that_refuses_every_request_is_no_baseline_that_is_wrong(proxy: Proxy, tmp_path: Path) -> None:
    proxy.faults = ["400"] * ROWS
    job = evaluate(*workspace_of(tmp_path / "desk", proxy, allow_failed=1.0))
    state = read_state(job)
    assert state is not None
    assert (state.phase, "refuses every request: refused 400: no" in state.why) == ("failed", True), state
    assert len(proxy.asked) == 5, "the others are not even asked"


def test_nothing_is_asked_that_would_cost_more_than_the_budget(proxy: Proxy, tmp_path: Path) -> None:
    prices = {"price_per_million_input": 1000.0, "price_per_million_output": 1000.0}
    dear = evaluate(*workspace_of(tmp_path / "dear", proxy, budget=0.01, **prices))
    state = read_state(dear)
    assert state is not None
    assert (state.phase, "more than its budget of 0.01" in state.why, proxy.asked) == ("failed", True, [])
    paid = evaluate(*workspace_of(tmp_path / "paid", proxy, budget=10.0, **prices))
    assert phase(paid) == "done", read_state(paid)


def test_a_server_that_takes_no_max_tokens_is_asked_as_it_wants(
    proxy: Proxy, tmp_path: Path, undisturbed: list[tuple[str, str, str]]
) -> None:
    proxy.refuses_max_tokens = True
    job = evaluate(*workspace_of(tmp_path / "desk", proxy))
    assert answers(job) == undisturbed
    assert len(proxy.asked) == ROWS + 1
    assert "does not take max_tokens" in notices(job)["endpoint"]


def test_side_by_side_an_endpoint_answers_beside_the_local_model_and_its_failure_is_its_own(
    proxy: Proxy, tmp_path: Path
) -> None:
    workspace, recipe = workspace_of(tmp_path / "desk", proxy, shots=1, pick="nearest")
    (workspace.root / "colours.toml").write_text(dumps(recipe))
    big = prompt_contest(open_recipe(workspace.root)).contenders[0].as_system()
    systems = [{"name": "zero-shot", "system": None}, big]
    job = new_job(workspace, "session", recipe, job=None)
    serving_it = threading.Thread(target=do_job, args=(job,))
    serving_it.start()
    try:
        question = [{"role": "user", "content": "What colour has the sky?"}]
        found = {}
        for fault in ("", "500"):
            proxy.faults = [fault]
            request = ask(job, "generate", systems=systems, messages=question, max_new_tokens=3)
            told = list(session_answers(job, request, ["zero-shot", "big"], timeout=60))
            found[fault] = {each.fields["system"]: each.fields for each in told if "delta" not in each.fields}
        deltas = "".join(
            each.fields.get("delta", "") for each in events(job, "answer") if each.fields["system"] == "big"
        )
    finally:
        job.stop_file.touch()
        serving_it.join(60)
    answer = found[""]["big"]
    assert (answer["endpoint"], answer["model"], answer["adapter_sha256"]) == (proxy.url, str(POCKET), None)
    assert answer["tokens"] > 0
    assert 0 < answer["first_token_seconds"] <= answer["seconds"]
    assert deltas == answer["text"]
    assert [each["role"] for each in proxy.asked[0]["messages"]] == ["system", "user", "assistant", "user"]
    assert "endpoint" not in found[""]["zero-shot"]
    assert found["500"]["big"]["error"].startswith("server error 500")
    assert found["500"]["zero-shot"]["text"] == found[""]["zero-shot"]["text"]


def test_the_endpoint_stands_for_prompting_and_the_local_tuned_model_is_measured_against_it(
    proxy: Proxy, tmp_path: Path
) -> None:
    """All the way: training here, the contestants there, through processes of their own; the first time it is gone."""
    big = {"endpoint": proxy.url, "model": str(POCKET), "retries": 0, "timeout": 20.0}
    workspace, recipe = make_workspace(
        tmp_path / "desk",
        POCKET,
        prompt__few_shot=[],
        prompt__contestants=[{**big, "name": "big"}, {**big, "name": "big-nearest", "shots": 2, "pick": "nearest"}],
        train__max_steps=2,
        train__learning_rate=1e-4,
        train__eval_strategy="no",
        train__save_strategy="no",
        method__samples=0,
        method__row_losses=False,
        evaluate__regression=[],
        evaluate__limit=8,
        evaluate__max_new_tokens=2,
    )
    split = load_parts(workspace, recipe.name, recipe.data).split
    trained = new_job(workspace, "train", recipe, {"test": split.test_sha256})
    do_job(trained)
    (workspace.root / f"{recipe.name}.toml").write_text(dumps(recipe))
    opened = open_recipe(workspace.root / f"{recipe.name}.toml")

    proxy.goes_after = 5
    first = ended(start_evaluation(opened, None))
    assert phase(first) == "failed", read_state(first)
    answered = [each for each in read_outputs(first.outputs / "validation.big.jsonl") if not each.error]
    assert len(answered) in range(2, 6)

    proxy.goes_after = None
    proxy.asked.clear()
    proxy.start()
    second = ended(start_evaluation(opened, trained))
    assert phase(second) == "done", (read_state(second), second.log.read_text())
    validation = len(load_parts(workspace, recipe.name, recipe.data).validation)
    assert len(proxy.asked) == 2 * validation + 8 - len(answered)

    found = report(second)
    chosen, other = found["chosen"], ({"big", "big-nearest"} - {found["chosen"]}).pop()
    assert [each["name"] for each in found["contestants"]] == ["big", "big-nearest"]
    assert not (second.outputs / f"test.{other}.jsonl").exists(), "only the chosen one may see the test rows"
    baseline, tuned = found["systems"]
    assert (baseline["name"], baseline["endpoint"], baseline["failed"]) == (chosen, proxy.url, 0)
    assert (tuned["name"], tuned["job"]) == ("tuned", trained.name)
    assert found["n"] == 8
    assert found["verdict"]["word"] in {"better", "no better", "not enough data", "worse"}
    nearest = read_outputs(second.outputs / "validation.big-nearest.jsonl")[0]
    assert [each["role"] for each in nearest.messages] == ["system", *["user", "assistant"] * 2, "user"]


def ended(job: Job) -> Job:
    deadline = time.monotonic() + 300
    while phase(job) not in ENDED and time.monotonic() < deadline:
        time.sleep(0.1)
    return job
