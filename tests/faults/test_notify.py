"""The user's own command runs when a job ends, from the worker, and never harms it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import ftworkbench
from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.events import read_events
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.launch import _start
from ftworkbench.jobs.notify import filled_in, notify
from ftworkbench.jobs.state import ALIVE, phase
from ftworkbench.workspace import Workspace

TELL = """
import json, os, sys
with open("told.jsonl", "a") as file:
    file.write(json.dumps([*sys.argv[1:], os.environ["FTWORKBENCH_WHY"]]) + "\\n")
"""
WORDS = {"job": "2026-11-23-triage-3f2a", "kind": "train", "phase": "failed", "why": "a; rm -rf ~ $(id) {job}"}


def start(root: Path, command: list[str], **manifest: object) -> Job:
    """A job of a real worker, which ends before it has loaded anything: it is of a kind that nobody knows."""
    recipe = f"""[model]
model_id = "pocket"
[data]
train = "train.jsonl"
[launch]
device = "cpu"
notify = {json.dumps(command)}
"""
    job = create_job(Workspace(root), "unheard-of", recipe, {"recipe": "triage", "args": {}, **manifest})
    _start(job)
    return job


def ended(job: Job) -> Job:
    deadline = time.monotonic() + 60
    while phase(job) in ALIVE or job_is_busy(job):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return job


def job_is_busy(job: Job) -> bool:
    """Whether the worker is still there: the command comes after the end."""
    pid = json.loads(job.state.read_text())["pid"]
    try:
        return f"{job.path}" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


@pytest.fixture(autouse=True)
def source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(ftworkbench.__file__).parents[1]))


def test_the_worker_itself_tells_how_the_job_ended(tmp_path: Path) -> None:
    job = ended(start(tmp_path, [sys.executable, "-c", TELL, "{kind} {phase}", "{job}", "{why}"]))
    why = "'unheard-of' is no kind of work that this version knows"
    told = [json.loads(line) for line in (tmp_path / "told.jsonl").read_text().splitlines()]
    assert told == [["unheard-of failed", job.name, f"{job.short}: {why}", f"{job.short}: {why}"]]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["/nowhere/at-all"], "could not be started"),
        ([sys.executable, "-c", "raise SystemExit(3)"], "ended with 3"),
    ],
)
def test_a_command_that_fails_is_a_notice_and_nothing_more(tmp_path: Path, command: list[str], said: str) -> None:
    job = ended(start(tmp_path, command))
    assert phase(job) == "failed"
    notices = [event.fields for event in read_events(job.events)[0] if event.kind == "notice"]
    assert [each["code"] for each in notices] == ["notify"]
    assert said in notices[0]["text"]


def test_a_command_that_never_ends_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    hangs = "import subprocess, sys, time; p = subprocess.Popen(['sleep', '600']); "
    hangs += "open('child', 'w').write(str(p.pid)); time.sleep(600)"
    began = time.monotonic()
    problem = notify([sys.executable, "-c", hangs], WORDS, tmp_path, limit=2.0)
    assert problem is not None
    assert "took longer than 2 s" in problem
    assert time.monotonic() - began < 10
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 5
    while Path(f"/proc/{child}/stat").exists() and " Z " not in Path(f"/proc/{child}/stat").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_is_filled_in_stays_one_word_and_is_not_filled_in_again() -> None:
    found = filled_in(["{job}", "--said={why}", "{phase}/{kind}", "{other} {{}}"], WORDS)
    assert found == ["{job}", "--said=a; rm -rf ~ $(id) {job}", "failed/train", "{other} {{}}"]


def test_who_watches_a_long_job_is_called_back_by_the_terminal(tmp_path: Path) -> None:
    """In a real terminal: a bell and a notification at the end; in a pipe neither."""
    from terminal import Terminal

    script = (
        "import sys\nfrom pathlib import Path\nfrom ftworkbench.commands import watch\n"
        "from ftworkbench.jobs.folder import Job\nwatch._LONG = 0.0\nwatch.watch_job(Job(Path(sys.argv[1])))\n"
    )
    job = ended(start(tmp_path, []))
    command = [sys.executable, "-c", script, str(job.path)]
    shown = Terminal(command)
    try:
        shown.process.wait(30)
        shown.drain()
    finally:
        shown.close()
    assert f"\a\x1b]9;ftworkbench: {job.short} failed\x1b\\".encode() in shown.raw
    piped = subprocess.run(command, capture_output=True, check=True)
    assert b"\a" not in piped.stderr + piped.stdout


def test_the_process_group_of_the_command_is_not_the_workers(tmp_path: Path) -> None:
    script = "import os, pathlib; pathlib.Path('group').write_text(f'{os.getpgrp()} {os.getsid(0)}')"
    assert notify([sys.executable, "-c", script], WORDS, tmp_path) is None
    group, session = map(int, (tmp_path / "group").read_text().split())
    assert group == session != os.getpgrp()
