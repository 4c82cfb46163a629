"""How often the interval of macro F1 holds the true value, in experiments whose truth is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import binom

from ftworkbench.evaluate.metrics.macro import macro_f1_interval

EXPERIMENTS = 300
RESAMPLES = 500
HELD = 0.89  # the least that the docstring promises of intervals of 95%

Labels = npt.NDArray[np.int64]


def answers(rows: tuple[int, ...], right: float, draw: np.random.Generator) -> tuple[Labels, Labels]:
    """References, so many rows of each label, and answers: right so often, else any other label."""
    truth = np.repeat(np.arange(len(rows)), rows)
    other = (truth + draw.integers(1, len(rows), len(truth))) % len(rows)
    return truth, np.where(draw.random(len(truth)) < right, truth, other)


def true_macro_f1(rows: tuple[int, ...], right: float) -> float:
    """What macro F1 comes to over rows without end, where answers that are wrong are any other label as often."""
    share = np.array(rows) / sum(rows)
    called = share * right + (1 - right) / (len(rows) - 1) * (1 - share)
    return float(np.mean(2 * share * right / (share + called)))


@pytest.mark.parametrize(
    ("rows", "right"),
    [((10,) * 6, 0.8), ((50,) * 4, 0.7), ((5,) * 20, 0.8), ((40, 20, 10, 5, 5), 0.75)],
    ids=("six labels", "many rows", "twenty rare labels", "uneven labels"),
)
def test_the_interval_of_macro_f1_holds_the_true_value(rows: tuple[int, ...], right: float) -> None:
    draw, true = np.random.default_rng(3), true_macro_f1(rows, right)
    held = widths = 0.0
    for seed in range(EXPERIMENTS):
        truth, said = answers(rows, right, draw)
        cells = list(zip(truth.tolist(), said.tolist(), strict=True))
        low, high = macro_f1_interval(cells, list(range(len(cells))), seed, resamples=RESAMPLES)
        held += low <= true <= high
        widths += high - low
    assert held >= binom.ppf(1e-3, EXPERIMENTS, HELD)
    # One that is always right because it says nothing would be no better.
    assert widths / EXPERIMENTS < 6 * np.sqrt(right * (1 - right) / sum(rows))
