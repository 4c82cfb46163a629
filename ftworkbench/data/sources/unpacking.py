"""Files that have to be unpacked or turned into UTF-8 before their lines can be found: gzip, Zstandard, UTF-16."""

from __future__ import annotations

import codecs
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Protocol

from ftworkbench.errors import InputError

_PIECE = 1 << 20
# A piece of a packed file: what is damaged takes no more with it than came of one.
_PACKED_PIECE = 1 << 16
_GZIP_HEADER = 31  # the window bits that tell zlib of a gzip header
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Unpacking:
    """The lines of a packed file on their way into a file without a name, as far as they were asked for.

    That file lies where temporary files do, and is gone when it is closed. `done`: all of it is there. `cut`: why
    the packed file ended too early; what came before that is kept.
    """

    def __init__(self, path: Path, pieces: Iterator[bytes]) -> None:
        self._path = path
        self._pieces = pieces
        self._file = tempfile.TemporaryFile(prefix="ftworkbench-", buffering=0)  # noqa: SIM115  (closed by `close`)
        self.descriptor = self._file.fileno()
        self.done = False
        self.cut = ""

    def unpack_some(self, seconds: float) -> None:
        """Goes on for about so long. Raises InputError where there is no room for it, or nothing that can be read."""
        until = monotonic() + seconds
        while not self.done:
            try:
                piece = next(self._pieces, None)
                if piece is None:
                    self.done = True
                else:
                    self._file.write(piece)
            except (EOFError, zlib.error, OSError) as error:
                if isinstance(error, OSError) and error.errno:
                    raise InputError(
                        f"{self._path}: cannot be unpacked in {tempfile.gettempdir()}: {os.strerror(error.errno)}; "
                        "set TMPDIR to a folder with more room"
                    ) from None
                self.done, self.cut = True, f"{self._path.name} is damaged or cut off: the rows before that are read"
            if monotonic() >= until:
                return

    def close(self) -> None:
        self._file.close()


def unpacking(path: Path, head: bytes) -> Unpacking | None:
    """How to unpack a file that begins so; None where its lines stand in it as they are. Raises OSError."""
    opened = _opener(head)
    return Unpacking(path, _as_utf8(opened(path))) if opened else None


def _opener(head: bytes) -> Callable[[Path], Iterator[bytes]] | None:
    if head.startswith(_GZIP):
        return _gzip
    if head.startswith(_ZSTD):
        return _zstandard
    return _plain if head[:2] in _UTF16 else None


def _read(file: _Readable, size: int = _PIECE) -> Iterator[bytes]:
    while piece := file.read(size):
        yield piece


def _plain(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from _read(file)


def _gzip(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        inside = zlib.decompressobj(wbits=_GZIP_HEADER)
        for piece in _read(file, _PACKED_PIECE):
            rest = piece
            while rest:
                if inside.eof:  # another one follows, or nothing but zeros
                    rest = rest.lstrip(b"\0")
                    inside = zlib.decompressobj(wbits=_GZIP_HEADER) if rest else inside
                    continue
                yield inside.decompress(rest)
                rest = inside.unused_data
        if not inside.eof:
            raise EOFError


def _zstandard(path: Path) -> Iterator[bytes]:
    import pyarrow

    with pyarrow.OSFile(str(path)) as packed, pyarrow.CompressedInputStream(packed, "zstd") as file:
        yield from _read(file, _PACKED_PIECE)


def _as_utf8(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces as they are, or from UTF-16, which its byte order mark tells, as UTF-8."""
    first = b""
    while len(first) < 2 and (piece := next(pieces, None)) is not None:
        first += piece
    coding = _UTF16.get(first[:2])
    if coding is None:
        yield first
        yield from pieces
        return
    decoder = codecs.getincrementaldecoder(coding)("replace")
    yield decoder.decode(first[2:]).encode("utf-8", "replace")
    for piece in pieces:
        yield decoder.decode(piece).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")
