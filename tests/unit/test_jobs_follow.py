import threading
import time
from pathlib import Path

import pytest

from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.events import EventLog
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.follow import Tail, follow
from ftworkbench.jobs.heartbeat import heartbeat
from ftworkbench.jobs.state import own_state, write_state
from ftworkbench.workspace import Workspace


@pytest.fixture
def job(tmp_path: Path) -> Job:
    made = create_job(Workspace(tmp_path), "train", "", {"recipe": "triage", "args": {}})
    write_state(made, own_state("running", 1))
    return made


def test_a_tail_gives_each_event_once(job: Job) -> None:
    tail = Tail(job.events)
    assert tail.poll() == []
    log = EventLog(job.events, 1)
    log.emit("phase", phase="running")
    assert [event.seq for event in tail.poll()] == [1]
    assert tail.poll() == []
    log.emit("metric", step=1, values={"loss": 1.0})
    assert [event.seq for event in tail.poll()] == [2]


def test_the_event_of_the_end_is_not_missed_though_it_comes_after_the_state(job: Job) -> None:
    log = EventLog(job.events, 1)
    log.emit("phase", phase="running")
    write_state(job, own_state("done", 1))
    threading.Timer(0.2, log.emit, ["phase"], {"phase": "done"}).start()
    assert [event.fields["phase"] for event in follow(job, poll=0.02)] == ["running", "done"]


def test_an_end_without_its_event_is_an_end_all_the_same(job: Job) -> None:
    write_state(job, own_state("stopped", 1))
    began = time.monotonic()
    assert list(follow(job, poll=0.02)) == []
    assert time.monotonic() - began < 3


def test_a_heartbeat_is_felt_while_the_work_goes_on_and_not_after(job: Job) -> None:
    with heartbeat(job, every=0.02):
        first = job.heartbeat.stat().st_mtime_ns
        time.sleep(0.2)
        assert job.heartbeat.stat().st_mtime_ns > first
    last = job.heartbeat.stat().st_mtime_ns
    time.sleep(0.1)
    assert job.heartbeat.stat().st_mtime_ns == last
