"""Which rows a training job took at each step: `outputs/steps.jsonl`, a line for each, `{"step": 3, "rows": [KEY, …]}`.

A step that was done twice, before and after a resume, has two lines; the later one counts.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import orjson

from ftworkbench.jobs.folder import Job

STEPS = "steps.jsonl"


def steps_file(job: Job) -> Path:
    """Where the job writes them."""
    return job.outputs / STEPS


def write_step(path: Path, step: int, rows: Collection[str]) -> None:
    """Adds a step, and the keys of its rows, in a line of its own whatever a full disk left of the one before."""
    with path.open("a+b") as file:
        end = file.seek(0, os.SEEK_END)
        cut = end > 0 and os.pread(file.fileno(), 1, end - 1) != b"\n"
        file.write((b"\n" if cut else b"") + orjson.dumps({"step": step, "rows": list(rows)}) + b"\n")


def rows_of_step(job: Job, step: int) -> tuple[str, ...]:
    """The keys of the rows that the job took at this step, in their order; none where that is not known."""
    begins = b'{"step":%d,' % step
    try:
        with steps_file(job).open("rb") as file:
            lines = [line for line in file if line.startswith(begins)]
    except OSError:
        return ()
    for line in reversed(lines):
        with suppress(orjson.JSONDecodeError):  # cut off by a full disk, or by the end of its worker
            return tuple(map(str, orjson.loads(line)["rows"]))
    return ()
