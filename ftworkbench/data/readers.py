"""Reading all rows of a file for a check: large files by a process for each core, a few megabytes at a time.

`python -m ftworkbench.data.readers` is such a process: it reads requests on its stdin and writes blocks to its stdout,
both pickled, until its stdin ends.
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

from ftworkbench.data.blocks import Block
from ftworkbench.data.examine import examine, examine_lines
from ftworkbench.data.formats import Format
from ftworkbench.data.records import Span
from ftworkbench.data.source import Source
from ftworkbench.errors import InputError, WorkbenchError

_SPAN = 1 << 22
_ROWS = 5_000
# A process takes half a second to start: smaller files are read here.
_WORTH_PROCESSES = 1 << 24
_MOST_PROCESSES = 16


def read_blocks(source: Source, every: int = 1) -> Iterator[Block]:
    """All rows of a source whose rows are all known, in order. Of each block every so many prompts are kept.

    Raises InputError where the file changes meanwhile.
    """
    spans = source.spans(_SPAN)
    if spans is None:
        records = source.values()
        while some := list(islice(records, _ROWS)):
            yield examine(some, source.format, every)
    elif source.size < _WORTH_PROCESSES or len(spans) < 2:
        for span in spans:
            yield _checked(span, _read(span, source.format, every))
    else:
        yield from _read_by_many(spans, source.format, every)


def _read(span: Span, form: Format, every: int) -> Block:
    with open(span.path, "rb") as file:
        file.seek(span.start)
        return examine_lines(file.read(span.stop - span.start), form, every)


def _checked(span: Span, block: Block) -> Block:
    if block.rows != span.count:
        raise InputError(f"{span.path}: was changed while it was read; check it again")
    return block


def _read_by_many(spans: list[Span], form: Format, every: int) -> Iterator[Block]:
    count = min(len(os.sched_getaffinity(0)), _MOST_PROCESSES, len(spans))
    with ExitStack() as stack:
        free: SimpleQueue[_Reader] = SimpleQueue()
        for _ in range(count):
            free.put(stack.enter_context(_Reader()))

        def read(span: Span) -> Block:
            reader = free.get()
            try:
                return reader.ask(_Request(span, form, every))
            finally:
                free.put(reader)

        pool = stack.enter_context(ThreadPoolExecutor(count))
        stack.callback(pool.shutdown, cancel_futures=True)
        for span, block in zip(spans, pool.map(read, spans), strict=True):
            yield _checked(span, block)


@dataclass(frozen=True)
class _Request:
    span: Span
    form: Format
    every: int


class _Reader:
    """A process that reads spans, one at a time."""

    def __init__(self) -> None:
        environment = {**os.environ, "POLARS_MAX_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "ftworkbench.data.readers"]
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
            answer = _read(request.span, request.form, request.every)
        except OSError as error:
            answer = error
        pickle.dump(answer, answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()


if __name__ == "__main__":
    # Pickles name the classes of the module, not those of __main__.
    from ftworkbench.data.readers import _serve as serve

    serve(sys.stdin.buffer, sys.stdout.buffer)
