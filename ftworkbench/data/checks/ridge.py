"""How likely each label is for each text, judged by a fit without it.

A ridge regression from the texts' vectors to their labels. What the fit would say of a text without it, the hat matrix
gives without fitting again (Allen's PRESS, 1974); where the texts are many, a random projection gives the leverages
closely enough (Drineas et al., 2012).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ftworkbench.data.checks.vectors import DIMENSIONS, Floats, Vectors, spread

_RIDGE = 1.0
_MOST_FITTED = 20_000
_EXACT = 4096
_DIRECTIONS = 128
_SEED = 42
_LEAST = 1e-3
# With fewer features to a text than this, the sparse product of the vectors is the quicker one.
_SPARSE = 150

_Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Fit:
    """A ridge regression. The length of `spans @ vector`, squared, is the leverage of a text that was in it."""

    vectors: Vectors
    fitted: NDArray[np.bool_]
    means: Floats
    weights: Floats
    spans: Floats

    def without_itself(self, rows: _Rows, labels: NDArray[np.int32]) -> Iterator[tuple[_Rows, Floats]]:
        """How likely each label is for these rows, some at a time: a row for each, about 0 to 1. `labels` of them."""
        at = 0
        for some, features in self.vectors.chunks(rows):
            likely: Floats = features @ self.weights + self.means
            inside = np.flatnonzero(self.fitted[some])
            if len(inside):
                leverage = np.square(features[inside] @ self.spans).sum(axis=1)
                pull = leverage / np.maximum(1 - leverage, _LEAST)
                targets = np.zeros((len(inside), len(self.means)), dtype=np.float32)
                targets[np.arange(len(inside)), labels[at : at + len(some)][inside]] = 1
                likely[inside] -= pull[:, None] * (targets - likely[inside])
            at += len(some)
            yield some, likely


def fit(vectors: Vectors, rows: _Rows, labels: NDArray[np.int32], count: int) -> Fit:
    """A fit on at most 20,000 of the rows, evenly spread. Labels are numbers from 0 to `count` - 1."""
    from scipy.linalg import cho_factor, cho_solve, solve_triangular
    from scipy.sparse import csr_array

    chosen = spread(np.arange(len(rows)), _MOST_FITTED)
    rows, labels = rows[chosen], labels[chosen]
    means = (np.bincount(labels, minlength=count) / len(labels)).astype(np.float32)
    gram = np.zeros((DIMENSIONS, DIMENSIONS), dtype=np.float32)
    moment = np.zeros((DIMENSIONS, count), dtype=np.float32)
    at = 0
    for some, features in vectors.chunks(rows):
        own = labels[at : at + len(some)]
        at += len(some)
        gram += _product(features)
        ones = csr_array((np.ones(len(own), dtype=np.float32), own, np.arange(len(own) + 1)), shape=(len(own), count))
        moment += (ones.T @ features).toarray().T - np.outer(features.sum(axis=0), means)
    gram[np.diag_indices(DIMENSIONS)] += _RIDGE
    factor = cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
    directions = np.eye(DIMENSIONS, dtype=np.float32)
    if len(rows) > _EXACT:
        signs = np.random.default_rng(_SEED).integers(0, 2, (DIMENSIONS, _DIRECTIONS), dtype=np.int8)
        directions = ((signs * 2 - 1) / np.sqrt(_DIRECTIONS)).astype(np.float32)
    spans = solve_triangular(factor[0], directions, lower=True, trans=1, check_finite=False)
    fitted = np.zeros(len(vectors), dtype=bool)
    fitted[rows] = True
    return Fit(vectors, fitted, means, cho_solve(factor, moment, check_finite=False), spans)


def _product(features: Any) -> Floats:
    """The product of the transposed vectors with themselves."""
    if features.nnz < _SPARSE * features.shape[0]:
        return np.asarray((features.T.tocsr() @ features).toarray())
    dense = features.toarray()
    return np.asarray(dense.T @ dense)
