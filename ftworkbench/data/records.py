"""Where the records of a file stand: lines of a file of any size, or a list loaded whole."""

from __future__ import annotations

import os
from array import array
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any, Protocol

from ftworkbench.data.example import dump_json

_SLICE = 1 << 22
_FIRST_SLICE = 1 << 18
_READ = 1 << 14
_NEWLINE = 10
_SPACE = 32
BOM = b"\xef\xbb\xbf"


class Records(Protocol):
    """The records of a file, by 0-based index; those before `known` can be had at once."""

    @property
    def known(self) -> int: ...
    @property
    def complete(self) -> bool: ...

    def index_some(self, seconds: float) -> bool: ...
    def raw(self, index: int) -> bytes: ...
    def value(self, index: int) -> Any: ...
    def close(self) -> None: ...


class LineRecords:
    """The lines of a file that are not blank.

    Only their offsets are kept, 8 bytes a line, found slice by slice as time allows. The file is read by
    position, not mapped: a file that is written anew while it is open then reads short, and a mapped one
    would kill the process.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._size = os.fstat(self._descriptor).st_size
        self._starts = array("q")
        self._at = len(BOM) if os.pread(self._descriptor, len(BOM), 0) == BOM else 0
        self._line = self._at
        self._turn = Lock()
        self._complete = self._at >= self._size
        if not self.complete:
            self._index_slice(_FIRST_SLICE)

    @property
    def known(self) -> int:
        return len(self._starts)

    @property
    def complete(self) -> bool:
        return self._complete

    def index_some(self, seconds: float) -> bool:
        """Looks for more lines for about so long; True when all are known."""
        until = monotonic() + seconds
        while not self.complete:
            with self._turn:
                if not self.complete:
                    self._index_slice(_SLICE)
            if monotonic() >= until:
                break
        return self.complete

    def _index_slice(self, length: int) -> None:
        """Adds the starts of the lines that end in the next `length` bytes of the file."""
        import numpy as np

        part = os.pread(self._descriptor, length, self._at)
        newlines = np.flatnonzero(np.frombuffer(part, dtype=np.uint8) == _NEWLINE) + self._at
        end = self._at + len(part)
        ended = not part or end >= self._size
        if ended and (not len(newlines) or newlines[-1] != end - 1) and self._line < end:
            newlines = np.append(newlines, end)
        if len(newlines):
            starts = np.concatenate(([self._line], newlines[:-1] + 1))
            self._starts.frombytes(self._filled(part, starts, newlines).astype(np.int64).tobytes())
            self._line = int(newlines[-1]) + 1
        self._at = end
        self._complete = ended

    def _filled(self, part: bytes, starts: Any, ends: Any) -> Any:
        """The starts of those lines that are not blank."""
        import numpy as np

        lengths = ends - starts
        keep = lengths > 0
        inside = keep & (starts >= self._at)
        first = np.zeros(len(starts), dtype=np.uint8)
        first[inside] = np.frombuffer(part, dtype=np.uint8)[starts[inside] - self._at]
        for index in np.flatnonzero(keep & (first <= _SPACE)):
            start, length = int(starts[index]), int(lengths[index])
            keep[index] = bool(os.pread(self._descriptor, length, start).strip())
        return starts[keep]

    def raw(self, index: int) -> bytes:
        """The line, without its end."""
        start = self._starts[index]
        pieces: list[bytes] = []
        length = _READ
        while piece := os.pread(self._descriptor, length, start):
            end = piece.find(b"\n")
            if end >= 0:
                pieces.append(piece[:end])
                break
            pieces.append(piece)
            start += len(piece)
            length = min(length * 4, _SLICE)
        return b"".join(pieces).rstrip(b"\r")

    def value(self, index: int) -> bytes:
        return self.raw(index)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class ListRecords:
    """Records that were loaded whole."""

    complete = True

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values
        self.known = len(values)

    def index_some(self, seconds: float) -> bool:
        return True

    def raw(self, index: int) -> bytes:
        """The record as JSON."""
        return dump_json(self._values[index])

    def value(self, index: int) -> Any:
        return self._values[index]

    def close(self) -> None:
        self._values = ()
