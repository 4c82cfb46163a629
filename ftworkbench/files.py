"""Files that are written whole or not at all, and JSON in them."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""The numbers of an OSError that says that there is no room."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds a lock on the file, which is made where it is not there, while the block runs; others wait for it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def replace_file(path: Path, body: bytes) -> None:
    """Replaces `path` by a file with this content, on disk before it takes the name. Raises OSError.

    A reader sees the old content or the new one, whole.
    """
    temporary = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    try:
        with temporary.open("xb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_json(path: Path, value: Any) -> None:
    """Replaces `path` by `value` as JSON, in plain ASCII. Raises OSError; ValueError for NaN and infinities."""
    text = json.dumps(value, indent=1, ensure_ascii=True, allow_nan=False)
    replace_file(path, text.encode("ascii") + b"\n")


def read_json(path: Path) -> Any:
    """The value in `path`; None where there is no such file, or no JSON in it."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
