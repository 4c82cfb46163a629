"""What jobs write about rows, a line each: lengths in tokens by a session, losses by a training job."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

ROWS = "rows.jsonl"  # in the outputs of a session, and of a training job
ROWS_OF = "rows.json"  # what a session's were made of


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of such a file that can be read; none where there is no file."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return
    for line in lines:
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(found, dict) and isinstance(found.get("key"), str):
            yield found
