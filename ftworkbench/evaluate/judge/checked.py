"""The judge is judged: which rows a person labels blind, and how far both agree."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from ftworkbench.evaluate.agreement import cohen_kappa
from ftworkbench.evaluate.judge.pairs import Outcome
from ftworkbench.evaluate.votes import Vote

LABELS = 30
NOT_CHECKED = "not checked by a person"
_NONE = {"n": 0, "kappa": None, "interval": None, "observed": None}


def rows_to_label(rows: Sequence[str], seed: int, count: int = LABELS) -> list[str]:
    """So many of the rows, drawn by seed, each once: the same whoever labels, and whenever."""
    drawn = sorted(set(rows))
    random.Random(seed).shuffle(drawn)
    return drawn[:count]


def label_of(vote: Vote, before: str, after: str) -> Outcome | None:
    """What a blind vote says of the tuned answer; None where it was on other answers than these two.

    Votes for neither, as good or as bad, are ties.
    """
    if before == after or {vote.left.answer, vote.right.answer} != {before, after}:
        return None
    if vote.word not in ("left", "right"):
        return "tie"
    chosen = vote.left.answer if vote.word == "left" else vote.right.answer
    return "won" if chosen == after else "lost"


def labels_of(votes: Sequence[Vote], answers: Mapping[str, tuple[str, str]]) -> dict[str, Outcome]:
    """What was voted on these very answers, by row; `answers` are (before, after). A later vote replaces an earlier."""
    found: dict[str, Outcome] = {}
    for vote in votes:
        both = answers.get(vote.row or "")
        label = None if both is None else label_of(vote, *both)
        if label is not None:
            found[str(vote.row)] = label
    return found


def agreement_json(labels: Mapping[str, Outcome], judged: Mapping[str, Outcome]) -> dict[str, Any]:
    """Cohen's kappa of the person's labels and the judge's outcomes, on the rows that both have; n 0 for none."""
    rows = sorted(labels.keys() & judged.keys())
    if not rows:
        return dict(_NONE)
    found = cohen_kappa([labels[row] for row in rows], [judged[row] for row in rows])
    interval = None if found.interval is None else list(found.interval)
    return {"n": found.n, "kappa": found.kappa, "interval": interval, "observed": found.observed}


def agreement_words(found: Mapping[str, Any] | None) -> str:
    """How far a person agrees with the judge, to stand beside each of its figures."""
    if not found or not found.get("n"):
        return NOT_CHECKED
    n, observed = int(found["n"]), float(found["observed"])
    few = f", of {LABELS} to label" if n < LABELS else ""
    if found.get("kappa") is None:
        return f"a person agrees on {observed:.0%} of {n} rows{few}; kappa is not defined: both said one thing only"
    low, high = found["interval"]
    return f"a person agrees on {observed:.0%} of {n} rows{few}: kappa {found['kappa']:.2f} [{low:.2f}, {high:.2f}]"


def agreement_short(found: Mapping[str, Any] | None) -> str:
    """As agreement_words, in few words, for every further figure."""
    if not found or not found.get("n"):
        return "unchecked"
    if found.get("kappa") is None:
        return f"agreement {float(found['observed']):.0%}, n = {found['n']}"
    low, high = found["interval"]
    return f"κ {found['kappa']:.2f} [{low:.2f}, {high:.2f}], n = {found['n']}"
