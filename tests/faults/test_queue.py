"""The queue, by real processes that wait, hold, die and are killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ftworkbench
from ftworkbench.errors import JobError
from ftworkbench.jobs import queue
from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.events import read_events
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import own_state, write_state
from ftworkbench.machine import Card
from ftworkbench.worker.__main__ import least_busy
from ftworkbench.workspace import Workspace

# Takes the device, says so, and keeps it until its folder has a file `leave`.
WORKER = """
import os, sys, time
from pathlib import Path
from ftworkbench.jobs.events import EventLog
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.queue import LeftQueueError, take_device

job = Job(Path(sys.argv[1]))
order = Path(sys.argv[2])
log = EventLog(job.events, 1)
def told(why):
    log.emit("phase", phase="queued", why=why)
try:
    with take_device("cpu", job, told, job.stop_file.exists, submitted=float(sys.argv[3]), look=0.05) as lease:
        if "fork" in sys.argv:
            if os.fork() == 0:
                time.sleep(60)
                os._exit(0)
        with order.open("a") as file:
            file.write(job.name + "\\n")
        while not (job.path / "leave").exists():
            if "yield" in sys.argv and lease.wanted():
                break
            time.sleep(0.02)
except LeftQueueError as error:
    print(error)
    sys.exit(3)
