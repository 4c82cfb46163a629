"""Checkpoints that are whole or not there: staged, written through to the disk, hashed, renamed."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftworkbench.files import read_json, write_json

MANIFEST = "manifest.json"
STAGING = ".staging"
_NAME = re.compile(r"checkpoint-(\d+)")
_BLOCK = 1 << 20
# Holds the arguments of the run in a pickle, a token for the hub among them; nothing reads it.
_SECRET = "training_args.bin"


@dataclass(frozen=True)
class Checkpoint:
    """`sha256` is that of its manifest, which holds those of its files."""

    path: Path
    step: int
    sha256: str


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def sync(folder: Path) -> None:
    """Sees to it that every file in the folder, and the folder itself, is on the disk."""
    for path in [*sorted(folder.rglob("*")), folder]:
        sync_names(path)


def sync_names(path: Path) -> None:
    """Sees to it that a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def seal(staged: Path, final: Path, step: int) -> Checkpoint:
    """Makes a staged checkpoint good: its manifest last, all of it on the disk, then renamed to its place."""
    (staged / _SECRET).unlink(missing_ok=True)
    files = {str(path.relative_to(staged)): path for path in sorted(staged.rglob("*")) if path.is_file()}
    sync(staged)
    sums = {name: {"sha256": sha256_of(path), "size": path.stat().st_size} for name, path in files.items()}
    write_json(staged / MANIFEST, {"v": 1, "step": step, "files": sums})
    old = staged.with_name(f"{staged.name}.old")
    if final.exists():
        final.rename(old)
    staged.rename(final)
    sync_names(final.parent)
    shutil.rmtree(staged.parent, ignore_errors=True)
    return Checkpoint(final, step, sha256_of(final / MANIFEST))


def verify(path: Path) -> str | None:
    """What is wrong with a checkpoint; None where every file is as its manifest says."""
    manifest: Any = read_json(path / MANIFEST)
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        return "it has no manifest"
    for name, sums in manifest["files"].items():
        file = path / name
        if not file.is_file():
            return f"{name} is missing"
        if file.stat().st_size != sums["size"] or sha256_of(file) != sums["sha256"]:
            return f"{name} is not what was saved"
    return None


def checkpoints(folder: Path) -> list[tuple[int, Path]]:
    """The checkpoints in a folder by step, the oldest first, verified or not."""
    if not folder.is_dir():
        return []
    found = ((_NAME.fullmatch(path.name), path) for path in folder.iterdir())
    return sorted((int(match.group(1)), path) for match, path in found if match)


def newest(folder: Path, refuse: Callable[[str], None]) -> Checkpoint | None:
    """The newest checkpoint that verifies; None where there is none. Newer ones that do not are told, and removed."""
    shutil.rmtree(folder / STAGING, ignore_errors=True)
    for step, path in reversed(checkpoints(folder)):
        wrong = verify(path)
        if wrong is None:
            return Checkpoint(path, step, sha256_of(path / MANIFEST))
        refuse(f"{path.name} is damaged ({wrong}) and was not used")
        shutil.rmtree(path)
    return None


def rotate(folder: Path, keep: int, also: Path | None) -> None:
    """Removes all but the `keep` newest checkpoints, and `also`, the best one."""
    for _, path in checkpoints(folder)[:-keep]:
        if also is None or path.resolve() != also.resolve():
            shutil.rmtree(path)
