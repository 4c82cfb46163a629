"""The star and the note of a job."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ftworkbench.errors import InputError
from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.marks import LONGEST_NOTE, Marks, change_marks, read_marks
from ftworkbench.workspace import Workspace


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return create_job(Workspace(tmp_path), "train", "", {"recipe": "triage", "args": {}, "hashes": {}})


def test_a_job_has_no_marks_until_somebody_makes_them(job: Job) -> None:
    assert read_marks(job) == Marks(star=False, note="")


def test_star_and_note_are_changed_one_without_the_other(job: Job) -> None:
    change_marks(job, star=True)
    change_marks(job, note="  the one\n for the   demo ")
    assert read_marks(job) == Marks(star=True, note="the one for the demo")
    assert change_marks(job, star=False) == Marks(star=False, note="the one for the demo")
    assert change_marks(job, note=" ") == Marks()


def test_two_workbenches_that_mark_at_once_lose_nothing(job: Job) -> None:
    threads = [threading.Thread(target=change_marks, args=(job,), kwargs={"star": True}) for _ in range(4)]
    threads += [threading.Thread(target=change_marks, args=(job,), kwargs={"note": "kept"}) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read_marks(job) == Marks(star=True, note="kept")


def test_a_note_is_a_line_and_not_a_page(job: Job) -> None:
    with pytest.raises(InputError, match="at most 500 characters, not 501"):
        change_marks(job, note="x" * (LONGEST_NOTE + 1))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"star": 1, "note": 7}', '{"star": "yes"}'])
def test_marks_that_cannot_be_read_are_none(job: Job, text: str) -> None:
    job.marks.write_text(text)
    assert read_marks(job) == Marks()
