"""The orders in which rows are looked at: by a column, or as a queue for review."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ftworkbench.data.review.coverage import random_place
from ftworkbench.data.review.decisions import DECIDED, NEAR_FAILURE, STATUSES
from ftworkbench.data.review.suspicion import suspicion

if TYPE_CHECKING:
    from ftworkbench.tui.review import Review

SortKey = Callable[[int], Any]
"""What rows are sorted by, the smallest first: of the row at an index."""


@dataclass(frozen=True)
class Order:
    """An order of the rows: the key that chooses it, its name, what it is in words, and what has to be known for it."""

    key: str
    name: str
    words: str
    needs: str = ""


ORDERS = (
    Order("n", "number", "number, as in the file"),
    Order("s", "status", "status, the unreviewed first"),
    Order("l", "length", "length, the longest first"),
    Order("a", "answer", "answer"),
    Order("t", "tags", "tags"),
    Order("p", "suspicion", "suspicion: what is most likely wrong first", "problem"),
    Order("f", "near failures", "near failures first: what N in Evaluate put up for review"),
    Order("c", "cluster", "cluster: rows that read alike together"),
    Order("r", "random", "random: a sample that stands for all rows"),
    Order("o", "loss", "loss that training left, the highest first", "loss"),
    Order("k", "tokens", "tokens, the most first", "tokens"),
)


def sort_key(review: Review, order: str, seed: int) -> SortKey:
    """What the rows of a review are sorted by in that order."""
    if order == "random":
        return lambda index: random_place(seed, review.key(index))
    return {
        "length": lambda index: -len(review.source.raw(index)),
        "status": lambda index: _PLACES[review.state(index).status],
        "answer": lambda index: review.line(index).answer,
        "tags": lambda index: tuple(sorted(review.state(index).tags)) or ("\U0010ffff",),
        "suspicion": lambda index: -_open_suspicion(review, index),
        "near failures": lambda index: _place_near_failures(review, index),
        "loss": lambda index: -(review.facts(index).loss or 0.0),
        "tokens": lambda index: -(review.facts(index).tokens or 0),
    }.get(order, lambda _: 0)


def _open_suspicion(review: Review, index: int) -> float:
    """The suspicion that nobody has looked into yet."""
    if review.state(index).status in DECIDED:
        return 0.0
    return suspicion(review.problems_of(index), review.facts(index).loss)


def _place_near_failures(review: Review, index: int) -> int:
    """Rows near a failure come first, and of those the ones that nobody has looked at since."""
    state = review.state(index)
    return 2 if NEAR_FAILURE not in state.tags else int(state.status in DECIDED)


_PLACES = {status: place for place, status in enumerate(("unreviewed", "skipped", "accepted", "rejected"))}
assert set(_PLACES) == set(STATUSES)
