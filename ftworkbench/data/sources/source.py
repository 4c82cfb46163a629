"""A file of rows, open for reading: the first rows at once, any row by its number."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import orjson

from ftworkbench.data.example import Example, dump_json, key_of
from ftworkbench.data.formats.fields import odd_field
from ftworkbench.data.formats.format import Format, by_lines, read_example, recognise, told
from ftworkbench.data.parsing import parse_record
from ftworkbench.data.problems import Problem
from ftworkbench.data.rules import Refused, warning
from ftworkbench.data.sources.folders import FolderRecords, files_of
from ftworkbench.data.sources.hub import local_path
from ftworkbench.data.sources.lines import LineRecords
from ftworkbench.data.sources.parquet import parquet_records
from ftworkbench.data.sources.records import BOM, Broken, ListRecords, Records, Span
from ftworkbench.data.sources.tables import CsvRecords, arrow_records
from ftworkbench.data.sources.unpacking import unpacking
from ftworkbench.errors import InputError

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

    from ftworkbench.recipe.tables import Data

_LOOKED_AT = 50
_HEAD = 4096
_KEPT_ROWS = 256
_LARGE_ROW = 1 << 20
_SHOWN = 4000
_NOT_ROWS = {
    b"PK\x03\x04": "a zip archive; unpack it first",
    b"SQLite format 3": "an SQLite database; write the rows as JSONL first",
}
_TABLES = {".csv", ".tsv"}
_TEXT_CONTROLS = b"\t\n\r\f"


@dataclass(frozen=True)
class Row:
    """A record of a file. `number` is its line in a file of lines, its place in a JSON array, from 1.

    `key` is what decisions about it are kept by.

    Without an `example` the row is refused, and `problem` says why; with one, `problem` is a warning.
    `raw` is there for refused rows only, and `draft` for those of them whose messages could be read: what an
    edit starts from.
    """

    number: int
    key: str
    example: Example | None = None
    problem: Problem | None = None
    raw: bytes = b""
    draft: Example | None = None

    @property
    def refused(self) -> bool:
        return self.example is None

    @property
    def text(self) -> str:
        """All that the row says; for a refused row the record as it stands, cut where it is long."""
        return self.example.text if self.example else self.raw[:_SHOWN].decode("utf-8", "replace")

    @property
    def title(self) -> str:
        """What is asked, or the record as it stands, for a list of rows."""
        return (self.example.prompt_text or self.example.text) if self.example else self.text


class Source:
    """The rows of a file. Indexes are 0-based; a row says its 1-based number itself."""

    def __init__(self, path: Path, size: int, form: Format, records: Records) -> None:
        self.path = path
        self.size = size
        self.format = form
        self._records = records
        self._small_rows = lru_cache(_KEPT_ROWS)(self._read_row)
        self._large_rows = lru_cache(2)(self._read_row)
        self._large: set[int] = set()

    @property
    def known(self) -> int:
        """The rows indexed so far: `row(i)` answers for every i below it."""
        return self._records.known

    @property
    def complete(self) -> bool:
        return self._records.complete

    @property
    def cut(self) -> str:
        """Why the file ended too early, where it did: a packed file that is damaged."""
        return self._records.cut

    def grew(self) -> bool:
        """Whether the file has grown since all of it was indexed; `complete` is then False until it is again."""
        if not self._records.grew():
            return False
        self._small_rows.cache_clear()
        self._large_rows.cache_clear()
        return True

    def index_some(self, seconds: float) -> bool:
        """Indexes for about so long; True when the whole file is indexed. May run in another thread."""
        return self._records.index_some(seconds)

    def index_of(self, number: int) -> int | None:
        """The index of the row with that number; None where there is none among those that are known."""
        return self._records.index_of(number)

    def spans(self, size: int) -> list[Span] | None:
        """All known rows as spans of about so many bytes of their files; None where they are no lines of files."""
        return self._records.spans(size)

    def number(self, index: int) -> int:
        """The number of the row."""
        return self._records.number(index)

    def numbers(self, first: int, count: int) -> NDArray[int64]:
        """The numbers of so many rows from an index on."""
        return self._records.numbers(first, count)

    def values(self, index: int = 0) -> Iterator[Any]:
        """All records from an index on, as `read_row` takes them."""
        while True:
            for record in self._known_from(index):
                yield record
                index += 1
            if self.complete and index >= self.known:
                return
            self.index_some(0.05)

    def place(self, index: int) -> str:
        """Where the row stands, in words: its line, and in a folder its file."""
        return self._records.place(index)

    def raw(self, index: int) -> bytes:
        """The record as it stands in the file; an item of a JSON array, as JSON."""
        return self._records.raw(index)

    def row(self, index: int) -> Row:
        """The row; a bad one says what is wrong with it and never raises."""
        if index in self._large:
            return self._large_rows(index)
        return self._small_rows(index)

    def rows(self) -> Iterator[Row]:
        """All rows in order."""
        for index, record in enumerate(self.values()):
            yield read_row(self._records.number(index), record, self.format)

    def _known_from(self, index: int) -> Iterator[Any]:
        """The records that are known, from this one on; lines many at a time."""
        records, known = self._records, self.known
        if isinstance(records, LineRecords):
            return records.values(index, known)
        return map(records.value, range(index, known))

    def close(self) -> None:
        self._small_rows.cache_clear()
        self._large_rows.cache_clear()
        self._records.close()

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read_row(self, index: int) -> Row:
        record = self._records.value(index)
        if isinstance(record, bytes) and len(record) > _LARGE_ROW:
            self._large.add(index)
        return read_row(self._records.number(index), record, self.format)


def read_row(number: int, record: Any, form: Format) -> Row:
    """The row that a record is: bytes of a line, or a value that was parsed already. Never raises."""
    if isinstance(record, Broken):
        broken = Problem(record.refused.kind, number, record.refused.reason)
        return Row(number, _key_of_refused(record.raw), None, broken, record.raw)
    try:
        example = read_example(record, form)
        found = warning(example.messages) or odd_field(example)
        problem = Problem(found[0], number, found[1]) if found else None
        return Row(number, example.key, example, problem)
    except Refused as refused:
        problem = Problem(refused.kind, number, refused.reason)
        draft = refused.draft
    except RecursionError:
        draft = None
        problem = Problem("not-json", number, "nested too deeply to be read")
    raw = record if isinstance(record, bytes) else dump_json(record)
    return Row(number, _key_of_refused(raw), None, problem, raw, draft)


def _key_of_refused(raw: bytes) -> str:
    """A refused row's key: of its JSON value where it is JSON, so that decisions survive a re-export."""
    try:
        return key_of(["refused", parse_record(raw)])
    except (Refused, RecursionError):
        return key_of(["refused", raw.strip().decode("utf-8", "backslashreplace")])


