"""How much of a second look a row deserves: what a reviewer with little time should read first."""

from __future__ import annotations

from collections.abc import Iterable

from ftworkbench.data.problems import KINDS, Problem

# What a problem of each kind weighs; a row weighs what all of its open ones do. Kinds that say that a row cannot be
# used weigh most, those that say something of the whole file least.
_WEIGHTS = {
    "leak": 8.0,
    "conflicting-duplicate": 6.0,
    "all-cut": 6.0,
    "no-stop": 6.0,
    "template-refused": 6.0,
    "template-drops": 5.0,
    "wrong-label": 5.0,
    "broken-answer": 5.0,
    "personal-data": 4.0,
    "damaged-text": 4.0,
    "outlier": 4.0,
    "cut": 4.0,
    "empty-prompt": 4.0,
    "not-alternating": 3.0,
    "other-language": 3.0,
    "near-duplicate": 2.0,
    "exact-duplicate": 1.0,
    "too-long": 1.0,
    "small-class": 0.5,
}
_REFUSED = 10.0
_UNKNOWN = 2.0
# A loss of the tuned model past this is one that most rows do not have left; it weighs as much as it is above it.
_HIGH_LOSS = 1.0


def suspicion(problems: Iterable[Problem], loss: float | None = None) -> float:
    """The weight of what is open about a row, and of the loss that training left of it; 0 for nothing."""
    kinds = {problem.kind for problem in problems if not problem.settled}
    weight = sum(_REFUSED if KINDS[kind].refused else _WEIGHTS.get(kind, _UNKNOWN) for kind in kinds)
    return weight + max((loss or 0.0) - _HIGH_LOSS, 0.0)
