"""A judge that is slow, talks garbage, limits its rate, breaks off and is gone: each row's fate is counted and named,
the verdict on the metrics stands, and a resume asks only what is missing, to the same figures.

One judge is a real server, `transformers serve` with the embedded model, behind the proxy that is the network; it
judges badly, and whatever it says is folded rightly. Another says what it is told to, for figures that are known.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from desks import Desk, answer, asks, lay_out
from endpoint_server import Proxy
from judge_server import JudgeServer, answers_shown, judging
from tiny import events, notices

from ftworkbench.evaluate.judge.parsing import read_verdict
from ftworkbench.evaluate.outputs import Output, read_outputs
from ftworkbench.files import read_json, write_json
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import phase, read_state
from ftworkbench.paths import POCKET
from ftworkbench.steps.judging import judged_rows, label, take_label_back, with_agreement
from ftworkbench.worker.__main__ import do_job

pytestmark = pytest.mark.usefixtures("soon")
ROWS = 10
REAL = {"limit": 3, "max_tokens": 12, "rubric": "Right.", "timeout": 120.0}
PRICES = {"price_per_million_input": 2.0, "price_per_million_output": 10.0}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A baseline and a tuned model, both with their answers to the test rows, and nobody who judged them."""
    folder = tmp_path_factory.mktemp("judged")
    own = {"prompt__few_shot": [0], "train__max_steps": 4, "evaluate__limit": ROWS, "evaluate__max_new_tokens": 4}
    return answer(*lay_out(folder, **own))


@pytest.fixture
def desk(measured: Desk) -> Iterator[Desk]:
    yield measured
    for path in (measured.workspace.judgements, measured.workspace.votes):
        path.unlink(missing_ok=True)


def new_evaluation(desk: Desk, url: str | None, **judge: Any) -> Job:
    """An evaluation that has its answers already, and a judge to ask about them."""
    at: dict[str, Any] = {} if url is None else {"endpoint": url, "model": str(POCKET), "timeout": 10.0}
    return asks(desk, "judge", {**at, "concurrency": 1, "max_tokens": 4, **judge})


def evaluate(desk: Desk, url: str | None, **judge: Any) -> Job:
    job = new_evaluation(desk, url, **judge)
    do_job(job)
    return job


def verdict(job: Job) -> dict[str, Any]:
    found = read_json(job.verdict)
    assert isinstance(found, dict), read_state(job)
    return found


def judged(job: Job) -> dict[str, Any]:
    assert phase(job) == "done", read_state(job)
    found: dict[str, Any] = verdict(job)["judge"]
    return found


def lines(job: Job) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (job.outputs / "judge.jsonl").read_text().splitlines()]


def both(desk: Desk) -> list[tuple[Output, Output]]:
    files = (read_outputs(desk.outputs / f"test.{name}.jsonl") for name in ("zero-shot", "tuned"))
    return list(zip(*files, strict=True))


def test_the_answers_differ_so_that_there_is_something_to_judge(measured: Desk) -> None:
    assert sum(before.answer != after.answer for before, after in both(measured)) > ROWS / 2


# A judge that says what it is told to


def prefers_tuned(desk: Desk) -> Any:
    tuned = {after.answer for before, after in both(desk) if before.answer != after.answer}

    def says(messages: list[dict[str, str]]) -> str:
        first, second = answers_shown(messages)
        word = "tie" if (first in tuned) == (second in tuned) else "A" if first in tuned else "B"
        return json.dumps({"reason": "as I was told", "verdict": word})

    return says


def test_a_judge_that_knows_lets_tuned_win_wherever_it_differs_and_says_what_it_cost(desk: Desk) -> None:
    differ = sum(before.answer != after.answer for before, after in both(desk))
    with judging(prefers_tuned(desk)) as server:
        job = evaluate(desk, server.url, concurrency=3, max_tokens=64, **PRICES)
    found = judged(job)
    pairs = found["pairs"]
    assert (pairs["won"], pairs["lost"], pairs["same"]) == (differ, 0, ROWS - differ)
    assert (found["n"], pairs["flipped"], pairs["first_shown_wins"]["value"]) == (ROWS, 0, 0.5)
    assert found["structured"] == {"asked": True, "followed": 2 * differ}
    assert found["schema_refused"] is False
    assert (found["requests"], found["asked"], found["kept"]) == (2 * differ, 2 * differ, 0)
    assert found["cost"] == pytest.approx(2 * differ * (100 * 2e-6 + 10 * 1e-5))
    said = notices(job)["judge-asked"]
    assert f"{2 * differ} requests, about " in said
    assert f"at most {64 * 2 * differ:,} of verdicts: at most " in said
    assert {asked["response_format"]["json_schema"]["strict"] for asked in server.asked} == {True}
    assert {asked["temperature"] for asked in server.asked} == {0.0}
    assert "Name the colour." in server.asked[0]["messages"][1]["content"]
    assert verdict(job)["verdict"]["word"], "the metrics' own verdict is there as well"