"""


class Desk:
    """Starts workers for one device, and sees in what order they had it."""

    def __init__(self, root: Path) -> None:
        self.workspace = Workspace(root)
        self.order = root / "order"
        self.workers: list[subprocess.Popen[str]] = []

    def start(self, *how: str, submitted: float | None = None) -> tuple[Job, subprocess.Popen[str]]:
        """A worker that has the device or stands in the queue when this comes back."""
        job = create_job(self.workspace, "train", "", {"recipe": f"job{len(self.workers)}", "args": {}})
        when = 1000.0 + len(self.workers) if submitted is None else submitted
        command = [sys.executable, "-c", WORKER, str(job.path), str(self.order), str(when), *how]
        worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.workers.append(worker)
        wait_for(lambda: job in self.waiting() or queue.holder("cpu") == job.path)
        return job, worker

    def waiting(self) -> list[Job]:
        return [Job(ticket.job) for ticket in queue.waiting("cpu") if ticket.job is not None]

    def had(self) -> list[str]:
        return self.order.read_text().split() if self.order.exists() else []


def wait_for(what: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def told(job: Job) -> list[str]:
    return [event.fields["why"] for event in read_events(job.events)[0]]


def unheard(why: str) -> None:
    """Nobody listens to what a job waits for."""


def leave(job: Job) -> None:
    (job.path / "leave").touch()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PYTHONPATH", str(Path(ftworkbench.__file__).parents[1]))
    desk = Desk(tmp_path)
    yield desk
    for worker in desk.workers:
        if worker.poll() is None:
            os.killpg(worker.pid, signal.SIGKILL)
        worker.communicate()


def test_jobs_have_the_device_one_at_a_time_in_the_order_in_which_they_were_submitted(desk: Desk) -> None:
    first, _ = desk.start()
    wait_for(lambda: desk.had() == [first.name])
    third, _ = desk.start(submitted=3000.0)
    second, _ = desk.start(submitted=2000.0)  # submitted before, though its process was slower to start
    assert desk.waiting() == [second, third]
    assert queue.holder("cpu") == first.path
    leave(first)
    wait_for(lambda: desk.had() == [first.name, second.name])
    time.sleep(0.3)
    assert desk.had() == [first.name, second.name]
    leave(second)
    leave(third)
    wait_for(lambda: desk.had() == [first.name, second.name, third.name])
    assert [worker.wait(timeout=10) for worker in desk.workers] == [0, 0, 0]
    assert desk.waiting() == []
    assert queue.holder("cpu") is None


def test_the_first_submitted_is_first_though_its_worker_came_to_the_queue_last(desk: Desk) -> None:
    holder, _ = desk.start()
    jobs = [create_job(desk.workspace, "train", "", {"recipe": name, "args": {}}) for name in ("b", "a")]
    code = WORKER.replace("submitted=float(sys.argv[3]), ", "")
    for job in reversed(jobs):
        write_state(job, own_state("queued", 1))  # as a worker does when it begins to wait
        desk.workers.append(
            subprocess.Popen(
                [sys.executable, "-c", code, str(job.path), str(desk.order)],
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        )
        wait_for(lambda job=job: job in desk.waiting())
    assert desk.waiting() == jobs
    leave(holder)


def test_one_that_waits_names_the_job_that_has_the_device_and_counts_the_others(desk: Desk, tmp_path: Path) -> None:
    first, _ = desk.start()
    second, _ = desk.start()
    third, _ = desk.start()
    said = f"waits for {first.short} (train)"
    wait_for(lambda: told(second) and told(third))
    assert told(second) == [said]
    assert told(third) == [f"{said}; 1 more job is before it"]
    leave(first)
    wait_for(lambda: len(told(third)) == 2)
    assert told(third)[-1] == f"waits for {second.short} (train)"


def test_one_that_waits_for_a_job_of_another_workspace_says_where_that_is(desk: Desk, tmp_path: Path) -> None:
    first, _ = desk.start()
    desk.workspace = Workspace(tmp_path / "elsewhere")
    desk.workspace.root.mkdir()
    second, _ = desk.start()
    wait_for(lambda: told(second))
    assert told(second) == [f"waits for {first.short} (train) in {tmp_path.resolve()}"]


def test_a_holder_that_is_killed_gives_the_device_to_the_next(desk: Desk) -> None:
    first, worker = desk.start()
    wait_for(lambda: desk.had() == [first.name])
    second, _ = desk.start()
    worker.kill()
    wait_for(lambda: desk.had() == [first.name, second.name])


def test_a_forked_child_does_not_keep_the_device_of_its_killed_parent(desk: Desk) -> None:
    first, worker = desk.start("fork")
    wait_for(lambda: desk.had() == [first.name])
    second, _ = desk.start()
    worker.kill()  # the parent alone: its child lives on
    worker.wait()
    wait_for(lambda: desk.had() == [first.name, second.name])
    os.killpg(worker.pid, signal.SIGKILL)  # which would raise, were there no child


def test_one_that_is_killed_while_it_waits_holds_nobody_up(desk: Desk) -> None:
    first, _ = desk.start()
    wait_for(lambda: desk.had() == [first.name])
    second, waiter = desk.start()
    third, _ = desk.start()
    waiter.kill()
    waiter.wait()
    assert desk.waiting() == [third]
    leave(first)
    wait_for(lambda: desk.had() == [first.name, third.name])
    assert second.name not in "".join(os.listdir(queue.folder("cpu")))  # its ticket is cleared away


def test_a_waiting_job_can_be_moved_to_the_front_and_back(desk: Desk) -> None:
    first, _ = desk.start()
    wait_for(lambda: desk.had() == [first.name])
    jobs = [desk.start(submitted=2000.0)[0] for _ in range(3)]  # in the same instant: by name
    assert desk.waiting() == sorted(jobs, key=lambda job: job.name)
    a, b, c = desk.waiting()
    queue.move("cpu", c, -2)
    assert desk.waiting() == [c, a, b]
    queue.move("cpu", a, 1)
    assert desk.waiting() == [c, b, a]
    queue.move("cpu", b, -99)
    assert desk.waiting() == [b, c, a]
    with pytest.raises(JobError, match="does not wait"):
        queue.move("cpu", first, 1)
    for job in (first, a, b, c):
        leave(job)
    wait_for(lambda: len(desk.had()) == 4)
    assert desk.had() == [job.name for job in (first, b, c, a)]


def test_a_dropped_job_leaves_in_words_and_the_next_moves_up(desk: Desk) -> None:
    first, _ = desk.start()
    wait_for(lambda: desk.had() == [first.name])
    second, dropped = desk.start()
    third, _ = desk.start()
    queue.drop("cpu", second)
    assert dropped.wait(timeout=10) == 3
    assert dropped.stdout is not None
    assert "was dropped from the queue for cpu" in dropped.stdout.read()
    assert desk.waiting() == [third]
    with pytest.raises(JobError, match="does not wait"):
        queue.drop("cpu", second)


def test_a_job_that_is_stopped_while_it_waits_leaves_the_queue(desk: Desk) -> None:
    first, _ = desk.start()
    wait_for(lambda: desk.had() == [first.name])
    second, stopped = desk.start()
    second.stop_file.touch()
    assert stopped.wait(timeout=10) == 3
    assert desk.waiting() == []
    assert desk.had() == [first.name]


def test_a_holder_that_yields_sees_that_it_is_wanted(desk: Desk) -> None:
    session, worker = desk.start("yield")
    wait_for(lambda: desk.had() == [session.name])
    time.sleep(0.2)
    assert worker.poll() is None  # nobody wants it
    job, _ = desk.start()
    assert worker.wait(timeout=10) == 0
    wait_for(lambda: desk.had() == [session.name, job.name])


def test_watching_the_queue_never_takes_the_device_from_its_holder(desk: Desk) -> None:
    first, _ = desk.start()
    second, _ = desk.start()
    for _ in range(200):
        assert queue.holder("cpu") == first.path
        assert desk.waiting() == [second]
    assert desk.had() == [first.name]


def test_a_process_that_asks_about_its_own_lease_keeps_it(desk: Desk) -> None:
    job = create_job(desk.workspace, "session", "", {"recipe": "own", "args": {}})
    lease = queue.take_device("cpu", job, unheard, lambda: False, look=0.05)
    assert queue.holder("cpu") == job.path
    assert not lease.wanted()
    with pytest.raises(JobError, match="has cpu already"):
        queue.take_device("cpu", job, unheard, lambda: False)
    other, _ = desk.start()
    time.sleep(0.3)
    assert desk.had() == []
    assert lease.wanted()
    lease.release()
    lease.release()
    wait_for(lambda: desk.had() == [other.name])


def test_devices_have_queues_of_their_own_and_no_name_leads_elsewhere(desk: Desk) -> None:
    first, _ = desk.start()
    job = create_job(desk.workspace, "train", "", {"recipe": "card", "args": {}})
    with queue.take_device("cuda-0", job, unheard, lambda: False) as lease:
        assert queue.holder(lease.device) == job.path
        assert queue.holder("cpu") == first.path
    assert queue.folder("../../x").parent == queue.folder("cpu").parent


def test_many_workers_at_once_never_hold_the_device_together(desk: Desk, tmp_path: Path) -> None:
    code = """
