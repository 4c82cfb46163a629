"""Every row of a data file by the model's tokenizer: how long it is, what of it is learned, what is wrong."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

from ftworkbench.data.review.curate import Kept, curate
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.sources.source import open_source
from ftworkbench.files import write_json
from ftworkbench.jobs.rows import ROWS, ROWS_OF
from ftworkbench.worker.row_faults import Fault, stop_is_trained
from ftworkbench.worker.rows import judged_rows
from ftworkbench.worker.template import RenderError, Template
from ftworkbench.worker.tokens import Encoded
from ftworkbench.worker.work import Work

_TELL_EVERY = 0.2  # seconds


def write_row_tokens(work: Work, template: Template, file: str, settings: str) -> dict[str, Any]:
    """Writes `outputs/rows.jsonl`, a line for each row of the file as decided, copies too; gives `rows` and `path`.

    A line has the row's `key`, and `edit` where it was edited; how many `tokens` it has, how many are `trained` and
    `cut`, whether its `stop` is trained; the gravest `problem`, with the `reason`, where there is one. Raises
    StoppedError where the job is stopped meanwhile; InputError where the file cannot be read.
    """
    ledger = Ledger.open(work.workspace.ledger)
    with open_source(work.workspace.root / file, work.recipe.data) as source:
        kept = {one.row.key: one for one in curate(source.rows(), ledger, copies=True).kept}
    edits = {key: ledger.state(key).edit_key for key in kept}
    work.job.outputs.mkdir(exist_ok=True)
    path = work.job.outputs / ROWS
    _write_whole(path, _lines(work, template, list(kept.values()), edits))
    write_json(work.job.outputs / ROWS_OF, {"v": 1, "settings": settings, "file": file, "rows": len(kept)})
    return {"rows": len(kept), "path": str(path.relative_to(work.job.path))}


def _lines(work: Work, template: Template, kept: list[Kept], edits: Mapping[str, str]) -> Iterable[bytes]:
    told = 0.0
    judged = judged_rows(work.recipe, template, [one.example for one in kept])
    for done, (one, (_, found, faults)) in enumerate(zip(kept, judged, strict=True)):
        now = time.monotonic()
        if now - told >= _TELL_EVERY:
            told = now
            work.leave_if_stopped()
            work.progress("tokens", done, len(kept), "rows")
        key = one.row.key
        edit = {"edit": edits[key]} if edits[key] else {}
        yield orjson.dumps({"key": key, **edit, **_counts(found, template), **_problem(faults)}) + b"\n"
    work.progress("tokens", len(kept), len(kept), "rows")


def _counts(found: Encoded | RenderError, template: Template) -> dict[str, Any]:
    if isinstance(found, RenderError):
        return {"tokens": 0, "trained": 0, "cut": 0, "stop": False}
    return {
        "tokens": len(found.input_ids) + len(found.cut),
        "trained": found.trained,
        "cut": len(found.cut),
        "stop": stop_is_trained(found, template),
    }


def _problem(faults: list[Fault]) -> dict[str, str]:
    return {"problem": faults[0][0], "reason": faults[0][1]} if faults else {}


def _write_whole(path: Path, lines: Iterable[bytes]) -> None:
    """Writes lines as they come, under another name until the last is there."""
    temporary = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    try:
        with temporary.open("xb") as file:
            file.writelines(lines)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
