"""Tables as records: CSV and TSV read where they stand, Arrow by pages. A record is a mapping."""

from __future__ import annotations

import csv
import io
import os
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from math import inf
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, overload

from ftworkbench.data.rules import Refused
from ftworkbench.data.sources.records import BOM, Broken, ListRecords
from ftworkbench.data.sources.unpacking import Unpacking
from ftworkbench.errors import InputError
from ftworkbench.printable import one_line

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

_DELIMITERS = ",;\t|"
_HEAD = 1 << 16
_BATCH = 2000
_LONGEST_FIELD = 1 << 25
_PAGE = 512
_ARROW_FILE = b"ARROW1"
TableRow = Mapping[str, Any] | Broken


class CsvRecords:
    """The rows under the header of a CSV or TSV file; a quoted field may go over lines.

    Kept are 16 bytes a row: where it begins, and in which line. A packed file is unpacked whole first. Raises
    InputError where there is no header.
    """

    def __init__(self, path: Path, unpacking: Unpacking | None = None) -> None:
        csv.field_size_limit(_LONGEST_FIELD)
        self.cut = ""
        if unpacking:
            unpacking.unpack_some(inf)
            self.cut = unpacking.cut
        self._file = os.fdopen(os.dup(unpacking.descriptor), "rb") if unpacking else path.open("rb")
        self._file.seek(0)
        self._size = os.fstat(self._file.fileno()).st_size
        head = self._file.read(_HEAD).removeprefix(BOM)
        self._delimiter = "\t" if ".tsv" in path.name.lower() else _delimiter_of(head)
        self._file.seek(len(BOM) if os.pread(self._file.fileno(), len(BOM), 0) == BOM else 0)
        self._at, self._line = self._file.tell(), 0
        self._rows = csv.reader(self._lines(), delimiter=self._delimiter)
        self.columns = self._header(path)
        self._starts, self._numbers = array("q"), array("q")
        self._turn = Lock()
        self.complete = False
        self._index_batch(_PAGE)

    @property
    def known(self) -> int:
        """The rows whose ends are known too: of the last one only once it is the last."""
        return len(self._starts) if self.complete else max(len(self._starts) - 1, 0)

    def _lines(self) -> Iterator[str]:
        for line in self._file:
            self._at += len(line)
            self._line += 1
            yield line.decode("utf-8", "surrogateescape")

    def _header(self, path: Path) -> list[str]:
        try:
            names = [name.strip() for name in next(self._rows, [])]
        except csv.Error as error:
            raise InputError(f"{path}: its first line cannot be read as the names of columns: {error}") from None
        if (len(names) < 2 and names != ["text"]) or len(set(names)) < len(names) or not all(names):
            told = one_line(", ".join(names), 80) or "nothing"
            raise InputError(
                f"{path}: its first line has to name the columns, two or more, and each once; it has {told}"
            )
        return names

    def index_some(self, seconds: float) -> bool:
        """Looks for more rows for about so long; True when all are known."""
        until = monotonic() + seconds
        while not self.complete and monotonic() < until:
            with self._turn:
                if not self.complete:
                    self._index_batch(_BATCH)
        return self.complete

    def _index_batch(self, count: int) -> None:
        start, line = self._at, self._line
        try:
            for fields in islice(self._rows, count):
                if fields:
                    self._note(start, line)
                start, line = self._at, self._line
        except csv.Error:  # a stray carriage return; or a field past all measure, after a quote that nobody closed
            self._note(start, line)
            self._rows = csv.reader(self._lines(), delimiter=self._delimiter)
        self.complete = self._at >= self._size

    def _note(self, start: int, line: int) -> None:
        self._numbers.append(line + 1)
        self._starts.append(start)

    def grew(self) -> bool:
        return False

    def spans(self, size: int) -> None:
        return None

    def number(self, index: int) -> int:
        """The line in which the row begins, from 1, as an editor shows it."""
        return self._numbers[index]

    def numbers(self, first: int, count: int) -> NDArray[int64]:
        import numpy as np

        return np.array(self._numbers[first : first + count], dtype=np.int64)

    def index_of(self, number: int) -> int | None:
        index = bisect_left(self._numbers, number, hi=self.known)
        return index if index < self.known and self._numbers[index] == number else None

    def raw(self, index: int) -> bytes:
        """The row as it stands in the file, without its end."""
        start = self._starts[index]
        end = self._starts[index + 1] if index + 1 < len(self._starts) else self._at
        return os.pread(self._file.fileno(), end - start, start).rstrip(b"\r\n")

    def place(self, index: int) -> str:
        return f"line {self.number(index)}"

    def value(self, index: int) -> Mapping[str, Any] | Broken:
        """The row by its columns; Broken where it has other fields than the header, or is not UTF-8."""
        raw = self.raw(index)
        try:
            fields = next(csv.reader(io.StringIO(raw.decode("utf-8"), newline=""), delimiter=self._delimiter), [])
        except UnicodeDecodeError as broken:
            return Broken(raw, Refused("not-utf8", f"not valid UTF-8 at byte {broken.start + 1}"))
        except csv.Error as error:
            return Broken(raw, Refused("bad-fields", str(error)))
        if len(fields) != len(self.columns):
            told = f"{len(fields)} fields, where the header names {len(self.columns)}"
            return Broken(raw, Refused("bad-fields", told))
        return dict(zip(self.columns, fields, strict=True))

    def close(self) -> None:
        self._file.close()


