"""Does tuning beat prompting, and did it break anything else: the verdict, in words, and what it rests on."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ftworkbench.evaluate.metrics import Metric, named_metric
from ftworkbench.evaluate.statistics import (
    Interval,
    fewest_rows,
    mcnemar_exact,
    needed_rows,
    needed_rows_of_scores,
    paired_bootstrap,
    sign_flip,
    tango,
)

Word = Literal["better", "no better", "worse", "not enough data", "no baseline"]
MIN_EFFECT = 0.05  # the least improvement that is worth a tuned model: 5 points
POWER = 0.8


@dataclass(frozen=True)
class Verdict:
    """`baseline`, `tuned` are mean scores, `interval` is that of their difference, tuned minus baseline.

    `gained` and `lost` count the rows whose score rose and fell; `needed` is set for "not enough data".
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
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True)
class Paired:
    """The scores of two systems on the same rows. `groups` name rows that depend on each other."""

    differences: tuple[float, ...]
    binary: bool
    groups: tuple[Hashable, ...] | None

    @property
    def n(self) -> int:
        return len(self.differences)

    @property
    def gained(self) -> int:
        return sum(each > 0 for each in self.differences)

    @property
    def lost(self) -> int:
        return sum(each < 0 for each in self.differences)

    @property
    def mean(self) -> float:
        return sum(self.differences) / self.n if self.n else 0.0


def paired(
    before: Sequence[float],
    after: Sequence[float],
    binary: bool,
    groups: Sequence[Hashable] | None = None,
) -> Paired:
    """Pairs two lists of scores, row by row. Groups that all hold one row are none."""
    differences = tuple(float(b) - float(a) for a, b in zip(before, after, strict=True))
    if groups is not None and len(set(groups)) == len(groups) == len(differences):
        groups = None
    return Paired(differences, binary, None if groups is None else tuple(groups))


def significance(pairs: Paired, seed: int = 0) -> tuple[float, str]:
    """The two-sided p-value of no difference, and the name of the test it is from."""
    if pairs.binary and pairs.groups is None:
        return mcnemar_exact(pairs.lost, pairs.gained), "exact McNemar"
    over = "rows" if pairs.groups is None else "groups of rows"
    return sign_flip(pairs.differences, pairs.groups, seed), f"sign flip over {over}"


def interval_of(pairs: Paired, confidence: float, seed: int = 0) -> Interval:
    """The interval of the mean difference: Tango's for right or wrong, else the paired bootstrap over groups.

    Where no row differs the bootstrap would say (0, 0) of any number of rows; Tango's keeps its width.
    """
    units = pairs.n if pairs.groups is None else len(set(pairs.groups))
    if not pairs.gained and not pairs.lost:
        return tango(0, 0, units, confidence)
    if pairs.binary and pairs.groups is None:
        return tango(pairs.lost, pairs.gained, pairs.n, confidence)
    zeros = [0.0] * pairs.n
    return paired_bootstrap(zeros, pairs.differences, seed, groups=pairs.groups, confidence=confidence)


def rows_needed(pairs: Paired, effect: float, alpha: float, power: float) -> int | None:
    """How many rows like these would tell a difference of `effect`; None where nothing can be said."""
    if pairs.binary and pairs.groups is None:
        return needed_rows(pairs.lost, pairs.gained, pairs.n, alpha, power, effect=effect)
    return needed_rows_of_scores(pairs.differences, effect, pairs.groups, alpha, power)


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
    )
    found = _with_word(found, pairs, min_effect, power)
    return replace(found, reasons=_reasons(found, min_effect))


def _with_word(found: Verdict, pairs: Paired, min_effect: float, power: float) -> Verdict:
    assert found.p_value is not None
    assert found.interval is not None
    if pairs.n and found.p_value < found.alpha and pairs.mean != 0:
        return replace(found, word="better" if pairs.mean > 0 else "worse")
    effect = max(pairs.mean, min_effect)
    needed = rows_needed(pairs, effect, found.alpha, power)
    fewest = fewest_rows(min_effect, found.alpha)
    too_few = pairs.n < (fewest if pairs.mean <= 0 or needed is None else needed)
    if too_few and found.interval[1] >= min_effect:
        return replace(found, word="not enough data", needed=max(needed or fewest, pairs.n + 1))
    return found


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"


def _reasons(found: Verdict, min_effect: float) -> tuple[str, ...]:
    assert found.interval is not None
    assert found.baseline is not None
    low, high = found.interval
    lines = [
        f"{found.metric}: tuned {100 * found.tuned:.1f}%, baseline {100 * found.baseline:.1f}%, "
        f"on the same {found.n} rows",
        f"{found.gained} rows gained, {found.lost} lost: {found.test}, p = {found.p_value:.2g}",
        f"the difference is {_points(found.tuned - found.baseline)} points, "
        f"{100 * (1 - found.alpha):g}% interval {_points(low)} to {_points(high)}",
    ]
    if found.word == "not enough data":
        lines.append(
            f"{found.n} rows cannot tell: an improvement of {100 * min_effect:g} points is still possible; "
            f"about {found.needed} test rows would tell"
        )
    elif found.word == "no better":
        lines.append(f"p is not below {found.alpha:g}: nothing here says that tuning beats prompting")
    return tuple(lines)


@dataclass(frozen=True)
class Regression:
    """A suite before and after tuning. `interval` is that of after minus before; "not sure" is neither."""

    word: Literal["held", "broken", "not sure"]
    before: float
    after: float
    interval: Interval
    n: int
    margin: float


def non_inferior(
    before: Sequence[float],
    after: Sequence[float],
    margin: float,
    alpha: float = 0.05,
    *,
    groups: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> Regression:
    """Whether a suite is no more than `margin` worse, on the same rows.

    "held" where the whole interval lies above -margin (a non-inferiority test at alpha / 2, as ICH E9 has
    it), "broken" where it all lies below; "not sure" where the rows are too few to say.
    """
    binary = {*before, *after} <= {0.0, 1.0}
    pairs = paired(before, after, binary, groups)
    low, high = interval_of(pairs, 1 - alpha, seed)
    word: Literal["held", "broken", "not sure"] = "not sure"
    if low > -margin:
        word = "held"
    elif high < -margin:
        word = "broken"
    n = pairs.n
    means = (sum(before) / n, sum(after) / n) if n else (0.0, 0.0)
    return Regression(word, *means, interval=(low, high), n=n, margin=margin)
