"""Labels that a row's wording speaks against, by confident learning (Northcutt, Jiang and Chuang, 2021).

How likely each label is for a row comes from a fit without it (`ridge`). A label is in question where another one is
the likeliest, and is as likely as it usually is for the rows that carry it; or where the label has less than 5%.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ftworkbench.data.checks.ridge import Fit, fit
from ftworkbench.data.checks.vectors import Floats, Vectors, spread

FEWEST_ROWS = 30
_LIKELIEST = 3
_UNLIKELY = 0.05
_MOST_TRIED = 5_000
_TEMPERATURES = np.geomspace(0.02, 1.0, 24)

_Rows = NDArray[np.int64]
_Numbers = NDArray[np.int32]


@dataclass(frozen=True)
class Suspect:
    """A text whose label looks wrong: how unlikely that label is, from 0 to 1, and the likeliest one."""

    index: int
    score: float
    likelier: str


def find_suspects(
    vectors: Vectors, rows: _Rows, labels: _Numbers, names: Sequence[str], trusted: NDArray[np.bool_]
) -> Iterator[Suspect]:
    """The texts for which another label is likelier than their own, the surest first.

    Looks at these `rows` of the vectors; `labels`, places in `names`, and `trusted` are of the rows. What is likely is
    learnt from the trusted ones alone; none where they are too few or have one label. An `index` is that of a vector.
    """
    known = np.flatnonzero(np.bincount(labels[trusted], minlength=len(names)))
    if np.count_nonzero(trusted) < FEWEST_ROWS or len(known) < 2:
        return
    again = np.full(len(names), -1, dtype=np.int32)
    again[known] = np.arange(len(known))
    of_known = again[labels] >= 0
    rows, own, trusted = rows[of_known], again[labels[of_known]], trusted[of_known]
    judge = fit(vectors, rows[trusted], own[trusted], len(known))
    sharpness = 1 / _temperature(judge, rows[trusted], own[trusted])
    likelier, doubts, issues = _judged(judge, rows, own, sharpness)
    found = np.flatnonzero((issues | (doubts > 1 - _UNLIKELY)) & (likelier != own))
    for place in found[np.argsort(-doubts[found], kind="stable")].tolist():
        yield Suspect(int(rows[place]), float(doubts[place]), names[known[likelier[place]]])


def _judged(judge: Fit, rows: _Rows, own: _Numbers, sharpness: float) -> tuple[_Rows, Floats, NDArray[np.bool_]]:
    """The likeliest label of each row, how unlikely its own one is, and which rows are issues.

    By confident learning, as cleanlab's filter of that name does it: an issue is a row that is likelier in another
    label than the rows of that label are on average. Of each row the likeliest few labels are looked at.
    """
    most = min(_LIKELIEST, len(judge.means))
    best = np.zeros((len(rows), most), dtype=np.int32)
    shares = np.zeros((len(rows), most), dtype=np.float32)
    mine = np.zeros(len(rows), dtype=np.float32)
    at = 0
    for some, scores in judge.without_itself(rows, own):
        chunk = slice(at, at := at + len(some))
        likely = _softmax(scores * sharpness)
        mine[chunk] = likely[np.arange(len(some)), own[chunk]]
        order = np.argpartition(-likely, most - 1, axis=1)[:, :most]
        values = np.take_along_axis(likely, order, axis=1)
        ranks = np.argsort(-values, axis=1, kind="stable")
        best[chunk] = np.take_along_axis(order, ranks, axis=1)
        shares[chunk] = np.take_along_axis(values, ranks, axis=1)
    counts = np.bincount(own, minlength=len(judge.means))
    usual = np.bincount(own, weights=mine, minlength=len(judge.means)) / np.maximum(counts, 1)
    usual[counts == 0] = np.inf
    confident = (shares >= usual[best] - 1e-6) & (best != own[:, None])
    return best[:, 0].astype(np.int64), 1 - mine, confident.any(axis=1) & (best[:, 0] != own)


def _temperature(judge: Fit, rows: _Rows, own: _Numbers) -> float:
    """By what the scores are divided, so that as probabilities they fit the labels best."""
    chosen = spread(np.arange(len(rows)), _MOST_TRIED)
    scores = np.concatenate([some for _, some in judge.without_itself(rows[chosen], own[chosen])])
    places = np.arange(len(chosen)), own[chosen]
    losses = [-np.log(np.maximum(_softmax(scores / heat)[places], 1e-30)).mean() for heat in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def _softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True), dtype=np.float32)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)
