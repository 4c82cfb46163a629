"""The rows of each step of a training, as its job keeps them."""

from __future__ import annotations

from pathlib import Path

from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.step_rows import rows_of_step, steps_file, write_step


def _job(tmp_path: Path) -> Job:
    job = Job(tmp_path)
    job.outputs.mkdir()
    return job


def test_of_a_step_that_was_done_twice_the_later_rows_count(tmp_path: Path) -> None:
    job = _job(tmp_path)
    for step, rows in ((1, "ab"), (11, "xy"), (1, "cd")):
        write_step(steps_file(job), step, rows)
    assert rows_of_step(job, 1) == ("c", "d")
    assert rows_of_step(job, 11) == ("x", "y")
    assert rows_of_step(job, 2) == ()
    assert rows_of_step(Job(tmp_path / "none"), 1) == ()


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path: Path) -> None:
    job = _job(tmp_path)
    path = steps_file(job)
    write_step(path, 1, "ab")
    path.write_bytes(path.read_bytes() + b'{"step":2,"ro')
    write_step(path, 2, "cd")
    write_step(path, 3, "ef")
    path.write_bytes(path.read_bytes() + b'{"step":3,')
    assert [rows_of_step(job, step) for step in (1, 2, 3)] == [("a", "b"), ("c", "d"), ("e", "f")]
