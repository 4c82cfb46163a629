"""What grades come to: the mean of each system, and their paired difference."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from ftworkbench.evaluate.judge.pairs import length_effect
from ftworkbench.evaluate.paired import interval_of, paired, significance
from ftworkbench.evaluate.statistics import paired_bootstrap


def mean_json(grades: Sequence[float], groups: Sequence[Hashable] | None = None) -> dict[str, Any]:
    """The mean grade with the bootstrap's interval; None where there is no grade."""
    if not grades:
        return {"value": None, "interval": None, "n": 0}
    low, high = paired_bootstrap([0.0] * len(grades), grades, groups=groups)
    return {"value": sum(grades) / len(grades), "interval": [low, high], "n": len(grades)}


def grades_json(
    before: Sequence[float],
    after: Sequence[float],
    lengths: Sequence[tuple[int, int]],
    scale: int,
    groups: Sequence[Hashable] | None = None,
) -> dict[str, Any]:
    """The figures of rows of which both answers have a grade: sign-flip test, bootstrap, and what length did."""
    if not before:
        return {"difference": None, "interval": None, "p_value": None, "test": "", "n": 0}
    span = scale - 1
    found = paired([each / span for each in before], [each / span for each in after], False, groups)
    p_value, test = significance(found)
    low, high = interval_of(found, 0.95)
    signs = [float((each > 0) - (each < 0)) for each in found.differences]
    return {
        "difference": found.mean * span,
        "interval": [low * span, high * span],
        "p_value": p_value,
        "test": test,
        "won": found.gained,
        "lost": found.lost,
        "ties": found.n - found.gained - found.lost,
        "longer_wins": length_effect(lengths, signs, groups).as_json(),
        "longer": sum(after > before for before, after in lengths),
        "n": found.n,
    }