def test_a_judge_that_always_takes_the_first_flips_every_pair_and_nobody_wins(desk: Desk) -> None:
    with judging(lambda messages: "Both are fine. [[A]]") as server:
        pairs = judged(evaluate(desk, server.url, structured=False))["pairs"]
    assert (pairs["won"], pairs["lost"], pairs["flip_rate"]) == (0, 0, 1.0)
    assert (pairs["win_rate"]["value"], pairs["first_shown_wins"]["value"]) == (0.5, 1.0)
    assert not any("response_format" in asked for asked in server.asked)


def test_a_judge_that_likes_it_long_is_found_out(desk: Desk) -> None:
    def says(messages: list[dict[str, str]]) -> str:
        first, second = map(len, answers_shown(messages))
        return "[[C]]" if first == second else "[[A]]" if first > second else "[[B]]"

    with judging(says) as server:
        pairs = judged(evaluate(desk, server.url))["pairs"]
    assert pairs["longer_wins"]["value"] == 1.0
    assert pairs["longer_wins"]["n"] == sum(len(before.answer) != len(after.answer) for before, after in both(desk))


def test_a_second_run_asks_nothing_and_says_the_same(desk: Desk) -> None:
    with judging(prefers_tuned(desk)) as server:
        first = judged(evaluate(desk, server.url, **PRICES))
        asked = len(server.asked)
        second = judged(evaluate(desk, server.url, **PRICES))
        assert len(server.asked) == asked > 0
        assert (second["asked"], second["kept"], second["spent"]) == (0, asked, 0.0)
        assert [second[name] for name in ("pairs", "labels", "n")] == [first[name] for name in ("pairs", "labels", "n")]
        judged(evaluate(desk, server.url, rubric="Short is good."))
        assert len(server.asked) == 2 * asked, "another rubric is another question"


@pytest.mark.parametrize("words", ["Unknown parameter: 'response_format'.", "json_schema is not supported here"])
def test_a_server_that_refuses_the_schema_is_asked_without_and_read_all_the_same(desk: Desk, words: str) -> None:
    says = prefers_tuned(desk)
    with judging(lambda messages: f"Well: {says(messages)}") as server:
        server.refuses_schema = words
        job = evaluate(desk, server.url)
    found = judged(job)
    assert found["pairs"]["lost"] == 0 < found["pairs"]["won"]
    assert (found["schema_refused"], found["structured"]["followed"]) == (True, 0)
    assert "does not take response_format" in notices(job)["judge"]
    assert sum("response_format" in asked for asked in server.asked) == 1


def test_grades_are_means_and_a_paired_difference(desk: Desk) -> None:
    tuned = {after.answer for _, after in both(desk)}

    def says(messages: list[dict[str, str]]) -> str:
        answer = messages[-1]["content"].partition("Answer of the Assistant]\n")[2].partition("\n[The End")[0]
        return json.dumps({"reason": "", "grade": 5 if answer in tuned else 2})

    with judging(says) as server:
        found = judged(evaluate(desk, server.url, mode="grade", scale=5))
    before, after = found["systems"]
    apart = sum(one.answer not in tuned for one, _ in both(desk))
    assert (before["name"], after["name"], after["value"]) == ("zero-shot", "tuned", 5.0)
    assert found["pairs"]["difference"] == pytest.approx(3 * apart / ROWS)
    assert found["pairs"]["won"] == apart


def test_nothing_is_asked_that_could_cost_more_than_the_budget(desk: Desk) -> None:
    with judging(prefers_tuned(desk)) as server:
        job = evaluate(desk, server.url, budget=0.001, **PRICES)
    found = judged(job)
    assert not server.asked
    assert found["problem"].startswith("not asked: it could cost 0.0")
    assert "judge.budget is 0.001" in notices(job)["judge-over-budget"]
    assert verdict(job)["verdict"]["word"]


