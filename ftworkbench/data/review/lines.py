"""A file of lines that several processes append to, each line whole and on disk, and follow."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class AppendedLines:
    """Appends lines to a file, and reads the new ones. `is_whole` tells a whole last line from a cut one."""

    def __init__(self, path: Path, is_whole: Callable[[bytes], bool]) -> None:
        self.path = path
        self._is_whole = is_whole
        self._descriptor = -1
        self._offset = 0
        self._inode = 0

    def read_new(self) -> tuple[list[bytes], bool]:
        """The lines since the last call, and whether the file is another one and all of it was read again.

        A last line without an end waits, unless it is whole. Raises OSError.
        """
        try:
            status = self.path.stat()
        except FileNotFoundError:
            anew, self._offset, self._inode = self._inode != 0, 0, 0
            return [], anew
        if status.st_ino == self._inode and status.st_size == self._offset:
            return [], False
        anew = status.st_ino != self._inode or status.st_size < self._offset
        if anew:
            self._offset, self._inode = 0, status.st_ino
        with self.path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        end = data.rfind(b"\n") + 1
        if end < len(data) and self._is_whole(data[end:]):
            end = len(data)
        self._offset += end
        return [line for line in data[:end].split(b"\n") if line.strip()], anew

    def append(self, lines: Sequence[bytes]) -> None:
        """Writes the lines and their ends with one write, and has them on disk. Raises OSError and leaves nothing."""
        text = b"".join(line + b"\n" for line in lines)
        with self._locked() as descriptor:
            self._mend(descriptor)
            size = os.fstat(descriptor).st_size
            try:
                if os.write(descriptor, text) < len(text):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, size)
                raise

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    @contextmanager
    def _locked(self) -> Iterator[int]:
        self._reopen()
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            yield self._descriptor
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _reopen(self) -> None:
        """Opens the file, again where another one has taken its name (git does that)."""
        there = self.path.stat().st_ino if self.path.exists() else 0
        if self._descriptor >= 0 and os.fstat(self._descriptor).st_ino == there:
            return
        self.close()
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(self.path, flags, 0o644)
        if not there:
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _mend(self, descriptor: int) -> None:
        """Ends a last line that a crash cut off: with a newline where it is whole, else away with it."""
        size = os.fstat(descriptor).st_size
        if not size or os.pread(descriptor, 1, size - 1) == b"\n":
            return
        data = os.pread(descriptor, size, 0)
        end = data.rfind(b"\n") + 1
        if self._is_whole(data[end:]):
            os.write(descriptor, b"\n")
        else:
            os.ftruncate(descriptor, end)
