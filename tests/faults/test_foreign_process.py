"""A job whose turn has come waits for a card that somebody else's process holds."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.foreign import GIB, read_occupied, wait_for_card, waits_for_others
from ftworkbench.jobs.queue import LeftQueueError
from ftworkbench.machine import Card
from ftworkbench.workspace import Workspace

CARD = Card("NVIDIA H100 80GB HBM3", 81559 * 2**20, (9, 0), 1, "GPU-aa22")
# Says of the card what stands in the files beside it.
SMI = f"""#!{sys.executable}
import sys
from pathlib import Path
assert "--id=GPU-aa22" in sys.argv, sys.argv
name = "memory" if any("query-gpu" in word for word in sys.argv) else "processes"
print((Path(sys.argv[0]).parent / name).read_text(), end="")
"""


class Smi:
    """A stand-in nvidia-smi, and a process of somebody else's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])

    def holds(self, mib: int) -> None:
        self._write("memory", f"81559, {mib}, {81559 - mib}\n")
        line = f"{self.other.pid}, {mib}, /usr/bin/python3\n" if mib else ""
        self._write("processes", f"{line}{os.getpid()}, 400, /usr/bin/python3\n")

    def _write(self, name: str, text: str) -> None:
        (self.folder / f".{name}").write_text(text)
        (self.folder / f".{name}").rename(self.folder / name)


@pytest.fixture
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Smi]:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "nvidia-smi").write_text(SMI)
    (folder / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    found = Smi(folder)
    yield found
    found.other.kill()
    found.other.wait()


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return create_job(Workspace(tmp_path), "train", "", {"recipe": "triage", "args": {}})


def wait_for(what: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def test_a_job_waits_until_the_other_process_leaves_it_the_room_that_it_needs(smi: Smi, job: Job) -> None:
    told: list[str] = []
    smi.holds(61440)
    waiter = threading.Thread(
        target=wait_for_card, args=(CARD, job, 30.0, told.append, lambda: False), kwargs={"look": 0.1}
    )
    waiter.start()
    wait_for(lambda: told)
    assert told[0] == (
        f"waits for the card, which others have: python3 (pid {smi.other.pid} of {getpass.getuser()}, 60.0 GiB); "
        "19.6 of 79.6 GiB are free; it needs 30.0 GiB"
    )
    time.sleep(0.5)
    assert len(told) == 1  # said once
    smi.holds(51200)
    wait_for(lambda: "50.0 GiB); 29.6 of 79.6 GiB are free" in told[-1])
    smi.holds(20480)
    waiter.join(timeout=20)
    assert not waiter.is_alive()


@pytest.mark.parametrize(
    ("mib", "needed", "waits"),
    [
        (0, None, False),
        (900, None, False),
        (1500, None, True),
        (51200, 20.0, False),
        (51200, 200.0, False),
        (900, 79.5, False),
    ],
)
def test_what_keeps_a_job_out(smi: Smi, job: Job, mib: int, needed: float | None, waits: bool) -> None:
    smi.holds(mib)
    told: list[str] = []
    try:
        wait_for_card(CARD, job, needed, told.append, lambda: bool(told), look=0.1)
    except LeftQueueError:
        assert told
    assert bool(told) == waits


def test_a_job_that_is_stopped_while_it_waits_leaves(smi: Smi, job: Job) -> None:
    smi.holds(81000)
    with pytest.raises(LeftQueueError, match="asked to stop while it waited for the card"):
        wait_for_card(CARD, job, 10.0, lambda _: job.stop_file.touch(), job.stop_file.exists, look=0.1)


def test_without_nvidia_smi_nobody_is_waited_for(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    wait_for_card(CARD, job, None, pytest.fail, lambda: False)


def test_processes_that_a_container_does_not_see_and_figures_that_the_driver_keeps() -> None:
    unseen = read_occupied("81559, 70000, 11559\n", "")
    assert unseen is not None
    assert "processes that cannot be seen from here" in waits_for_others(unseen, None)
    secret = read_occupied("81559, 70000, 11559\n", "1, [N/A], [Not Found]\n7, 5, a\n8, 9, /b/c\n9, 1, d\n")
    assert secret is not None
    assert [each.used for each in secret.occupants] == [9 * 2**20, 5 * 2**20, 2**20, None]
    assert "and 1 more" in waits_for_others(secret, 20 * GIB)
    assert read_occupied("[N/A], [N/A], [N/A]\n", "") is None
    assert read_occupied("", "") is None
