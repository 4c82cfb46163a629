"""A training job in a small file system of its own, which fills up while it runs. For test_training_faults.py.

Run in a mount namespace (`unshare -rm`). Writes what happened as JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ftworkbench.jobs.events import read_events
from ftworkbench.jobs.folder import Job, result
from ftworkbench.jobs.state import phase
from ftworkbench.worker.checkpoints import checkpoints, verify

_LONGEST = 120.0
_LEFT = 1000  # bytes that are left: not even the events have room


def main(job_path: str, small: str) -> None:
    source = Path(job_path)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", small], check=True)
    root = Path(small) / "work"
    shutil.copytree(source.parents[1], root)
    job = Job(root / "jobs" / source.name)
    with job.log.open("ab") as log:
        command = [sys.executable, "-P", "-m", "ftworkbench.worker", str(job.path)]
        worker = subprocess.Popen(command, stdout=log, stderr=log, cwd=root)
    _wait(worker, lambda: len(checkpoints(job.checkpoints)) >= 1)
    filler = root / "filler"
    _fill(filler)
    _wait(worker, lambda: "disk-full" in _codes(job) or shutil.disk_usage(root).free < 2 * _LEFT)
    told: list[str] = []
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and not told:
        _fill(filler)
        told = [code for code in _codes(job) if code == "disk-full"]
        time.sleep(0.2)
    alive, now = worker.poll() is None, phase(job)
    good = [verify(path) for _, path in checkpoints(job.checkpoints)]
    before = max((step for step, _ in checkpoints(job.checkpoints)), default=0)
    filler.unlink()
    worker.wait(timeout=_LONGEST)
    found = {
        "alive": alive,
        "phase_while_full": now,
        "checkpoints_while_full": good,
        "step_while_full": before,
        "phase": phase(job),
        "codes": _codes(job),
        "texts": [event.fields["text"] for event in read_events(job.events)[0] if event.kind == "notice"],
        "losses": {
            event.fields["step"]: event.fields["values"]["loss"]
            for event in read_events(job.events)[0]
            if event.kind == "metric" and "loss" in event.fields["values"]
        },
        "adapter_sha256": (result(job) or {}).get("adapter_sha256"),
        "log": job.log.read_text()[-2000:],
    }
    print(json.dumps(found))


def _codes(job: Job) -> list[str]:
    return [str(event.fields.get("code")) for event in read_events(job.events)[0] if event.kind == "notice"]


def _fill(filler: Path) -> None:
    """Takes what is free, but for a few bytes."""
    with filler.open("ab") as file:
        free = shutil.disk_usage(filler.parent).free - _LEFT
        try:
            while free > 0:
                free -= os.write(file.fileno(), b"0" * min(free, 1 << 16))
        except OSError:
            return


def _wait(worker: subprocess.Popen[bytes], until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _LONGEST
    while not until():
        assert worker.poll() is None, "the worker ended"
        assert time.monotonic() < deadline
        time.sleep(0.02)


if __name__ == "__main__":
    main(*sys.argv[1:])
