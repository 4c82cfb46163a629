"""Datasets of the Hugging Face hub by name: read once by a process of their own, then rows in the user's cache."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from time import monotonic, time
from typing import Any

from ftworkbench.errors import InputError
from ftworkbench.files import read_json, write_json
from ftworkbench.paths import cache_dir
from ftworkbench.printable import one_line
from ftworkbench.recipe.own_tables import HUB

SYNTAX = "hf:ORG/NAME, with /CONFIG, @REVISION and :SPLIT where they matter"
READER = "ftworkbench.worker.hub"
ROWS, ABOUT, ERROR = "rows.jsonl", "dataset.json", "error.txt"
_NAME = re.compile(
    r"(?P<repo>[\w.-]+(?:/[\w.-]+)?)(?:/(?P<config>[^/@:]+))?(?:@(?P<revision>[^:@]+))?(?::(?P<split>[\w.-]+))?"
)
_FIRST_HELD_OUT = {"validation": ("validation", "valid", "val", "dev"), "test": ("test",)}
_LOOK = 0.1
_TELL_EVERY = 2.0
_LOG_END = 4096
_LEFT_AFTER = 86_400.0

Listener = Callable[[str], None]
_listeners: list[Listener] = []
_turn = Lock()


@dataclass(frozen=True)
class HubDataset:
    """A split of a dataset of the hub. What is None is the dataset's own: its only configuration, main, train."""

    repo: str
    config: str | None = None
    revision: str | None = None
    split: str | None = None

    def __str__(self) -> str:
        config = f"/{self.config}" if self.config else ""
        revision = f"@{self.revision}" if self.revision else ""
        return f"{HUB}{self.repo}{config}{revision}{f':{self.split}' if self.split else ''}"


@dataclass(frozen=True)
class Fetched:
    """A split that lies in the cache. `dataset` names its commit and split; `splits` are all that the dataset has.

    `left_out` are columns that hold no text: images, sound.
    """

    dataset: HubDataset
    rows: Path
    splits: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    def beside(self, part: str) -> HubDataset | None:
        """The dataset's own validation or test split, where it has one beside this."""
        for name in _FIRST_HELD_OUT[part]:
            if name in self.splits and name != self.dataset.split:
                return replace(self.dataset, split=name)
        return None


def named_dataset(path: Path) -> HubDataset | None:
    """The dataset that a path names (`hf:ORG/NAME:SPLIT`, perhaps after a folder); None for files and folders.

    Raises InputError where it begins so and goes on otherwise.
    """
    at = next((at for at, part in enumerate(path.parts) if part.startswith(HUB)), None)
    if at is None or path.exists():
        return None
    text = "/".join(path.parts[at:])
    found = _NAME.fullmatch(text.removeprefix(HUB))
    if found is None:
        raise InputError(f"{one_line(text, 120)}: not the name of a dataset; write {SYNTAX}")
    return HubDataset(**found.groupdict())


def local_path(path: Path) -> Path:
    """The path itself; for a dataset of the hub the file of its rows in the cache, fetched where it is not there yet.

    Raises InputError where it cannot be had.
    """
    dataset = named_dataset(path)
    return path if dataset is None else fetch(dataset).rows


def listen(listener: Listener) -> None:
    """From now on the listener is told, now and then, how far a dataset is that is being fetched."""
    if listener not in _listeners:
        _listeners.append(listener)


def fetch(dataset: HubDataset) -> Fetched:
    """The split as it lies in the cache, fetched by a process of its own where it is not there yet.

    A name without a revision stays at the commit that it was first read at. Raises InputError where there is no
    such dataset, configuration, revision or split, it is not for this user, or there is no way to the hub.
    """
    with _turn:
        return _cached(dataset) or _read_by_child(dataset)


def _folder(dataset: HubDataset) -> Path:
    """Where a split lies: its name, readable, and enough of a hash that no other one has it."""
    parts = [dataset.repo, dataset.config, dataset.split, (dataset.revision or "")[:12]]
    readable = "--".join(re.sub(r"[^\w.-]+", "--", part) for part in parts if part)
    return cache_dir() / "datasets" / f"{readable}--{hashlib.sha256(str(dataset).encode()).hexdigest()[:8]}"


def _cached(dataset: HubDataset) -> Fetched | None:
    folder = _folder(dataset)
    about = read_json(folder / ABOUT)
    if not isinstance(about, dict):
        return None
    if "is" in about:
        pinned = HubDataset(**about["is"])
        return _cached(pinned) if pinned != dataset else None
    rows = folder / ROWS
    return Fetched(dataset, rows, tuple(about["splits"]), tuple(about["left_out"])) if rows.is_file() else None


def _read_by_child(dataset: HubDataset) -> Fetched:
    """Has the split read into a new folder, which takes its name in the cache when all of it is there."""
    folder = _folder(dataset)
    made = folder.with_name(f".{folder.name}.{os.urandom(6).hex()}")
    try:
        made.mkdir(parents=True)
        _sweep(folder.parent)
        _run(dataset, made)
        about = read_json(made / ABOUT)
        if not isinstance(about, dict):
            raise InputError(f"{dataset}: {_why(made)}")
        pinned = replace(dataset, revision=about["revision"], split=about["split"])
        _put(made, _folder(pinned))
        if pinned != dataset:
            folder.mkdir(exist_ok=True)
            write_json(folder / ABOUT, {"is": vars(pinned)})
    except OSError as error:
        raise InputError(f"{dataset}: cannot be kept in {cache_dir()}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(made, ignore_errors=True)
    found = _cached(pinned)
    if found is None:
        raise InputError(f"{dataset}: {_folder(pinned)} is damaged; remove it, and try again")
    return found


def _sweep(cache: Path) -> None:
    """Removes what processes left that were killed while they read."""
    for left in cache.glob(".*"):
        if left.stat().st_mtime < time() - _LEFT_AFTER:
            shutil.rmtree(left, ignore_errors=True)


def _put(made: Path, folder: Path) -> None:
    """Gives the folder its name; where another process was quicker its folder stays."""
    (made / "log").unlink(missing_ok=True)
    try:
        made.rename(folder)
    except OSError:
        if not (folder / ROWS).is_file():
            raise


def _run(dataset: HubDataset, folder: Path) -> None:
    """Runs the reader until it ends, its output in a file; tells the listeners the last line of it now and then."""
    import signal
    import subprocess

    asked = [f"--{name}={value}" for name, value in vars(dataset).items() if value]
    told = monotonic()
    _tell(f"{dataset}: asking the hub")
    with (folder / "log").open("wb") as log:
        # In the empty folder, so that no file where the user is can pass for the dataset or for a library.
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", READER, *asked],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            start_new_session=True,
        )
    try:
        while process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK)
            if monotonic() - told >= _TELL_EVERY:
                told = monotonic()
                _tell(f"{dataset}: {_last_line(folder)}")
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _tell(text: str) -> None:
    for listener in _listeners:
        listener(text)


def _why(folder: Path) -> str:
    """What the reader says went wrong, or the last that it said at all."""
    try:
        return one_line((folder / ERROR).read_text(encoding="utf-8"), 400)
    except OSError:
        return f"reading it failed: {_last_line(folder)}"


def _last_line(folder: Path) -> str:
    """The last line of the log; a bar that is drawn over itself counts as it stands now."""
    with (folder / "log").open("rb") as log:
        log.seek(max(log.seek(0, os.SEEK_END) - _LOG_END, 0))
        said: Any = [line for line in re.split(rb"[\r\n]+", log.read()) if line.strip()]
    return one_line(said[-1].decode("utf-8", "replace").strip(), 160) if said else "reading"
