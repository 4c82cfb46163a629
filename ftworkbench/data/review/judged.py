"""Whether what a check found has been decided since."""

from __future__ import annotations

from ftworkbench.data.problems import Problem
from ftworkbench.data.review.decisions import DECIDED
from ftworkbench.data.review.ledger import Ledger


def is_open(problem: Problem, ledger: Ledger, checked: float = 0.0) -> bool:
    """Whether nobody has decided about a problem yet, as the ledger stands now.

    `checked` is when the check began that found it, in seconds since 1970: what was decided before, the problem
    itself says. A decision about the row settles it; so does rejecting the row that it is about, and of a leak any
    decision about either.
    """
    if not problem.key:
        return not problem.settled
    status = ledger.state(problem.key).status
    other = ledger.state(problem.other_key).status if problem.other_key else ""
    decided = status in DECIDED or other == "rejected" or (problem.kind == "leak" and other in DECIDED)
    if problem.settled:
        return not decided  # taken back since
    return not decided or _newest(problem, ledger) <= checked


def _newest(problem: Problem, ledger: Ledger) -> float:
    """When the last decision was made that stands, about the row or the one that it is about."""
    made = (*ledger.history(problem.key), *ledger.history(problem.other_key))
    return max((decision.t for decision in made), default=0.0)
