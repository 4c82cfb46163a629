"""Where the records of a file of lines stand: a file of any size, packed, in UTF-16, or still being written."""

from __future__ import annotations

import os
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

from ftworkbench.data.sources.records import BOM, Span
from ftworkbench.data.sources.unpacking import Unpacking

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

_SLICE = 1 << 22
_FIRST_SLICE = 1 << 18
_READ = 1 << 14
_UNPACKED_AT_ONCE = 0.02
_NEWLINE = 10
_SPACE = 32


class LineRecords:
    """The lines of a file that are not blank.

    Only their offsets are kept, 8 bytes a line, found slice by slice as time allows, and where blank lines stand
    between them. The file is read by position, not mapped: a file that is written anew while it is open then
    reads short, and a mapped one would kill the process. A packed file's lines are found as it is unpacked.
    """

    def __init__(self, path: Path, unpacking: Unpacking | None = None) -> None:
        self._path = str(path.absolute())
        self._unpacking = unpacking
        if unpacking:
            unpacking.unpack_some(0)
        self._descriptor = os.dup(unpacking.descriptor) if unpacking else os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._size = os.fstat(self._descriptor).st_size
        self._starts = array("q")
        self._lines = 0  # all lines so far, blank ones too
        self._gap_at = array("q", [0])  # the records that blank lines stand before,
        self._gap_by = array("q", [0])  # and how many of those there are down to each
        self._at = len(BOM) if os.pread(self._descriptor, len(BOM), 0) == BOM else 0
        self._line = self._at
        self._turn = Lock()
        self._complete = self._at >= self._size and self._unpacked
        if not self.complete:
            self._index_few(_FIRST_SLICE)

    @property
    def known(self) -> int:
        return len(self._starts)

    @property
    def complete(self) -> bool:
        return self._complete

    @property
    def cut(self) -> str:
        """Why a packed file ended too early; empty where it did not."""
        return self._unpacking.cut if self._unpacking else ""

    @property
    def _unpacked(self) -> bool:
        return self._unpacking is None or self._unpacking.done

    def grew(self) -> bool:
        """Whether the file has grown since all of it was known; its new lines then wait to be indexed."""
        size = os.fstat(self._descriptor).st_size
        with self._turn:
            if not self._complete or size <= self._size:
                return False
            if self._starts and self._starts[-1] < self._line - 1 == self._size:
                self._reopen_last_line()
            self._size, self._complete = size, False
        return True

    def _reopen_last_line(self) -> None:
        """Forgets the last line, which had no end yet."""
        last = self.known - 1
        self._lines = self.number(last) - 1
        self._line = self._at = self._starts.pop()
        if len(self._gap_at) > 1 and self._gap_at[-1] == last:
            self._gap_at.pop()
            self._gap_by.pop()

    def index_some(self, seconds: float) -> bool:
        """Looks for more lines for about so long; True when all are known."""
        until = monotonic() + seconds
        while not self.complete:
            with self._turn:
                if self._unpacking and not self._unpacking.done:
                    self._unpacking.unpack_some(_UNPACKED_AT_ONCE)
                    self._size = os.fstat(self._descriptor).st_size
                if not self.complete:
                    self._index_slice(_SLICE)
            if monotonic() >= until:
                break
        return self.complete

    def _index_few(self, length: int) -> None:
        """`_index_slice` for the first lines, without numpy: that takes a tenth of a second to import."""
        part = os.pread(self._descriptor, length, self._at)
        base, end = self._at, self._at + len(part)
        ended = (not part or end >= self._size) and self._unpacked
        while (newline := part.find(b"\n", self._line - base)) >= 0:
            self._add_line(part[self._line - base : newline])
            self._line = base + newline + 1
        if ended and self._line < end:
            self._add_line(part[self._line - base :])
            self._line = end + 1
        self._at, self._complete = end, ended

    def _add_line(self, line: bytes) -> None:
        """Adds the next line, which begins at `_line`, where it is not blank."""
        self._lines += 1
        if line.strip():
            shift = self._lines - 1 - self.known
            if shift != self._gap_by[-1]:
                self._gap_at.append(self.known)
                self._gap_by.append(shift)
            self._starts.append(self._line)

    def _index_slice(self, length: int) -> None:
        """Adds the starts of the lines that end in the next `length` bytes of the file."""
        import numpy as np

        part = os.pread(self._descriptor, length, self._at)
        newlines = np.flatnonzero(np.frombuffer(part, dtype=np.uint8) == _NEWLINE) + self._at
        end = self._at + len(part)
        ended = (not part or end >= self._size) and self._unpacked
        if ended and (not len(newlines) or newlines[-1] != end - 1) and self._line < end:
            newlines = np.append(newlines, end)
        if len(newlines):
            starts = np.concatenate(([self._line], newlines[:-1] + 1))
            filled = self._filled(part, starts, newlines)
            self._note_gaps(filled)
            self._starts.frombytes(starts[filled].astype(np.int64).tobytes())
            self._line = int(newlines[-1]) + 1
        self._at = end
        self._complete = ended

    def _filled(self, part: bytes, starts: Any, ends: Any) -> Any:
        """Which of the lines are not blank."""
        import numpy as np

        lengths = ends - starts
        keep = lengths > 0
        inside = keep & (starts >= self._at)
        first = np.zeros(len(starts), dtype=np.uint8)
        first[inside] = np.frombuffer(part, dtype=np.uint8)[starts[inside] - self._at]
        for index in np.flatnonzero(keep & (first <= _SPACE)):
            start, length = int(starts[index]), int(lengths[index])
            keep[index] = bool(os.pread(self._descriptor, length, start).strip())
        return keep

    def _note_gaps(self, filled: Any) -> None:
        """Remembers the blank lines among the next ones, before their records are added."""
        import numpy as np

        numbers = self._lines + 1 + np.flatnonzero(filled)
        shifts = numbers - 1 - np.arange(self.known, self.known + len(numbers))
        before = np.concatenate(([self._gap_by[-1]], shifts[:-1])) if len(shifts) else shifts
        for place in np.flatnonzero(shifts != before):
            self._gap_at.append(self.known + int(place))
            self._gap_by.append(int(shifts[place]))
        self._lines += len(filled)

    def spans(self, size: int) -> list[Span] | None:
        """All known lines, in spans of about so many bytes."""
        path = f"/proc/{os.getpid()}/fd/{self._descriptor}" if self._unpacking else self._path
        found = []
        first = 0
        while first < self.known:
            start = self._starts[first]
            last = bisect_left(self._starts, start + size, lo=first + 1)
            stop = self._starts[last] if last < self.known else self._size
            found.append(Span(path, start, stop, first, last - first))
            first = last
        return found

    def number(self, index: int) -> int:
        """The number of the line in the file, from 1, as an editor shows it."""
        return index + 1 + self._gap_by[bisect_right(self._gap_at, index) - 1]

    def numbers(self, first: int, count: int) -> NDArray[int64]:
        import numpy as np

        indexes = np.arange(first, first + count)
        gaps = np.searchsorted(np.array(self._gap_at), indexes, side="right") - 1
        numbers: NDArray[int64] = indexes + 1 + np.array(self._gap_by)[gaps]
        return numbers

    def index_of(self, number: int) -> int | None:
        """The record that stands in that line; None for a blank line, and where there is none."""
        index = bisect_left(range(self.known), number, key=self.number)
        return index if index < self.known and self.number(index) == number else None

    def place(self, index: int) -> str:
        return f"line {self.number(index)}"

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

    def values(self, start: int, end: int) -> Iterator[bytes]:
        """The lines of these records, of which all are known, read many at a time."""
        index = start
        while index < end:
            at = self._starts[index]
            block = os.pread(self._descriptor, _SLICE, at)
            while index < end:
                here = self._starts[index] - at
                stop = block.find(b"\n", here)
                if stop < 0 or here >= len(block):
                    break
                yield block[here:stop].rstrip(b"\r")
                index += 1
            else:
                return
            # The next line goes on past the block, or ends with the file.
            yield self.raw(index)
            index += 1

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        if self._unpacking:
            self._unpacking.close()
