"""What jobs write about rows, a line each: lengths in tokens by a session, losses by a training job."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

ROWS = "rows.jsonl"  # in the outputs of a session, and of a training job
ROWS_OF = "rows.json"  # what a session's were made of


def edit_key(messages: Sequence[Mapping[str, Any]] | None) -> str:
    """What an edit of a row is known by: a hash of its messages; empty where the row is as it was read."""
    if messages is None:
        return ""
    text = json.dumps(list(messages), sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


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
