import threading
import time
from pathlib import Path

import pytest

from ftworkbench.errors import JobError
from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.events import EventLog
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.session import Requests, answers, ask
from ftworkbench.jobs.state import own_state, write_state
from ftworkbench.steps import session
from ftworkbench.steps.recipe import open_recipe
from ftworkbench.workspace import Workspace


@pytest.fixture
def job(tmp_path: Path) -> Job:
    made = create_job(Workspace(tmp_path), "session", "", {"recipe": "triage", "args": {}})
    write_state(made, own_state("running", 1))
    return made


def serve(job: Job, stop: threading.Event) -> None:
    """Answers each request in two pieces for each of its systems."""
    log, requests = EventLog(job.events, 1), Requests(job.requests)
    while not stop.is_set():
        for request in requests.poll():
            asked, text = request["id"], request["messages"][0]["content"]
            for system in request["systems"]:
                log.emit("answer", request=asked, system=system, delta=text)
                log.emit("answer", request=asked, system=system, delta="!")
                log.emit("answer", request=asked, system=system, done=True, tokens=2)
        time.sleep(0.01)


def test_two_workbenches_share_a_session_and_each_gets_its_own_answers(job: Job) -> None:
    ended = threading.Event()
    server = threading.Thread(target=serve, args=(job, ended))
    server.start()
    heard: dict[str, str] = {}

    def bench(name: str) -> None:
        for turn in range(5):
            text = f"{name}{turn}"
            request = ask(job, "generate", systems=["a", "b"], messages=[{"role": "user", "content": text}])
            events = list(answers(job, request, ["a", "b"], poll=0.01, timeout=10))
            heard[text] = "".join(event.fields.get("delta", "") for event in events)

    benches = [threading.Thread(target=bench, args=(name,)) for name in ("x", "y")]
    for each in benches:
        each.start()
    for each in benches:
        each.join()
    ended.set()
    server.join()
    assert heard == {f"{name}{turn}": f"{name}{turn}!" * 2 for name in "xy" for turn in range(5)}


def test_a_session_that_ended_is_not_asked_and_not_waited_for(job: Job) -> None:
    request = ask(job, "tokens", messages=[])
    write_state(job, own_state("failed", 1, "no memory"))
    with pytest.raises(JobError, match="is failed and has not answered"):
        list(answers(job, request, poll=0.01))
    with pytest.raises(JobError, match="open another"):
        ask(job, "tokens", messages=[])


def test_an_answer_that_never_comes_is_given_up(job: Job) -> None:
    request = ask(job, "tokens", messages=[])
    with pytest.raises(JobError, match=r"has not answered for 0\.1 s"):
        list(answers(job, request, poll=0.01, timeout=0.1))


def test_an_error_ends_the_answer_of_its_system_alone(job: Job) -> None:
    request = ask(job, "generate", systems=["a", "b"], messages=[])
    log = EventLog(job.events, 1)
    log.emit("answer", request=request, system="a", error="too long")
    log.emit("answer", request=request, system="b", done=True)
    assert [event.fields["system"] for event in answers(job, request, ["a", "b"], poll=0.01)] == ["a", "b"]


def test_requests_that_are_broken_are_skipped_and_the_rest_is_given_once(job: Job) -> None:
    with job.requests.open("ab") as file:
        file.write(b'not json\n[1]\n{"id": 7, "op": "x"}\n{"id": "cut", "op": "to')
    request = ask(job, "close")
    requests = Requests(job.requests)
    assert [(found["id"], found["op"]) for found in requests.poll()] == [(request, "close")]
    assert requests.poll() == []
    assert Requests(job.path / "none").poll() == []


def test_waiting_in_the_queue_is_heard_of_and_tries_nobodys_patience(job: Job) -> None:
    request = ask(job, "generate", systems=["a"], messages=[])
    log = EventLog(job.events, 1)
    write_state(job, own_state("queued", 1))
    log.emit("phase", phase="queued", why="waits for triage-3f2a (train)")

    def go_on() -> None:
        write_state(job, own_state("running", 1))
        log.emit("answer", request=request, system="a", done=True)

    later = threading.Timer(0.5, go_on)
    later.start()
    heard: list[str] = []
    found = answers(
        job, request, ["a"], poll=0.01, timeout=0.2,
        heard=lambda events: heard.extend(event.fields.get("why", "") for event in events),
    )  # fmt: skip
    assert [event.fields["done"] for event in found] == [True]
    assert heard == ["waits for triage-3f2a (train)", ""]
    later.join()


@pytest.mark.parametrize(("runs", "left"), [(False, ["close"]), (True, [])])
def test_a_session_that_was_started_for_one_question_ends_with_it_and_a_shared_one_stays(
    job: Job, monkeypatch: pytest.MonkeyPatch, runs: bool, left: list[str]
) -> None:
    (job.path / "desk.toml").write_text('[model]\nmodel_id = "pocket"\n[data]\ntrain = "t.jsonl"\n')
    (job.path / "t.jsonl").touch()
    opened = open_recipe(job.path / "desk.toml")
    monkeypatch.setattr(session, "running_session", lambda *_: job if runs else None)
    monkeypatch.setattr(session, "start_session", lambda *_: job)
    with pytest.raises(KeyboardInterrupt), session.passing_session(opened, None):
        raise KeyboardInterrupt
    assert [found["op"] for found in Requests(job.requests).poll()] == left