import sys, os, time
from pathlib import Path
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.queue import take_device
job, flag = Job(Path(sys.argv[1])), Path(sys.argv[2])
for _ in range(10):
    with take_device("cpu", job, print, lambda: False, look=0.001):
        os.close(os.open(flag, os.O_CREAT | os.O_EXCL))
        time.sleep(0.001)
        flag.unlink()
"""
    workers = []
    for index in range(4):
        job = create_job(desk.workspace, "train", "", {"recipe": f"many{index}", "args": {}})
        command = [sys.executable, "-c", code, str(job.path), str(tmp_path / "flag")]
        workers.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))
    for worker in workers:
        _, error = worker.communicate(timeout=60)
        assert worker.returncode == 0, error


def test_a_worker_takes_the_card_that_the_fewest_jobs_are_at(desk: Desk) -> None:
    cards = [Card("H100", 2**36, (9, 0), index) for index in (2, 0, 1)] + [Card("T4", 2**34, (7, 5), 3)]
    assert least_busy(cards) == cards[0]
    jobs = [create_job(desk.workspace, "train", "", {"recipe": "card", "args": {}}) for _ in range(3)]
    with queue.take_device("cuda-2", jobs[0], unheard, lambda: False):
        assert least_busy(cards) == cards[1]
        with queue.take_device("cuda-0", jobs[1], unheard, lambda: False):
            assert least_busy(cards) == cards[2]
            with queue.take_device("cuda-1", jobs[2], unheard, lambda: False):
                assert least_busy(cards) == cards[0]
    assert least_busy([]) is None
