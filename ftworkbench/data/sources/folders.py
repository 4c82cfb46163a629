"""A folder of files as one file of records, the files in the order of their names."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

from ftworkbench.data.rules import Refused
from ftworkbench.data.sources.records import Broken, ListRecords, Records, Span, in_order
from ftworkbench.errors import InputError

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

SUFFIXES = (".jsonl", ".ndjson", ".json", ".txt", ".csv", ".tsv", ".parquet", ".arrow", ".gz", ".zst")
# What `datasets` puts beside the rows that it saves.
_NO_ROWS = {"dataset_info.json", "state.json", "dataset_dict.json"}
_DIGITS = re.compile(r"(\d+)")


def files_of(folder: Path) -> list[Path]:
    """The files of rows in a folder, `part-2` before `part-10`. Raises InputError where there are none."""
    if (folder / "dataset_dict.json").is_file():
        splits = ", ".join(sorted(path.name for path in folder.iterdir() if path.is_dir()))
        raise InputError(f"{folder}: a dataset of several splits; name the folder of one: {splits}")
    found = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and path.name not in _NO_ROWS and not path.name.startswith(".")
    ]
    if not found:
        raise InputError(f"{folder}: a folder without files of rows ({', '.join(SUFFIXES)})")
    return sorted((path for path in found if path.is_file()), key=_by_number)


def _by_number(path: Path) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in _DIGITS.split(path.name)]


class FolderRecords:
    """The records of several files, numbered through from 1. A file is opened when those before it are indexed.

    A file that cannot be read is one broken record, which says why.
    """

    def __init__(self, files: list[Path], opened: Callable[[Path], Records]) -> None:
        self._files = files
        self._open = opened
        self._parts: list[tuple[int, Records]] = []  # each with the place of its first record
        self._turn = Lock()
        self._open_next()

    def _open_next(self) -> None:
        path = self._files[len(self._parts)]
        try:
            part = self._open(path)
        except (InputError, OSError) as error:
            part = ListRecords([Broken(b"", Refused("bad-file", str(error)))])
        self._parts.append((self.known, part))

    @property
    def known(self) -> int:
        if not self._parts:
            return 0
        start, last = self._parts[-1]
        return start + last.known

    @property
    def complete(self) -> bool:
        return len(self._parts) == len(self._files) and self._parts[-1][1].complete

    @property
    def cut(self) -> str:
        """Why files ended too early, where they did."""
        return "; ".join(part.cut for _, part in self._parts if part.cut)

    def grew(self) -> bool:
        return self.complete and self._parts[-1][1].grew()

    def index_some(self, seconds: float) -> bool:
        """Looks for more records for about so long; True when all are known."""
        until = monotonic() + seconds
        while not self.complete:
            with self._turn:
                if self._parts[-1][1].index_some(max(0.0, until - monotonic())) and not self.complete:
                    self._open_next()
            if monotonic() >= until:
                break
        return self.complete

    def _at(self, index: int) -> tuple[int, Records, int]:
        """The part that a record is in, and its place there."""
        number = bisect_right(self._parts, index, key=itemgetter(0)) - 1
        start, part = self._parts[number]
        return number, part, index - start

    def spans(self, size: int) -> list[Span] | None:
        """Those of all files; None where one of them is no file of lines."""
        found: list[Span] = []
        for start, part in self._parts:
            some = part.spans(size)
            if some is None:
                return None
            found += [replace(span, first=start + span.first) for span in some]
        return found

    def number(self, index: int) -> int:
        """The place among all records of the folder, from 1."""
        return index + 1

    def numbers(self, first: int, count: int) -> NDArray[int64]:
        return in_order(first, count)

    def index_of(self, number: int) -> int | None:
        return number - 1 if 1 <= number <= self.known else None

    def place(self, index: int) -> str:
        """The file, and where in it."""
        number, part, inner = self._at(index)
        return f"{self._files[number].name}, {part.place(inner)}"

    def raw(self, index: int) -> bytes:
        _, part, inner = self._at(index)
        return part.raw(inner)

    def value(self, index: int) -> Any:
        _, part, inner = self._at(index)
        return part.value(inner)

    def close(self) -> None:
        for _, part in self._parts:
            part.close()
