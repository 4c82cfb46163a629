"""Does tuning beat prompting, and did it break anything else: the verdict, in words, and what it rests on."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ftworkbench.evaluate.metrics import Metric, named_metric
from ftworkbench.evaluate.paired import (
    Paired,
    chance_to_find,
    interval_of,
    paired,
    rows_at_least,
    rows_needed,
    rows_to_differ,
    significance,
)
from ftworkbench.evaluate.statistics import Interval

Word = Literal["better", "no better", "worse", "not enough data", "no baseline"]
MIN_EFFECT = 0.05  # the least improvement that is worth a tuned model: 5 points
POWER = 0.8


@dataclass(frozen=True)
class Verdict:
    """`baseline`, `tuned` are mean scores, `interval` is that of their difference, tuned minus baseline.

    `gained` and `lost` count the rows whose score rose and fell; `needed` is set for "not enough data".
    `groups` counts the groups of rows that hang together, if any do; `power` is how often so many rows, as discordant
    as these, find a gain of `min_effect`. With `apart` one metric is better and another worse. `pairs` are the
    differences that it all rests on.
    """

    word: Word
    metric: str
    n: int
    p_value: float | None
    interval: Interval | None
    needed: int | None
    baseline: float | None
    tuned: float
    gained: int = 0
    lost: int = 0
    reasons: tuple[str, ...] = ()
    test: str = ""
    alpha: float = 0.05
    groups: int | None = None
    power: float | None = None
    apart: bool = False
    pairs: Paired | None = field(default=None, repr=False, compare=False)

    @property
    def difference(self) -> float | None:
        return None if self.baseline is None else self.tuned - self.baseline

    def as_json(self) -> dict[str, Any]:
        """The `verdict` object of `evaluate --json`, with what else is known."""
        return {
            "word": self.word,
            "metric": self.metric,
            "p_value": self.p_value,
            "interval": None if self.interval is None else list(self.interval),
            "needed": self.needed,
            "n": self.n,
            "baseline": self.baseline,
            "tuned": self.tuned,
            "difference": self.difference,
            "gained": self.gained,
            "lost": self.lost,
            "test": self.test,
            "alpha": self.alpha,
            "groups": self.groups,
            "power": self.power,
            "apart": self.apart,
            "reasons": list(self.reasons),
        }


def decide(
    baseline: Sequence[float] | None,
    tuned: Sequence[float],
    metric: Metric | str,
    alpha: float = 0.05,
    *,
    groups: Sequence[Hashable] | None = None,
    min_effect: float = MIN_EFFECT,
    power: float = POWER,
    seed: int = 0,
) -> Verdict:
    """The verdict on scores of the same rows, in the same order.

    - no baseline: none was measured, whatever the tuned scores are;
    - better, worse: the test rejects no difference at `alpha`, by its sign;
    - not enough data: it does not, the interval still holds an improvement of `min_effect`, and there are too
      few rows to tell. Where tuned is ahead that means fewer than would show what was seen (or `min_effect`,
      if less was seen) with `power`; where it is not, fewer than could have shown `min_effect` at all;
    - no better: anything else.
    """
    metric = named_metric(metric) if isinstance(metric, str) else metric
    score = sum(tuned) / len(tuned) if tuned else 0.0
    if baseline is None:
        reason = "no prompted baseline was measured on these rows, so nothing can be said to be better"
        return Verdict(
            word="no baseline",
            metric=metric.name,
            n=len(tuned),
            p_value=None,
            interval=None,
            needed=None,
            baseline=None,
            tuned=score,
            reasons=(reason,),
            alpha=alpha,
        )
    pairs = paired(baseline, tuned, metric.binary, groups)
    p_value, test = significance(pairs, seed)
    found = Verdict(
        word="no better",
        metric=metric.name,
        n=pairs.n,
        p_value=p_value,
        interval=interval_of(pairs, 1 - alpha, seed),
        needed=None,
        baseline=sum(baseline) / len(baseline) if baseline else 0.0,
        tuned=score,
        gained=pairs.gained,
        lost=pairs.lost,
        test=test,
        alpha=alpha,
        groups=None if pairs.groups is None else pairs.units,
        power=chance_to_find(pairs, min_effect, alpha),
        pairs=pairs,
    )
    return worded(found, min_effect, power)


def worded(found: Verdict, min_effect: float = MIN_EFFECT, power: float = POWER) -> Verdict:
    """The verdict with the word and the reasons that its p-value, as it is now, gives it (see decide)."""
    pairs = found.pairs
    assert pairs is not None
    word, needed = _word(found, pairs, min_effect, power)
    found = replace(found, word=word, needed=needed)
    return replace(found, reasons=_reasons(found, min_effect))


def _word(found: Verdict, pairs: Paired, min_effect: float, power: float) -> tuple[Word, int | None]:
    """The word, and how many rows would tell where these cannot."""
    assert found.p_value is not None
    assert found.interval is not None
    if pairs.n and found.p_value < found.alpha and pairs.mean != 0:
        return ("better" if pairs.mean > 0 else "worse"), None
    fewest = rows_at_least(pairs, min_effect, found.alpha)
    needed = rows_needed(pairs, max(pairs.mean, min_effect), found.alpha, power)
    if needed is not None:
        needed = max(needed, rows_to_differ(pairs, found.alpha) or fewest)
    too_few = pairs.n < (fewest if pairs.mean <= 0 or needed is None else needed)
    if too_few and found.interval[1] >= min_effect:
        return "not enough data", max(needed or fewest, pairs.n + 1)
    return "no better", None


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"


def _reasons(found: Verdict, min_effect: float) -> tuple[str, ...]:
    assert found.interval is not None
    assert found.baseline is not None
    low, high = found.interval
    dependent = "" if found.groups is None else f", in {found.groups} groups of near-duplicates"
    lines = [
        f"{found.metric}: tuned {100 * found.tuned:.1f}%, baseline {100 * found.baseline:.1f}%, "
        f"on the same {found.n} rows{dependent}",
        f"{found.gained} rows gained, {found.lost} lost: {found.test}, p = {found.p_value:.2g}",
        f"the difference is {_points(found.tuned - found.baseline)} points, "
        f"{100 * (1 - found.alpha):g}% interval {_points(low)} to {_points(high)}",
    ]
    if found.word == "not enough data":
        assert found.needed is not None
        lines.append(
            f"{found.n} rows cannot tell: an improvement of {100 * min_effect:g} points is still possible; "
            f"about {found.needed} test rows would tell, {found.needed - found.n} more"
        )
    elif found.word == "no better":
        lines.append(f"p is not below {found.alpha:g}: nothing here says that tuning beats prompting")
    if found.word in ("no better", "not enough data") and found.power is not None:
        lines.append(
            f"so many rows find a real gain of {100 * min_effect:g} points {100 * found.power:.0f} times in 100"
        )
    return tuple(lines)
