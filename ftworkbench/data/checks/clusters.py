"""Rows that read alike, put into clusters, so that they can be reviewed one after the other.

Spherical k-means (Dhillon and Modha, 2001) in the main directions of the texts' vectors, on a sample; then every text
goes to its nearest centre.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from ftworkbench.data.checks.vectors import Floats, Vectors, main_directions, spread

_DIRECTIONS = 64
_MOST_CLUSTERS = 1_000
_MOST_LEARNT_FROM = 20_000
_MOST_FOR_DIRECTIONS = 4_096
_ROUNDS = 15
_SEED = 42


@dataclass(frozen=True)
class Clusters:
    """The cluster of each text, and how far it is from the centre: 0 (there) to 1 (nothing in common) and past it.

    Clusters are numbered so that each is near the one before; texts without words are in the last one.
    """

    numbers: NDArray[np.int64]
    distances: Floats

    def order(self) -> NDArray[np.int64]:
        """The texts, by cluster, in each the most typical first."""
        return np.lexsort((self.distances, self.numbers))


def find_clusters(vectors: Vectors) -> Clusters:
    """Clusters of about the square root of twice the texts each, 1,000 of them at most. The same every time."""
    rows = np.flatnonzero(vectors.counted.sizes > 0)
    numbers = np.zeros(len(vectors), dtype=np.int64)
    distances = np.ones(len(vectors), dtype=np.float32)
    if not len(rows):
        return Clusters(numbers, distances)
    count = min(max(isqrt(len(rows) // 2), 1), _MOST_CLUSTERS)
    main = main_directions(vectors.of(spread(rows, _MOST_FOR_DIRECTIONS)).toarray(), _DIRECTIONS)
    sample = spread(rows, _MOST_LEARNT_FROM)
    points = _unit(np.concatenate([some @ main for _, some in vectors.chunks(sample)]))
    centres = _in_line(_centres(points, count))
    numbers[:] = len(centres)
    for some, features in vectors.chunks(rows):
        likeness = _unit(features @ main) @ centres.T
        numbers[some] = likeness.argmax(axis=1)
        distances[some] = np.maximum(1 - likeness.max(axis=1), 0)
    return Clusters(numbers, distances)


def _centres(points: Floats, count: int) -> Floats:
    draw = np.random.default_rng(_SEED)
    centres = points[draw.choice(len(points), min(count, len(points)), replace=False)]
    for _ in range(_ROUNDS):
        likeness = points @ centres.T
        nearest = likeness.argmax(axis=1)
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, points)
        empty = np.flatnonzero(np.bincount(nearest, minlength=len(centres)) == 0)
        # A centre that nothing is near moves to one of the points that are farthest from theirs.
        sums[empty] = points[np.argsort(likeness.max(axis=1), kind="stable")[: len(empty)]]
        centres = _unit(sums)
    return centres


def _in_line(centres: Floats) -> Floats:
    """The centres, each followed by the nearest one of those that are left."""
    likeness = centres @ centres.T
    left = np.ones(len(centres), dtype=bool)
    line = [0]
    left[0] = False
    while left.any():
        line.append(int(np.where(left, likeness[line[-1]], -np.inf).argmax()))
        left[line[-1]] = False
    return centres[line]


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), dtype=np.float32)
