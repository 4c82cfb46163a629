"""Reading all rows of a file for a check: large files by a process for each core, a few megabytes at a time."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from queue import SimpleQueue
from typing import Any

from ftworkbench.aside import Aside, Progress
from ftworkbench.data.checks.blocks import Block
from ftworkbench.data.checks.examine import examine, examine_lines
from ftworkbench.data.formats.format import Format
from ftworkbench.data.sources.records import Span
from ftworkbench.data.sources.source import Source
from ftworkbench.errors import InputError

_SPAN = 1 << 22
_SMALL_SPAN = 1 << 16
_ROWS = 5_000
_FEW_ROWS = 100
# A process takes half a second to start: smaller files are read here.
_WORTH_PROCESSES = 1 << 24
_WORTH_ONE = 1 << 20
_MOST_PROCESSES = 16
_NICE = 10
# One thread each; and memory that is given back is not asked for again with the next block, which takes a tenth of the
# time (glibc).
_FOR_READING = {
    "POLARS_MAX_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_TRIM_THRESHOLD_": str(1 << 28),
    "MALLOC_MMAP_THRESHOLD_": str(1 << 26),
}


def read_blocks(source: Source, every: int = 1) -> Iterator[Block]:
    """All rows of a source whose rows are all known, in order. Of each block every so many prompts are kept.

    Raises InputError where the file changes meanwhile.
    """
    how = _How(source.format, every)
    large = source.size >= _WORTH_PROCESSES
    spans = source.spans(_SPAN)
    if spans is None:
        yield from _read_here(source.values(), how, _ROWS)
    elif large and len(spans) > 1:
        yield from _read_by_many(spans, how, min(_cores(), _MOST_PROCESSES))
    else:
        yield from (_checked(span, _read(span, how)) for span in spans)


def read_keys(source: Source, start: int = 0) -> Iterator[Block]:
    """The rows from an index on, as `read_blocks` does, but of their texts nothing: while somebody is at the keys.

    So with small blocks, and where the file is large by other processes, which leave way for this one.
    """
    how = _How(source.format, 0)
    spans = source.spans(_SPAN if source.size >= _WORTH_ONE else _SMALL_SPAN)
    if spans is None or start:
        yield from _read_here(source.values(start), how, _FEW_ROWS)
    elif source.size >= _WORTH_ONE:
        yield from _read_by_many(spans, how, max(min(_cores(), _MOST_PROCESSES) - 1, 1), nice=True)
    else:
        yield from (_checked(span, _read(span, how)) for span in spans)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class _How:
    """How rows are read: their format, and of which share of them the prompts are kept; 0 looks at no texts."""

    form: Format
    every: int


def _read(span: Span, how: _How) -> Block:
    try:
        return examine_lines(span.read(), how.form, how.every)
    except OSError as error:
        raise InputError(f"{span.path}: {error.strerror or error}") from None


def _read_aside(given: tuple[Span, _How], _: Progress) -> Block:
    """The same, by a process that does nothing else."""
    gc.disable()  # nothing that is read here holds circles, and looking for them takes a tenth of the time
    return _read(*given)


def _read_here(records: Iterator[Any], how: _How, count: int) -> Iterator[Block]:
    while some := list(islice(records, count)):
        yield examine(some, how.form, how.every)


def _checked(span: Span, block: Block) -> Block:
    if block.rows != span.count:
        raise InputError(f"{span.path}: was changed while it was read; check it again")
    return block


def _read_by_many(spans: list[Span], how: _How, processes: int, *, nice: bool = False) -> Iterator[Block]:
    count = min(processes, len(spans))
    with ExitStack() as stack:
        free: SimpleQueue[Aside] = SimpleQueue()
        for _ in range(count):
            free.put(stack.enter_context(Aside(nice=_NICE if nice else 0, environment=_FOR_READING)))

        def read(span: Span) -> Block:
            reader = free.get()
            try:
                block = reader.do(_read_aside, (span, how))
            finally:
                free.put(reader)
            assert block is not None  # nobody cancels it
            return block

        pool = stack.enter_context(ThreadPoolExecutor(count))
        stack.callback(pool.shutdown, cancel_futures=True)
        for span, block in zip(spans, pool.map(read, spans), strict=True):
            yield _checked(span, block)
