"""Removing jobs and bringing them back."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftworkbench.errors import InputError, JobError
from ftworkbench.jobs.bin import bin_of, binned, empty, remove, restore
from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.disk import bytes_of
from ftworkbench.jobs.find import find_job
from ftworkbench.jobs.folder import Job, list_jobs
from ftworkbench.jobs.launch import resume
from ftworkbench.jobs.state import own_state, phase, write_state
from ftworkbench.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def make(workspace: Workspace, kind: str = "train", at: str = "done", about: Job | None = None) -> Job:
    args = {"job": str(about.path)} if about else {}
    job = create_job(workspace, kind, "[model]\n", {"recipe": "triage", "args": args, "hashes": {}})
    write_state(job, own_state(at, 1))
    return job


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_removed_job_is_gone_from_the_list_and_comes_back_as_it_was(workspace: Workspace) -> None:
    job, other = make(workspace), make(workspace)
    (job.path / "checkpoints").mkdir()
    (job.path / "checkpoints" / "weights").write_bytes(b"w" * 1000)
    remove(other)
    gone = remove(restore(remove(job)))
    before = contents(gone.path)
    assert list_jobs(workspace) == []
    assert [each.job.name for each in binned(workspace)] == [other.name, job.name]  # the last removed at the end
    back = restore(gone)
    assert back == job
    assert list_jobs(workspace) == [job]
    assert contents(back.path) == {name: body for name, body in before.items() if name != "removed.json"}
    assert (phase(back), back.path.stat().st_mode & 0o777) == ("done", 0o700)


@pytest.mark.parametrize("at", ["queued", "loading", "running", "saving"])
def test_a_job_that_lives_is_not_removed(workspace: Workspace, at: str) -> None:
    job = make(workspace, at=at)
    with pytest.raises(JobError, match=f"is {at}; stop it before you remove it"):
        remove(job)
    assert list_jobs(workspace) == [job]


def test_a_job_that_a_living_one_works_with_is_not_removed(workspace: Workspace) -> None:
    job = make(workspace)
    session = make(workspace, "session", "running", job)
    with pytest.raises(JobError, match=rf"{session.short} \(session, running\) works with it; stop that first"):
        remove(job)
    write_state(session, own_state("stopped", 1))
    remove(job)
    assert list_jobs(workspace) == [session]


def test_whoever_asks_for_a_removed_job_is_told_how_it_comes_back(workspace: Workspace) -> None:
    job = make(workspace)
    remove(job)
    for text in (job.short, str(job.path)):
        with pytest.raises(InputError, match=f"{job.short}: was removed; `ftworkbench restore {job.short}`"):
            find_job(workspace, text)


def test_new_jobs_leave_the_names_of_those_in_the_bin_to_them(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = make(workspace)
    remove(gone)
    end = bytes.fromhex(gone.name[-4:])
    drawn = iter([b"\x01" * 8, end, b"\xab\xcd"])
    monkeypatch.setattr("ftworkbench.jobs.create.os.urandom", lambda size: next(drawn, b"\x77" * size))
    monkeypatch.setattr("ftworkbench.jobs.names.os.urandom", lambda size: next(drawn, b"\x77" * size))
    new = create_job(workspace, "train", "", {"recipe": "triage", "args": {}, "hashes": {}})
    assert new.short != gone.short


def test_a_job_whose_place_was_taken_stays_in_the_bin(workspace: Workspace) -> None:
    job = make(workspace)
    gone = remove(job)
    job.path.mkdir()
    with pytest.raises(JobError, match="there is something in its place"):
        restore(gone)
    assert gone.manifest.is_file()


def test_an_emptied_bin_holds_nothing_and_what_was_not_meant_stays(workspace: Workspace) -> None:
    first, second = make(workspace), make(workspace)
    gone, kept = remove(first), remove(second)
    (bin_of(workspace) / ".going-1234").mkdir()  # of an emptying that was cut short
    empty(workspace, [gone])
    assert [each.job for each in binned(workspace)] == [kept]
    assert not any(bin_of(workspace).glob(".going-*"))


def test_an_empty_bin_is_emptied_without_a_word_and_before_there_is_one(workspace: Workspace) -> None:
    empty(workspace, [])
    remove(make(workspace))
    empty(workspace, [each.job for each in binned(workspace)])
    empty(workspace, [])
    assert binned(workspace) == []


def test_a_job_that_was_removed_cannot_be_resumed_into_life(workspace: Workspace) -> None:
    job = make(workspace, at="stopped")
    remove(job)
    with pytest.raises((JobError, OSError)):
        resume(job)
    assert not job.path.exists()


def test_the_room_of_a_job_counts_a_file_with_two_names_once(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "weights").write_bytes(b"w" * 1000)
    (tmp_path / "again").hardlink_to(tmp_path / "a" / "weights")
    (tmp_path / "link").symlink_to(tmp_path / "a" / "weights")
    (tmp_path / "small").write_bytes(b"s" * 10)
    link = (tmp_path / "link").lstat().st_size
    assert bytes_of(tmp_path) == 1010 + link
    assert bytes_of(tmp_path / "nowhere") == 0