def test_a_bill_beyond_the_budget_ends_the_asking_and_the_rest_is_named(desk: Desk) -> None:
    """This model counts fewer tokens than the server does."""
    prices = {"price_per_million_input": 0.0, "price_per_million_output": 10.0}
    with judging(prefers_tuned(desk)) as server:  # each verdict is billed with 10 tokens, though at most one was asked
        job = evaluate(desk, server.url, max_tokens=1, budget=0.00025, **prices)
        found = judged(job)
        assert len(server.asked) == 3
    assert found["missing"]["over budget"] >= ROWS / 2 - 2


def test_a_verdict_that_is_none_or_cut_off_is_no_tie(desk: Desk) -> None:
    with judging(lambda messages: "I like both answers very") as server:
        found = judged(evaluate(desk, server.url))
        assert list(found["missing"]) == ["unreadable"]
        assert found["n"] == found["pairs"]["same"] == ROWS - found["missing"]["unreadable"]
        server.finish = "length"
        cut = judged(evaluate(desk, server.url, rubric="x"))
    assert list(cut["missing"]) == ["cut off at judge.max_tokens"]


def test_a_person_who_labels_blind_stands_beside_the_figures(desk: Desk) -> None:
    with judging(prefers_tuned(desk)) as server:
        job = evaluate(desk, server.url)
    report = verdict(job)
    assert with_agreement(job, report)["judge"]["agreement"]["n"] == 0
    judged = judged_rows(job, report)
    rows, count = judged.left(), len(report["judge"]["labels"])
    assert len(rows) == count > 4
    assert len({row.left.name for row in rows}) == 2, "the sides change"
    for row in rows[:-1]:
        label(job, row, "left" if row.left.name == "tuned" else "right")
    label(job, rows[-1], "both bad")
    agreement = with_agreement(job, report)["judge"]["agreement"]
    assert judged.left() == []
    assert agreement["n"] == count
    assert agreement["observed"] == pytest.approx((count - 1) / count)
    assert take_label_back(job)
    assert judged.left() == rows[-1:]
    assert not desk.workspace.preferences.exists(), "no preference is made of a test row"


def test_a_baseline_alone_has_no_pairs_but_can_be_graded(desk: Desk) -> None:
    with judging(lambda messages: '{"reason": "", "grade": 4}') as server:
        for mode in ("pairwise", "grade"):
            job = new_evaluation(desk, server.url, mode=mode)
            manifest = read_json(job.manifest)
            write_json(job.manifest, {**manifest, "args": {**manifest["args"], "job": None}})
            do_job(job)
            found = judged(job)
            assert ("problem" in found, len(server.asked) > 0) == (mode == "pairwise", mode == "grade")
    assert [(each["name"], each["value"]) for each in found["systems"]] == [("zero-shot", 4.0)]


def test_the_base_model_judges_on_this_machine_without_any_server(desk: Desk) -> None:
    job = evaluate(desk, None, local=True)
    found = judged(job)
    assert found["asked"] == found["requests"] > 0
    assert "asks the base model" in notices(job)["judge-asked"]
    assert sum(found["missing"].values()) + found["n"] == ROWS
    assert judged(evaluate(desk, None, local=True))["asked"] == 0


# A real server behind a network with faults


def folded_by_hand(found: list[dict[str, Any]]) -> Counter[str]:
    """What the lines of judge.jsonl come to, without any of our folding."""
    rows: dict[int, dict[str, str | None]] = {}
    for each in found:
        rows.setdefault(each["place"], {})[each["part"]] = read_verdict(each["text"])[0] if not each["error"] else None
    counts: Counter[str] = Counter()
    for words in rows.values():
        forward, backward = words["forward"], words["backward"]
        if None in (forward, backward):
            counts["none"] += 1
        else:
            counts[{("B", "A"): "won", ("A", "B"): "lost"}.get((str(forward), str(backward)), "tie")] += 1
    return counts


def said(job: Job) -> list[tuple[str, str, str | None, str]]:
    return [(each["row"], each["part"], each["verdict"], each["text"]) for each in lines(job)]


