"""What a job outlives: its launcher's terminal, group and session; and what it is launched in where systemd is.

The end of a login cannot be had in a test. What stands between it and a job is looked at here: the process group, the
session, and the command line that asks for a scope.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ftworkbench
from ftworkbench.jobs import survival as surviving
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.follow import follow
from ftworkbench.jobs.launch import submit
from ftworkbench.jobs.state import phase, read_state
from ftworkbench.jobs.survival import SCOPE, Survival, launched, survival
from ftworkbench.machine import process_start
from ftworkbench.recipe.read import parse
from ftworkbench.workspace import Workspace

WORKER = """
import os, sys, time
from pathlib import Path
from ftworkbench.jobs.events import EventLog
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import own_state, write_state

job = Job(Path(sys.argv[1]))
print("pid", os.getpid(), "leads its session:", os.getsid(0) == os.getpid(), "group:", os.getpgrp(), flush=True)
write_state(job, own_state("running", 1))
log = EventLog(job.events, 1)
log.emit("phase", phase="running", why="")
for step in range(1, 21):
    log.emit("metric", step=step, values={"loss": 1.0})
    time.sleep(0.05)
write_state(job, own_state("done", 1))
log.emit("phase", phase="done", why="")
"""
LAUNCHER = """
import os, sys, time
from pathlib import Path
from ftworkbench.jobs.launch import submit
from ftworkbench.recipe.read import parse
from ftworkbench.workspace import Workspace

recipe = parse('[model]\\nmodel_id = "pocket"\\n[data]\\ntrain = "t.jsonl"\\n', "triage")
print(submit(Workspace(Path(sys.argv[1])), "train", recipe, {}, hashes={}, module="worker_of_test").path, flush=True)
time.sleep(60)
"""
# Becomes what it was asked to run, as `systemd-run --scope` does, and leaves word of how it was asked.
SYSTEMD_RUN = """\
#!/bin/sh
echo "$@" >> "$0.asked"
while [ "$1" != "--" ] && [ "$1" != "true" ]; do shift; done
[ "$1" = "--" ] && shift
exec "$@"
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "worker_of_test.py").write_text(WORKER)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'code'}:{Path(ftworkbench.__file__).parents[1]}")
    (tmp_path / "desk").mkdir()
    survival.cache_clear()
    yield tmp_path / "desk"
    survival.cache_clear()


def put_on_path(folder: Path, monkeypatch: pytest.MonkeyPatch, **tools: str) -> None:
    folder.mkdir()
    for name, script in tools.items():
        path = folder / name.replace("_", "-")
        path.write_text(script)
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def start(desk: Path) -> Job:
    recipe = parse('[model]\nmodel_id = "pocket"\n[data]\ntrain = "t.jsonl"\n', "triage")
    return submit(Workspace(desk), "train", recipe, {}, hashes={}, module="worker_of_test")


def wait_for(what: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


@pytest.mark.parametrize("how", ["hung up", "its session killed"])
def test_a_job_outlives_its_launchers_session(desk: Path, how: str) -> None:
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(desk)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert launcher.stdout is not None
    job = Job(Path(launcher.stdout.readline().strip()))
    wait_for(lambda: phase(job) == "running")
    if how == "hung up":
        os.killpg(launcher.pid, signal.SIGHUP)
    else:
        for pid in processes_of_session(launcher.pid):
            os.kill(pid, signal.SIGKILL)
    launcher.communicate(timeout=10)
    assert phase(job) == "running"
    assert [event.fields.get("step") for event in follow(job, poll=0.05)][-2] == 20
    assert phase(job) == "done"
    assert "leads its session: True" in job.log.read_text()


def processes_of_session(session: int) -> list[int]:
    found = []
    for entry in os.scandir("/proc"):
        try:
            if entry.name.isdigit() and os.getsid(int(entry.name)) == session:
                found.append(int(entry.name))
        except ProcessLookupError:
            continue
    assert session in found
    return found


def test_where_systemd_helps_a_job_runs_in_a_scope_under_the_pid_that_its_state_names(
    desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_path(
        tmp_path / "bin", monkeypatch,
        systemd_run=SYSTEMD_RUN, loginctl="#!/bin/sh\necho Linger=yes\n", busctl="#!/bin/sh\necho b false\n",
    )  # fmt: skip
    assert survival() == Survival(manager=True, lingers=True, kills=False)
    job = start(desk)
    wait_for(lambda: phase(job) == "running")
    state = read_state(job)
    assert state is not None
    assert state.pid is not None
    assert process_start(state.pid) == state.start
    assert f"pid {state.pid} leads its session: True group: {state.pid}" in job.log.read_text()
    list(follow(job, poll=0.05))
    assert phase(job) == "done"
    asked = (tmp_path / "bin" / "systemd-run.asked").read_text().splitlines()
    assert asked[0] == "--user --scope --quiet --collect true"
    assert asked[1].startswith(f"--user --scope --quiet --collect -- {sys.executable} -P -m worker_of_test ")


@pytest.mark.parametrize("manager", ["exit 1", "exec sleep 60"], ids=["refuses", "never answers"])
def test_a_manager_that_cannot_be_reached_is_done_without(
    desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manager: str
) -> None:
    monkeypatch.setattr(surviving, "_SECONDS", 0.3)
    put_on_path(tmp_path / "bin", monkeypatch, systemd_run=f"#!/bin/sh\n{manager}\n")
    began = time.monotonic()
    assert not survival().scoped
    assert time.monotonic() - began < 3
    job = start(desk)
    list(follow(job, poll=0.05))
    assert phase(job) == "done"


def test_a_manager_that_refuses_after_all_is_done_without(
    desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuses = "#!/bin/sh\n[ \"$5\" = true ] || { echo 'Failed to start transient scope unit' >&2; exit 1; }\n"
    put_on_path(
        tmp_path / "bin", monkeypatch, systemd_run=refuses, loginctl="#!/bin/sh\necho Linger=yes\n"
    )  # fmt: skip
    assert survival().scoped
    job = start(desk)
    list(follow(job, poll=0.05))
    assert phase(job) == "done"
    assert "Failed to start transient scope" in job.log.read_text()


def test_a_scope_is_asked_for_only_where_it_lives_longer_than_a_session() -> None:
    command = ["python", "-m", "worker"]
    for lingers, kills, scoped in [(True, False, True), (True, True, True), (False, True, True), (False, False, False)]:
        here = Survival(manager=True, lingers=lingers, kills=kills)
        assert launched(command, here) == ([*SCOPE, "--", *command] if scoped else command)
    assert launched(command, Survival(manager=False, lingers=True, kills=True)) == command


def test_what_jobs_do_not_outlive_is_said_with_what_to_do() -> None:
    assert Survival(manager=True, lingers=True, kills=True).problem is None
    assert Survival(manager=False).problem is None
    with_manager = Survival(manager=True, lingers=False, kills=True).problem
    assert with_manager is not None
    assert "loginctl enable-linger" in with_manager
    without = Survival(manager=False, lingers=False, kills=True).problem
    assert without is not None
    assert "KillUserProcesses=no" in without
    assert "end with this container" in Survival(manager=False, container=True).words