def _delimiter_of(head: bytes) -> str:
    """The delimiter that the header has most of."""
    first = head.split(b"\n", 1)[0].decode("utf-8", "replace")
    return max(_DELIMITERS, key=first.count)


class PagedRows(Sequence[TableRow]):
    """The rows of a table that is read a page at a time: `read` gives so many rows from an index on.

    The rows of a page that `read` raises one of `damage` for are Broken.
    """

    def __init__(
        self, rows: int, read: Callable[[int, int], list[dict[str, Any]]], damage: tuple[type[BaseException], ...]
    ) -> None:
        self._rows = rows
        self._read = read
        self._damage = damage
        self._page = lru_cache(8)(self._read_page)

    def __len__(self) -> int:
        return self._rows

    @overload
    def __getitem__(self, index: int) -> TableRow: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[TableRow]: ...
    def __getitem__(self, index: int | slice) -> TableRow | Sequence[TableRow]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        page, place = divmod(index, _PAGE)
        return self._page(page)[place]

    def _read_page(self, page: int) -> list[TableRow]:
        start = page * _PAGE
        count = min(_PAGE, self._rows - start)
        return rows_or_broken(lambda: self._read(start, count), count, self._damage)[0]


def arrow_records(path: Path) -> ListRecords:
    """The rows of an Arrow file, as `datasets` saves them. Raises InputError where it cannot be read."""
    import pyarrow

    damage = (pyarrow.ArrowException, OSError, ValueError, MemoryError)
    try:
        mapped = pyarrow.memory_map(str(path))
        whole = mapped.read(len(_ARROW_FILE)) == _ARROW_FILE
        mapped.seek(0)
        opened = pyarrow.ipc.open_file(mapped) if whole else pyarrow.ipc.open_stream(mapped)
        table = opened.read_all()
        table.validate()
    except damage as error:
        raise InputError(f"{path}: not an Arrow file that can be read: {first_line(error)}") from None

    return ListRecords(PagedRows(table.num_rows, lambda start, count: sound_rows(table.slice(start, count)), damage))


def sound_rows(some: Any) -> list[dict[str, Any]]:
    """The rows of an Arrow table or batch. Raises what pyarrow does where they are damaged."""
    # Lengths inside a damaged file may point anywhere: read without this, they end the process.
    some.validate(full=True)
    return list(some.to_pylist(maps_as_pydicts="lossy"))


def first_line(error: BaseException) -> str:
    """What an error of a library says, short enough to be part of a line."""
    return (str(error).splitlines() or [type(error).__name__])[0][:160]


def rows_or_broken(
    read: Callable[[], Sequence[Mapping[str, Any]]], count: int, damage: tuple[type[BaseException], ...]
) -> tuple[list[TableRow], bool]:
    """`count` rows that `read` gives, and whether it could: the rows that it does not give are Broken.

    One of `damage`, raised by it, says why.
    """
    found: list[TableRow] = []
    reason, whole = "its file ends before it", True
    try:
        found += map(plain_row, read()[:count])
    except damage as error:
        reason, whole = f"its part of the file is damaged: {first_line(error)}", False
    return found + [Broken(b"", Refused("bad-file", reason))] * (count - len(found)), whole


def plain_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with values as JSON knows them."""
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    """A value as JSON knows it: dates, decimals and bytes as text."""
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