@pytest.fixture(scope="module")
def calm(measured: Desk, server: int) -> Job:
    """What the real server says of three rows when nothing goes wrong."""
    proxy = Proxy(server)
    proxy.start()
    job = evaluate(measured, proxy.url, **REAL)
    proxy.stop()
    assert len(proxy.asked) == 6
    measured.workspace.judgements.unlink()
    return job


def test_whatever_a_real_server_says_is_folded_and_nothing_is_lost(calm: Job) -> None:
    found = judged(calm)
    counts, pairs = folded_by_hand(lines(calm)), found["pairs"]
    assert (pairs["won"], pairs["lost"], pairs["ties"]) == (counts["won"], counts["lost"], counts["tie"])
    assert sum(found["missing"].values()) == counts["none"]
    assert found["n"] + counts["none"] == 3
    assert found["prompt_tokens"] > 600
    assert found["schema_refused"] is False, "it takes the option, and passes over it"


def test_gone_in_the_middle_it_resumes_and_asks_only_what_is_missing(desk: Desk, server: int, calm: Job) -> None:
    proxy = Proxy(server)
    proxy.start()
    proxy.faults = ["", "429", "", "cut"]
    proxy.goes_after = 6
    job = evaluate(desk, proxy.url, retries=1, **REAL)
    state = read_state(job)
    assert state is not None
    assert (state.phase, "2 of 6 requests could not be had" in state.why) == ("failed", True), state
    assert "resume the job" in state.why
    assert verdict(job)["verdict"]["word"], "what the metrics say is not lost"
    assert "resume it" in verdict(job)["judge"]["problem"]
    assert [bool(each["text"]) for each in lines(job)] == [True] * 4 + [False] * 2
    assert {each["error"].removeprefix("not asked: ")[:6] for each in lines(job)[4:]} == {"gone: "}

    proxy.goes_after = None
    proxy.asked.clear()
    proxy.start()
    do_job(job)
    proxy.stop()
    assert len(proxy.asked) == 2
    assert said(job) == said(calm)
    assert judged(job)["pairs"] == judged(calm)["pairs"]


def test_every_failure_is_a_named_row_and_the_verdict_on_the_metrics_stands(desk: Desk) -> None:
    with judging(prefers_tuned(desk)) as server:
        proxy = Proxy(server.http.server_address[1])
        proxy.start()
        proxy.faults = ["slow", "garbage", "error in the stream", "500", "cut", "400", "429"]
        job = evaluate(desk, proxy.url, retries=0, timeout=2.0, allow_failed=0.9, limit=4)
        proxy.stop()
    found = judged(job)
    assert [each["error"].partition(":")[0] for each in lines(job)] == [
        "timeout", "no answer", "server error", "server error 500", "cut off", "refused 400", "", ""
    ]  # fmt: skip
    assert found["missing"] == {"timeout": 1, "server error": 1, "cut off": 1}
    assert (found["n"], found["pairs"]["won"]) == (1, 1)
    (event,) = [each for each in events(job, "notice") if each.fields["code"] == "judge-failed"]
    assert event.fields["rows"] == [lines(job)[place]["row"] for place in (0, 2, 4)]
    assert "6 of 8 requests have no verdict, on 3 rows: 1 timeout" in event.fields["text"]
    assert "asks to wait 1 s" in notices(job)["judge"]
    assert verdict(job)["verdict"]["word"]


def test_a_stop_keeps_what_was_said(desk: Desk) -> None:
    with judging(prefers_tuned(desk)) as server:
        job = new_evaluation(desk, server.url)
        do_job(job, lambda: len(server.asked) > 3)
        assert phase(job) == "stopped"
        kept = len(desk.workspace.judgements.read_text().splitlines())
        server.asked.clear()
        do_job(job)
        assert len(server.asked) == judged(job)["requests"] - kept
    assert kept > 0


def test_a_key_reaches_the_judge_and_no_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with judging(lambda messages: "[[A]]") as server:
        unset = evaluate(desk, server.url, api_key_env="JUDGE_KEY")
        state = read_state(unset)
        assert state is not None
        assert "JUDGE_KEY is not set in the environment" in state.why
        monkeypatch.setenv("JUDGE_KEY", "sk-" + "SeCrEt" * 5)
        judged(evaluate(desk, server.url, api_key_env="JUDGE_KEY"))
        assert isinstance(server, JudgeServer)
    files = [path for path in desk.workspace.root.rglob("*") if path.is_file()]
    assert [path for path in files if b"SeCrEtSeCrEt" in path.read_bytes()] == []
