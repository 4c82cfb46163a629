"""How far macro F1 may be off: it is no mean over rows, so its rows are drawn again, whole groups at a time."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from ftworkbench.evaluate.statistics import Interval, expanded_confidence, wilson

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_RESAMPLES = 2000
_AT_ONCE = 200
_LEAST_KEPT = 0.25  # of the variance: labels of a single row show none


def macro_f1_interval(
    cells: Sequence[tuple[int, int]],
    groups: Sequence[Hashable],
    seed: int = 0,
    *,
    confidence: float = 0.95,
    resamples: int = _RESAMPLES,
) -> Interval:
    """The bootstrap interval of macro F1, over groups of rows; (0, 1) where there is no row.

    `cells` are (reference, answer) of each row as numbers of labels, an answer below 0 being none of them. Macro F1 of
    a resample is the mean F1 of the labels that its references have. Of labels with few rows resamples lie too low, so
    that their bias is taken off (Efron & Tibshirani 1993, ch. 10 and 13), and too near to one another: n rows drawn
    again vary by (n - 1)/n of what they should, which is made up for, label by label in the mean. The tails of few
    groups are expanded (see expanded_confidence). In simulations of 4 to 77 labels with 2 to 50 rows each it held the
    true value 89 to 99% of the time, where the plain percentile interval did 77 to 94%. Where nothing varies, all right
    or all wrong, it is Wilson's.
    """
    import numpy as np
    from scipy.sparse import csr_array

    if not cells:
        return 0.0, 1.0
    numbers: dict[Hashable, int] = {}
    units = [numbers.setdefault(group, len(numbers)) for group in groups]
    labels = 1 + max(max(cell) for cell in cells)
    # A line for each label: first how often a reference is it, then how often an answer, then how often both.
    at = [(reference, unit) for (reference, _), unit in zip(cells, units, strict=True)]
    at += [(labels + answer, unit) for (_, answer), unit in zip(cells, units, strict=True) if answer >= 0]
    at += [(2 * labels + one, unit) for (one, other), unit in zip(cells, units, strict=True) if one == other]
    lines, columns = zip(*at, strict=True)
    counts = csr_array((np.ones(len(at)), (lines, columns)), shape=(3 * labels, len(numbers)))
    counts.sum_duplicates()
    draw = np.random.default_rng(seed)
    shares = np.full(len(numbers), 1 / len(numbers))
    found = []
    for start in range(0, resamples, _AT_ONCE):
        drawn = draw.multinomial(len(numbers), shares, size=min(_AT_ONCE, resamples - start))
        found.append(_macro_f1(counts @ drawn.T.astype(np.float64)))
    values = np.concatenate(found)
    seen = _macro_f1(counts.sum(axis=1).reshape(-1, 1))[0]
    if values.min() == values.max():
        return wilson(round(seen * len(numbers)), len(numbers), confidence)
    tail = (1 - expanded_confidence(confidence, len(numbers))) / 2
    low, high = np.quantile(values, [tail, 1 - tail]) - values.mean()
    rows = np.diff(counts[:labels].indptr)  # the groups in which each label is a reference
    kept = max(1 - float(np.mean(1 / rows[rows > 0])), _LEAST_KEPT)
    middle, wider = 2 * seen - values.mean(), kept**-0.5
    return max(float(middle + low * wider), 0.0), min(float(middle + high * wider), 1.0)


def _macro_f1(counts: Floats) -> Floats:
    """Macro F1 of each column of counts: how often each label is a reference, an answer, and both, below each other."""
    import numpy as np

    wanted, answered, right = np.split(counts, 3)
    f1 = np.divide(2 * right, wanted + answered, out=np.zeros_like(right), where=wanted > 0)
    means: Floats = f1.sum(axis=0) / (wanted > 0).sum(axis=0)
    return means
