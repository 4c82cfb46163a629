"""The rows of Parquet files, a few at a time, whatever state the file is in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from threading import Lock
from typing import Any, overload

from ftworkbench.data.sources.records import ListRecords
from ftworkbench.data.sources.tables import TableRow, first_line, rows_or_broken, sound_rows
from ftworkbench.errors import InputError

_BATCH = 512
# A row group up to this size is held in memory when rows are looked at here and there.
_HELD = 1 << 28


class ParquetRows(Sequence[TableRow]):
    """The rows of a Parquet file. Those of a damaged part of it are Broken.

    Read in order, batches are decoded one after another. A batch that does not follow the last one is cut from its
    row group, which is decoded whole, or for a very large one again from its first row.
    """

    def __init__(self, file: Any, damage: tuple[type[BaseException], ...]) -> None:
        self._file = file
        self._damage = damage
        groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
        self._sizes: list[int] = [group.num_rows for group in groups]
        self._held = [group.total_byte_size <= _HELD for group in groups]
        self._starts: list[int] = [0, *accumulate(self._sizes)]
        self._coming: Iterator[Any] = iter(())
        self._next = (-1, 0)  # the group and the batch that are coming
        self._turn = Lock()
        self._batch = lru_cache(8)(self._read_batch)
        self._group = lru_cache(1)(self._read_group)

    def __len__(self) -> int:
        return self._starts[-1]

    @overload
    def __getitem__(self, index: int) -> TableRow: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[TableRow]: ...
    def __getitem__(self, index: int | slice) -> TableRow | Sequence[TableRow]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        group = bisect_right(self._starts, index) - 1
        batch, place = divmod(index - self._starts[group], _BATCH)
        with self._turn:
            rows: list[TableRow] = self._batch(group, batch)
        return rows[place]

    def _read_batch(self, group: int, batch: int) -> list[TableRow]:
        count = min(_BATCH, self._sizes[group] - batch * _BATCH)
        found, whole = rows_or_broken(lambda: sound_rows(self._decoded(group, batch)), count, self._damage)
        if not whole:
            self._next = (-1, 0)
        return found

    def _decoded(self, group: int, batch: int) -> Any:
        if batch and self._next != (group, batch) and self._held[group]:
            return self._group(group).slice(batch * _BATCH, _BATCH)
        if self._next[0] != group or self._next[1] > batch:
            self._coming = self._file.iter_batches(_BATCH, row_groups=[group], use_threads=False)
            self._next = (group, 0)
        while True:
            rows = next(self._coming, None)
            at, self._next = self._next[1], (group, self._next[1] + 1)
            if rows is None:
                raise OSError("fewer rows than it says")
            if at == batch:
                return rows

    def _read_group(self, group: int) -> Any:
        return self._file.read_row_group(group, use_threads=False)


def parquet_records(path: Path) -> ListRecords:
    """The rows of a Parquet file. Raises InputError where it cannot be read."""
    import pyarrow
    from pyarrow import parquet

    damage = (pyarrow.ArrowException, OSError, ValueError, MemoryError)
    try:
        file = parquet.ParquetFile(path)
        rows = ParquetRows(file, damage)
        if len(rows) != file.metadata.num_rows:
            raise OSError("it says two numbers of rows")
    except damage as error:
        raise InputError(f"{path}: not a Parquet file that can be read: {first_line(error)}") from None
    return ListRecords(rows)
