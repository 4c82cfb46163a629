import os
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ftworkbench.errors import InputError
from ftworkbench.files import read_json, write_json
from ftworkbench.jobs import state
from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.find import find_job
from ftworkbench.jobs.folder import Job, list_jobs, read_manifest
from ftworkbench.jobs.names import short_name
from ftworkbench.jobs.state import State, own_state, phase, read_state, write_state
from ftworkbench.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def make(workspace: Workspace, kind: str = "train", recipe: str = "triage") -> Job:
    return create_job(workspace, kind, "[model]\n", {"recipe": recipe, "args": {}, "hashes": {}})


def test_a_new_job_is_private_named_by_date_and_recipe_and_queued(workspace: Workspace) -> None:
    job = make(workspace)
    assert job.path.parent == workspace.jobs.resolve()
    assert job.name.startswith(time.strftime("%Y-%m-%d-triage-"))
    assert stat.S_IMODE(job.path.stat().st_mode) == 0o700
    assert job.recipe.read_text() == "[model]\n"
    assert (job.kind, read_manifest(job)["name"], phase(job)) == ("train", job.name, "queued")
    assert "-evaluate-" in make(workspace, "evaluate").name


@pytest.mark.parametrize("recipe", ["../../etc/cron.d/x", "/tmp/x", "..", "\x1b[2J", "a b\nc", "", "-rf"])
def test_a_recipe_named_with_malice_stays_in_the_workspace(workspace: Workspace, recipe: str) -> None:
    job = make(workspace, recipe=recipe)
    assert job.path.parent == workspace.jobs.resolve()
    assert job.name.isprintable()
    assert not job.name.startswith((".", "-"))
    assert list_jobs(workspace) == [job]


def test_jobs_are_listed_oldest_first_and_what_is_no_job_is_not(workspace: Workspace) -> None:
    jobs = []
    for recipe in ("zebra", "ant", "mole"):
        jobs.append(make(workspace, recipe=recipe))
        time.sleep(0.002)
    (workspace.jobs / "notes").mkdir()
    (workspace.jobs / "a.txt").touch()
    (workspace.jobs / ".new-1234").mkdir()
    assert list_jobs(workspace) == jobs
    assert list_jobs(Workspace(workspace.root / "empty")) == []


def test_a_job_is_found_by_path_by_every_name_and_by_a_start_or_end_of_one(workspace: Workspace) -> None:
    job, other = make(workspace), make(workspace, "evaluate")
    end = other.name[-4:]
    assert find_job(workspace, str(job.path)) == job
    assert find_job(workspace, job.name) == job
    assert other.short == f"triage-{end}"
    for text in (other.name, other.short, f"triage-evaluate-{end}", end, "triage-eval", other.short[:-1]):
        assert find_job(workspace, text) == other
    with pytest.raises(InputError, match="no such job"):
        find_job(workspace, "nothing-of-the-kind")
    with pytest.raises(InputError, match="no job was named"):
        find_job(workspace, " ")


def test_a_name_that_two_jobs_have_is_refused_with_their_names_unless_one_alone_will_do(workspace: Workspace) -> None:
    job, other = make(workspace), make(workspace, "evaluate")
    with pytest.raises(InputError, match="may be any of 2 jobs") as refused:
        find_job(workspace, "triage")
    assert job.short in str(refused.value)
    assert f"{other.short} (evaluate)" in str(refused.value)
    assert find_job(workspace, "triage", lambda each: each.kind == "evaluate") == other


def test_the_last_part_of_a_name_is_given_once_in_a_workspace(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter([b"\x01\x02", b"\x01\x02", b"\x03\x04"])
    monkeypatch.setattr("os.urandom", lambda size: next(drawn) if size == 2 else bytes(range(size)))
    names = [make(workspace).short, make(workspace, "evaluate").short]
    assert names == ["triage-0102", "triage-0304"]


@pytest.mark.parametrize(
    ("folder", "short"),
    [
        ("2026-11-23-triage-3f2a", "triage-3f2a"),
        ("2026-11-23-triage-evaluate-3f2a", "triage-3f2a"),
        ("2026-11-23-a-b-session-00ff00ff", "a-b-00ff00ff"),
        ("notes", "notes"),
    ],
)
def test_people_are_shown_a_name_without_date_and_kind(folder: str, short: str) -> None:
    assert short_name(folder) == short


def test_a_live_process_keeps_the_phase_and_a_gone_one_is_lost(workspace: Workspace) -> None:
    job = make(workspace)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        start = state.process_start(child.pid)
        write_state(job, replace(own_state("running", 1), pid=child.pid, start=start))
        assert phase(job) == "running"
        write_state(job, replace(own_state("running", 1), pid=child.pid, start=(start or 0) - 1))
        assert phase(job) == "lost"  # the pid was given to somebody else
        write_state(job, replace(own_state("running", 1), pid=child.pid, start=start, boot_id="another"))
        assert phase(job) == "lost"
        write_state(job, replace(own_state("running", 1), pid=child.pid, start=start))
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert phase(job) == "lost"  # dead, though nobody has reaped it yet
        write_state(job, replace(own_state("running", 1), pid=child.pid, start=None))
        assert phase(job) == "lost"  # it was gone before anybody could ask when it had started
    write_state(job, replace(own_state("failed", 1), pid=child.pid, start=start))
    assert phase(job) == "failed"


def test_a_job_without_a_process_yet_is_queued_for_a_while_and_then_lost(workspace: Workspace) -> None:
    job = make(workspace)
    now = time.time()
    assert phase(job, now + 1) == "queued"
    assert phase(job, now + state.LAUNCH_GRACE + 2) == "lost"


def test_on_another_host_only_silence_tells(workspace: Workspace) -> None:
    job = make(workspace)
    write_state(job, replace(own_state("running", 1), pid=1, start=1, host="elsewhere", boot_id="its own"))
    now = time.time()
    assert phase(job, now + 59) == "running"
    assert phase(job, now + 61) == "lost"
    job.heartbeat.touch()
    os.utime(job.heartbeat, (now + 50, now + 50))
    assert phase(job, now + 61) == "running"


def test_a_job_that_ends_between_two_looks_is_not_lost(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    job = make(workspace)
    write_state(job, own_state("running", 1))

    done = own_state("done", 1)

    def ends_meanwhile(pid: int) -> None:
        write_state(job, done)

    monkeypatch.setattr(state, "process_start", ends_meanwhile)
    assert phase(job) == "done"


def test_a_state_from_a_newer_version_is_read_and_a_broken_one_is_lost(workspace: Workspace) -> None:
    job = make(workspace)
    write_json(job.state, {"v": 2, "phase": "done", "mood": "good"})
    assert read_state(job) == State(phase="done")
    job.state.write_text("{")
    assert read_state(job) is None
    assert phase(job) == "lost"


def test_json_is_replaced_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(path, {"a": float("nan")})
    assert read_json(path) == {"a": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.json"]
    assert read_json(tmp_path / "none.json") is None
