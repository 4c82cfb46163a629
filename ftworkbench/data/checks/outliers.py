"""Texts that are unlike all others: no ten of them are near."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ftworkbench.data.checks.vectors import Floats, Vectors, main_directions

FEWEST_ROWS = 100
_NEIGHBOURS = 10
# What each text is held against, and how many are: past that, those that lie least in the main directions.
_MOST_HELD_AGAINST = 4096
_MOST_LOOKED_AT = 1000
_DIRECTIONS = 64
_CHUNK = 1024
_LEAST = 1e-3
_SEED = 42
# In deviations (of the median, scaled as for a normal distribution) of the logarithm of how near the neighbours are.
# Of texts of one kind none comes to this: in BANKING77 and GSM8K the farthest is at 3.5.
_FAR = 4.0

_Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Outlier:
    """A text far from all others: its row, the mean likeness of the ten nearest ones (0 to 1), and how far that is."""

    index: int
    likeness: float
    deviations: float


def find_outliers(vectors: Vectors, rows: _Rows | None = None, most: int = 20) -> list[Outlier]:
    """The texts, of these rows or of all, that are unlike all others, the farthest first.

    None where there are fewer than 100 texts. Many texts are held against a sample of 4,096; the same every time.
    """
    rows = np.arange(len(vectors)) if rows is None else rows
    rows = rows[vectors.counted.sizes[rows] > 0]
    if len(rows) < FEWEST_ROWS:
        return []
    draw = np.random.default_rng(_SEED)
    sample = rows if len(rows) <= _MOST_HELD_AGAINST else np.sort(draw.choice(rows, _MOST_HELD_AGAINST, replace=False))
    against = vectors.of(sample).toarray()
    usual = sample if len(sample) <= _MOST_LOOKED_AT else np.sort(draw.choice(sample, _MOST_LOOKED_AT, replace=False))
    asked = rows if len(rows) <= _MOST_HELD_AGAINST else np.union1d(_least_common(vectors, rows, against), usual)
    near = _nearness(vectors, asked, sample, against)
    logs = np.log(np.maximum(near, _LEAST))
    usual_logs = logs[np.isin(asked, usual)]
    middle = np.median(usual_logs)
    deviation = 1.4826 * np.median(np.abs(usual_logs - middle))
    if deviation <= 0:
        return []
    far = (middle - logs) / deviation
    found = np.flatnonzero(far >= _FAR)
    found = found[np.argsort(-far[found], kind="stable")][:most]
    return [Outlier(int(asked[at]), float(near[at]), float(far[at])) for at in found.tolist()]


def _nearness(vectors: Vectors, rows: _Rows, sample: _Rows, against: Floats) -> Floats:
    """The mean likeness of each text to the nearest of the sample, but for itself."""
    found = np.zeros(len(rows), dtype=np.float32)
    most = min(_NEIGHBOURS, len(sample) - 1)
    place = np.searchsorted(sample, rows).clip(max=len(sample) - 1)
    itself = sample[place] == rows
    for start in range(0, len(rows), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        alike = vectors.of(rows[chunk]).toarray() @ against.T
        inside = np.flatnonzero(itself[chunk])
        alike[inside, place[chunk][inside]] = -1
        found[chunk] = np.partition(alike, -most, axis=1)[:, -most:].mean(axis=1)
    return found


def _least_common(vectors: Vectors, rows: _Rows, against: Floats) -> _Rows:
    """The texts of which least lies in the main directions of the sample."""
    main = main_directions(against, _DIRECTIONS)
    shares = np.concatenate([np.square(some @ main).sum(axis=1) for _, some in vectors.chunks(rows)])
    return rows[np.argpartition(shares, _MOST_LOOKED_AT)[:_MOST_LOOKED_AT]]
