"""Several metrics at once: each one's own paired test, Holm's correction, and the rule that makes one verdict of them.

The deciding metric is named before anything is measured: alone (the rule "metric") it is held to alpha itself, and
the others are reported beside it. Where any metric may win ("any") Holm's p-values are held to alpha. Where all must
("all") each is held to alpha, an intersection-union test, which keeps its level without a correction (Berger 1982).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ftworkbench.evaluate.metrics import Metric
from ftworkbench.evaluate.verdict import Verdict, decide, worded

if TYPE_CHECKING:
    from ftworkbench.recipe.tables import Evaluate


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given: the chance of one false alarm among all stays below alpha.

    S. Holm, Scandinavian Journal of Statistics 6 (1979) 65-70: the k-th smallest of m is multiplied by m - k + 1,
    and none is below the one before it.
    """
    adjusted = [1.0] * len(p_values)
    highest = 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, p_values[index] * (len(p_values) - place)))
        adjusted[index] = highest
    return adjusted


@dataclass(frozen=True)
class MetricComparison:
    """A metric's own paired test: `alone` by its own p-value, `among` by the one that it is held to beside others."""

    alone: Verdict
    among: Verdict
    p_adjusted: float | None

    def as_json(self) -> dict[str, Any]:
        """An object of `metrics` in verdict.json; its word is that of `among`."""
        names = ("metric", "n", "baseline", "tuned", "difference", "interval", "gained", "lost", "p_value", "test")
        found = self.alone.as_json()
        return {name: found[name] for name in names} | {"p_adjusted": self.p_adjusted, "word": self.among.word}


def compare_metrics(
    baseline: Mapping[str, Sequence[float]] | None,
    tuned: Mapping[str, Sequence[float]],
    metrics: Sequence[Metric],
    rule: Evaluate,
    groups: Sequence[Hashable] | None = None,
) -> list[MetricComparison]:
    """The test of each metric on the scores of the same rows, by the metric's name; Holm's correction over all."""
    alone = [
        decide(
            None if baseline is None else baseline[metric.name],
            tuned[metric.name],
            metric,
            rule.alpha,
            groups=groups,
            min_effect=rule.min_effect,
            power=rule.power,
        )
        for metric in metrics
    ]
    if baseline is None:
        return [MetricComparison(each, each, None) for each in alone]
    adjusted = holm([each.p_value or 0.0 for each in alone])
    return [MetricComparison(each, _held_to(each, p, rule), p) for each, p in zip(alone, adjusted, strict=True)]


def told_under(tested: Sequence[MetricComparison], rule: str) -> list[MetricComparison]:
    """The tests as they are told under a rule: where the first metric decides alone, its word is the verdict's."""
    return [replace(tested[0], among=tested[0].alone), *tested[1:]] if rule == "metric" else list(tested)


def _held_to(verdict: Verdict, p_value: float, rule: Evaluate) -> Verdict:
    if p_value == verdict.p_value:
        return verdict
    return worded(replace(verdict, p_value=p_value, test=f"{verdict.test} after Holm"), rule.min_effect, rule.power)


def verdict_by_rule(tested: Sequence[MetricComparison], rule: str) -> Verdict:
    """One verdict, of which the first metric is the deciding one.

    It is that of one of the metrics: under "any" the one with the smallest adjusted p-value, under "all" the one that
    keeps it from better, or else the one with the largest p-value. Its reasons say what the others came to.
    """
    deciding = tested[0]
    if rule == "metric" or len(tested) == 1 or deciding.p_adjusted is None:
        return deciding.alone
    found = _any(tested) if rule == "any" else _all(tested)
    return replace(found, reasons=(*found.reasons, _said(tested, rule)))


def _any(tested: Sequence[MetricComparison]) -> Verdict:
    among = sorted((each.among for each in tested), key=lambda each: each.p_value or 0.0)
    words = [each.word for each in among]
    if "better" in words and "worse" in words:
        return replace(among[words.index("better")], word="no better", apart=True)
    for word in ("better", "worse", "not enough data"):
        if word in words:
            return among[words.index(word)]
    return among[0]


def _all(tested: Sequence[MetricComparison]) -> Verdict:
    worse = [each.among for each in tested if each.among.word == "worse"]
    if worse:
        return min(worse, key=lambda each: each.p_value or 0.0)
    alone = [each.alone for each in tested]
    # One that is worse by its own p-value only is no proof of a loss among several, and none of a gain.
    held_back = [each for each in alone if each.word in ("no better", "worse")]
    if held_back:
        return replace(held_back[0], word="no better")
    short = [each for each in alone if each.word == "not enough data"]
    if short:
        return max(short, key=lambda each: each.needed or 0)
    return max(alone, key=lambda each: each.p_value or 0.0)


def _said(tested: Sequence[MetricComparison], rule: str) -> str:
    if rule == "any":
        each = ", ".join(f"{one.among.metric} {one.among.word} (p = {one.p_adjusted:.2g})" for one in tested)
        return f"any metric may win, p-values adjusted by Holm: {each}"
    each = ", ".join(f"{one.alone.metric} {one.alone.word} (p = {one.alone.p_value:.2g})" for one in tested)
    return f"all metrics must win: {each}"
