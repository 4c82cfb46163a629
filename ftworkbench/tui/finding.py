"""Filter, search and sort: which rows of a review are shown, worked out in a thread while it is used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.message import Message
from textual.worker import Worker, get_current_worker

from ftworkbench.errors import InputError
from ftworkbench.tui.orders import sort_key
from ftworkbench.tui.scan import Candidates, Query, count_rows, paced, scan
from ftworkbench.tui.searching import candidates, is_plain, says, wanted

if TYPE_CHECKING:
    from textual.screen import Screen

    from ftworkbench.tui.review import Review


class RowsGrew(Message, bubble=False):
    """More rows of the file are known, or counted."""

    def __init__(self, counted: bool) -> None:
        super().__init__()
        self.counted = counted

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, RowsGrew) and self.counted >= message.counted


class Found(Message, bubble=False):
    """A filter or a search found more rows; `done` with its last report."""

    def __init__(self, query: Query, rows: list[int], looked: int, done: bool) -> None:
        super().__init__()
        self.query = query
        self.rows = rows
        self.looked = looked
        self.done = done


class Sorted(Message, bubble=False):
    """The rows are in order."""

    def __init__(self, rows: list[int], by: str) -> None:
        super().__init__()
        self.rows = rows
        self.by = by


def filter_query(review: Review, text: str) -> Query:
    """The query of a filter line such as `tag:refund status:unreviewed "exact words"`. Raises InputError."""
    from ftworkbench.data.review.search import parse_filter

    asked = parse_filter(text)
    if missing := review.known.missing(asked.needs):
        raise InputError(missing)
    longest = max(filter(is_plain, asked.words), key=len, default="")
    may_match = partial(candidates, review, wanted(longest)) if longest else lambda: None
    return Query("filter", text, partial(review.matches, asked), may_match)


def keys_query(review: Review, keys: Collection[str], words: str) -> Query:
    """The query of the rows with these keys, called `words`."""
    wanted = frozenset(keys)

    def known() -> Candidates | None:
        return iter([(review.size, review.tally.rows_of(wanted))]) if review.tally.complete else None

    return Query("filter", words, lambda index: review.key(index) in wanted, known)


def search_query(review: Review, text: str) -> Query:
    """The query that finds `text` in what the rows say; small letters match both."""
    looked_for = wanted(text)
    matches = partial(says, review, looked_for=looked_for)
    return Query("search", text, matches, partial(candidates, review, looked_for))


def run_query(screen: Screen[Any], review: Review, query: Query, rows: Sequence[int] | None) -> Worker[None]:
    """Runs a query in a thread; the screen gets `Found`. A query of the same kind that still runs is given up."""

    def work() -> None:
        worker = get_current_worker()
        scan(
            review,
            rows,
            query,
            lambda new, looked, done: screen.post_message(Found(query, new, looked, done)),
            lambda: worker.is_cancelled,
        )

    return screen.run_worker(work, thread=True, exclusive=True, group=query.kind, exit_on_error=False)


def run_count(screen: Screen[Any], review: Review) -> Worker[None]:
    """Indexes and counts the rows in a thread; the screen gets `RowsGrew`."""

    def work() -> None:
        worker = get_current_worker()
        count_rows(review, lambda counted: screen.post_message(RowsGrew(counted)), lambda: worker.is_cancelled)

    return screen.run_worker(work, thread=True, exclusive=True, group="count", exit_on_error=False)


def _by_cluster(review: Review, cancelled: Callable[[], bool]) -> list[int]:
    """All rows, those that read alike together, by another process; none where it was cancelled."""
    from ftworkbench.aside import aside
    from ftworkbench.steps.look_at_rows import ToCluster, cluster_rows

    return aside(cluster_rows, ToCluster(review.path, review.data), lambda *_: None, cancelled) or []


def run_sort(screen: Screen[Any], review: Review, rows: Sequence[int], order: str, seed: int) -> Worker[None]:
    """Sorts rows in a thread; the screen gets `Sorted`."""

    def work() -> None:
        worker = get_current_worker()
        if order == "cluster":
            shown = set(rows)
            by_cluster = _by_cluster(review, lambda: worker.is_cancelled)
            screen.post_message(Sorted([index for index in by_cluster if index in shown], order))
            return
        key = sort_key(review, order, seed)
        keyed = []
        for index in paced(rows):
            if worker.is_cancelled:
                return
            keyed.append((key(index), index))
        keyed.sort()
        screen.post_message(Sorted([index for _, index in keyed], order))

    return screen.run_worker(work, thread=True, exclusive=True, group="sort", exit_on_error=False)
