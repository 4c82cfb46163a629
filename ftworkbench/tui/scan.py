"""Going through the rows of a file in a thread: what matches is told as it is found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ftworkbench.tui.review import Review

# Between two reports, so that the screen shows what is found while the search runs.
REPORT_SECONDS = 0.2
# The search gives the event loop the interpreter this often, so that keys stay quick.
_TURN_SECONDS = 0.008
_REST_SECONDS = 0.004

Found = Callable[[list[int], int, bool], object]
"""Takes the rows that were found since the last report, how many were looked at, and whether that was all."""


def scan(
    review: Review,
    rows: Sequence[int] | None,
    matches: Callable[[int], bool],
    found: Found,
    cancelled: Callable[[], bool],
) -> None:
    """Reports the rows for which `matches` is true. `rows` None: all of the file, those not yet indexed too."""
    new: list[int] = []
    looked = 0
    reported = time.monotonic()
    for index in paced(_all(review, cancelled) if rows is None else rows):
        if cancelled():
            return
        if matches(index):
            new.append(index)
        looked += 1
        if time.monotonic() - reported > REPORT_SECONDS:
            found(new, looked, False)
            new, reported = [], time.monotonic()
    if not cancelled():
        found(new, looked, True)


def paced(rows: Sequence[int] | Iterator[int]) -> Iterator[int]:
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
    from ftworkbench.data.readers import read_keys

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
