"""Going through the rows of a file in a thread: what matches is told as it is found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ftworkbench.tui.review import Review

# Between two reports, so that the screen shows what is found while the search runs.
REPORT_SECONDS = 0.2
# The search gives the event loop the interpreter this often, so that keys stay quick.
_TURN_SECONDS = 0.008
_REST_SECONDS = 0.004

Candidates = Iterator[tuple[int, list[int]]]
"""Rows to look at, some at a time, each with how many rows of the file have been looked at by then."""


@dataclass(eq=False)
class Query:
    """A filter or a search, and what it has found so far. `candidates` are the rows of the file that may match."""

    kind: str
    text: str
    matches: Callable[[int], bool]
    candidates: Callable[[], Candidates | None] = lambda: None
    found: list[int] = field(default_factory=list)
    done: bool = False


Found = Callable[[list[int], int, bool], object]
"""Takes the rows that were found since the last report, how many were looked at, and whether that was all."""


def scan(
    review: Review,
    rows: Sequence[int] | None,
    query: Query,
    found: Found,
    cancelled: Callable[[], bool],
) -> None:
    """Reports the rows that match. `rows` None: all of the file, those not yet indexed too."""
    candidates = query.candidates() if rows is None else None
    new: list[int] = []
    looked = 0
    reported = time.monotonic()
    for looked, some in candidates or _one_by_one(_all(review, cancelled) if rows is None else rows):
        for index in some:
            if cancelled():
                return
            if query.matches(index):
                new.append(index)
        if cancelled():
            return
        if time.monotonic() - reported > REPORT_SECONDS:
            found(new, looked, False)
            new, reported = [], time.monotonic()
    if not cancelled():
        found(new, looked, True)


def _one_by_one(rows: Iterable[int]) -> Candidates:
    for looked, index in enumerate(paced(rows), 1):
        yield looked, [index]


def paced(rows: Iterable[int]) -> Iterator[int]:
    """The same rows, with a short rest after every few milliseconds of work."""
    turn = time.monotonic()
    for index in rows:
        yield index
        if time.monotonic() - turn > _TURN_SECONDS:
            time.sleep(_REST_SECONDS)
            turn = time.monotonic()


def _all(review: Review, cancelled: Callable[[], bool]) -> Iterator[int]:
    index = 0
    while not cancelled():
        while index < review.size:
            yield index
            index += 1
        if review.source.complete:
            return
        time.sleep(0.02)


def count_rows(review: Review, report: Callable[[bool], object], cancelled: Callable[[], bool]) -> None:
    """Indexes the whole file, reporting as it grows, then counts its rows by status."""
    from ftworkbench.data.checks.readers import read_keys

    review.tally.cut(review.size)
    while not cancelled():
        done = review.source.index_some(0.1)
        report(False)
        if done:
            break
        time.sleep(_REST_SECONDS)
    reported = time.monotonic()
    for block in read_keys(review.source, len(review.tally.keys)):
        if cancelled():
            return
        review.tally.add(block)
        if time.monotonic() - reported > REPORT_SECONDS:
            report(False)
            reported = time.monotonic()
        time.sleep(_REST_SECONDS)
    review.tally.find_copies()
    report(True)
