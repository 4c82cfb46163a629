"""What people remember of a job: a star and a note, in `marks.json` in its folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from ftworkbench.errors import InputError, JobError
from ftworkbench.files import locked, read_json, write_json
from ftworkbench.jobs.folder import Job

LONGEST_NOTE = 500  # characters: a line beside the job, not a page


@dataclass(frozen=True)
class Marks:
    """Whether the job is starred, and a line about it; both empty for most."""

    star: bool = False
    note: str = ""


def read_marks(job: Job) -> Marks:
    """The job's marks; none where there are none, or none that can be read."""
    found = read_json(job.marks)
    if not isinstance(found, dict):
        return Marks()
    note = found.get("note")
    return Marks(found.get("star") is True, note if isinstance(note, str) else "")


def change_marks(job: Job, *, star: bool | None = None, note: str | None = None) -> Marks:
    """Changes what is given and leaves the rest, whoever else changes that meanwhile; gives the marks as they are now.

    A note is a line: blanks at its ends go, and an empty one takes it away. Raises InputError for one that is longer
    than LONGEST_NOTE, JobError where it cannot be written.
    """
    note = None if note is None else " ".join(note.split())
    if note is not None and len(note) > LONGEST_NOTE:
        raise InputError(f"a note has at most {LONGEST_NOTE} characters, not {len(note)}")
    try:
        with locked(job.path / ".marks.lock"):
            marks = read_marks(job)
            marks = replace(marks, star=marks.star if star is None else star, note=marks.note if note is None else note)
            write_json(job.marks, {"v": 1, **asdict(marks)})
    except OSError as error:
        raise JobError(f"{job.short}: its marks cannot be written: {error.strerror or error}") from error
    return marks