def open_source(path: Path, data: Data | None = None) -> Source:
    """Opens a file of rows: JSONL, a JSON array, lines of text, CSV, TSV, Parquet or Arrow.

    A folder of such files is read as one; a dataset of the hub, `hf:ORG/NAME`, is fetched once. Lines may be packed
    (gzip, Zstandard) or UTF-16. The format is what `data` tells, else what the first records look like. Raises
    InputError where there is no such file, or it is none of these.
    """
    local = first_file = local_path(path)
    try:
        if local.is_dir():
            files = files_of(local)
            first_file = files[0]
            size = sum(_size_of_file(file) for file in files)
            records: Records = FolderRecords(files, _open_records)
        else:
            size = _size_of_file(local)
            records = _open_records(local)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    first = _looked_at(records)
    form = told(data.format, data.prompt_column, data.answer_column) if data else None
    return Source(path, size, by_lines(form, first) if form else recognise(first, first_file), records)


def _looked_at(records: Records) -> list[Any]:
    """The first records; some of all that are known where the first are all broken."""
    found = [records.value(index) for index in range(min(records.known, _LOOKED_AT))]
    if records.known > _LOOKED_AT and all(isinstance(record, Broken) for record in found):
        return [records.value(index) for index in range(0, records.known, records.known // _LOOKED_AT)]
    return found


def _size_of_file(path: Path) -> int:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path}: not a regular file")
    return status.st_size


def _open_records(path: Path) -> Records:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(b"PAR1"):
        return parquet_records(path)
    if path.suffix.lower() == ".arrow":
        return arrow_records(path)
    packed = unpacking(path, head)
    if packed:
        is_table = any(suffix.lower() in _TABLES for suffix in path.suffixes[-2:])
        return CsvRecords(path, packed) if is_table else LineRecords(path, packed)
    _refuse_binary(path, head)
    if path.suffix.lower() in _TABLES:
        return CsvRecords(path)
    return _loaded_whole(path, head) or LineRecords(path)


def _refuse_binary(path: Path, head: bytes) -> None:
    for magic, what in _NOT_ROWS.items():
        if head.startswith(magic):
            raise InputError(f"{path}: this is {what}")
    controls = sum(byte < 32 and byte not in _TEXT_CONTROLS for byte in head)
    if controls * 10 > len(head):
        raise InputError(f"{path}: a binary file, not rows of text")


def _loaded_whole(path: Path, head: bytes) -> ListRecords | None:
    """The records of a file that is one JSON value over many lines; None for a file of lines."""
    start = head.removeprefix(BOM).lstrip()[:1]
    spread = start == b"{" and path.suffix == ".json" and not _is_json_line(head)
    if start != b"[" and not spread:
        return None
    try:
        value = orjson.loads(path.read_bytes().removeprefix(BOM))
    except orjson.JSONDecodeError as error:
        if path.suffix != ".json":
            return None
        raise InputError(f"{path}: not valid JSON at line {error.lineno}, column {error.colno}: {error.msg}") from None
    return ListRecords(value if isinstance(value, list) else [value])


def _is_json_line(head: bytes) -> bool:
    line, newline, _ = head.removeprefix(BOM).partition(b"\n")
    if not newline:
        return True
    try:
        parse_record(line)
    except Refused:
        return False
    return True
