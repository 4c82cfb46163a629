"""Reading all rows of a file for a check: large files by a process for each core, a few megabytes at a time.

`python -m ftworkbench.data.checks.readers` is such a process: it reads requests on its stdin and writes blocks to its
stdout, both pickled, until its stdin ends.
"""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from queue import SimpleQueue
from typing import IO, Any

from ftworkbench.data.checks.blocks import Block
from ftworkbench.data.checks.examine import examine, examine_lines
from ftworkbench.data.formats.format import Format
from ftworkbench.data.sources.records import Span
from ftworkbench.data.sources.source import Source
from ftworkbench.errors import InputError, WorkbenchError

_SPAN = 1 << 22
_SMALL_SPAN = 1 << 16
_ROWS = 5_000
_FEW_ROWS = 100
# A process takes half a second to start: smaller files are read here.
_WORTH_PROCESSES = 1 << 24
_WORTH_ONE = 1 << 20
_MOST_PROCESSES = 16


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


@dataclass(frozen=True)
class _Request:
    span: Span
    how: _How


def _read(span: Span, how: _How) -> Block:
    return examine_lines(span.read(), how.form, how.every)


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
        free: SimpleQueue[_Reader] = SimpleQueue()
        for _ in range(count):
            free.put(stack.enter_context(_Reader(nice=nice)))

        def read(span: Span) -> Block:
            reader = free.get()
            try:
                return reader.ask(_Request(span, how))
            finally:
                free.put(reader)

        pool = stack.enter_context(ThreadPoolExecutor(count))
        stack.callback(pool.shutdown, cancel_futures=True)
        for span, block in zip(spans, pool.map(read, spans), strict=True):
            yield _checked(span, block)


class _Reader:
    """A process that reads spans, one at a time."""

    def __init__(self, *, nice: bool = False) -> None:
        environment = {**os.environ, "POLARS_MAX_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "ftworkbench.data.checks.readers", *(["--nice"] if nice else [])]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=environment)

    def ask(self, request: _Request) -> Block:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            pickle.dump(request, self._process.stdin)
            self._process.stdin.flush()
            answer = pickle.load(self._process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError):
            self._process.wait()
            raise WorkbenchError(
                f"a process that read rows ended with {self._process.returncode}; is there memory enough?"
            ) from None
        if isinstance(answer, OSError):
            raise InputError(f"{request.span.path}: {answer.strerror or answer}")
        assert isinstance(answer, Block)
        return answer

    def __enter__(self) -> _Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def _serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    gc.disable()  # nothing that is read here holds circles, and looking for them takes a tenth of the time
    while True:
        try:
            request: _Request = pickle.load(requests)
        except EOFError:
            return
        answer: Any
        try:
            answer = _read(request.span, request.how)
        except OSError as error:
            answer = error
        pickle.dump(answer, answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()


if __name__ == "__main__":
    # Pickles name the classes of the module, not those of __main__.
    from ftworkbench.data.checks.readers import _serve as serve

    if "--nice" in sys.argv:
        os.nice(10)
    serve(sys.stdin.buffer, sys.stdout.buffer)
