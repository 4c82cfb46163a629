"""Files of a workspace, written whole or refused in words."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ftworkbench.data.sources.folders import files_of
from ftworkbench.data.sources.hub import local_path
from ftworkbench.errors import InputError
from ftworkbench.files import replace_file

_BLOCK = 1 << 20


def write_whole(path: Path, body: bytes) -> None:
    """Replaces `path` by a file with this content, and makes its folder where there is none. Raises InputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, body)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex; of a folder, of its files of rows with their names; of a dataset
    of the hub, of its rows.

    Raises InputError where it cannot be read.
    """
    digest = hashlib.sha256()
    path = local_path(path)
    try:
        if path.is_dir():
            for file in files_of(path):
                digest.update(f"{sha256_of(file)}  {file.name}\n".encode())
            return digest.hexdigest()
        with path.open("rb") as opened:
            while block := opened.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    return digest.hexdigest()
