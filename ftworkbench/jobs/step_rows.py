"""Which rows a training job took at each step: `outputs/steps.jsonl`, a line for each, `{"step": 3, "rows": [KEY, …]}`.

A step that was done twice, before and after a resume, has two lines; the later one counts.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import orjson

from ftworkbench.jobs.folder import Job

STEPS = "steps.jsonl"


def steps_file(job: Job) -> Path:
    """Where the job writes them."""
    return job.outputs / STEPS


def write_step(path: Path, step: int, rows: Collection[str]) -> None:
    """Adds a step, and the keys of its rows."""
    with path.open("ab") as file:
        file.write(orjson.dumps({"step": step, "rows": list(rows)}) + b"\n")


def rows_of_step(job: Job, step: int) -> tuple[str, ...]:
    """The keys of the rows that the job took at this step, in their order; none where that is not known."""
    found: tuple[str, ...] = ()
    begins = b'{"step":%d,' % step
    try:
        with steps_file(job).open("rb") as file:
            for line in file:
                if line.startswith(begins) and line.endswith(b"\n"):
                    found = tuple(map(str, orjson.loads(line)["rows"]))
    except (OSError, orjson.JSONDecodeError):
        return found
    return found
