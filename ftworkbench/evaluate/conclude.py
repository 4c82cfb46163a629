"""From both systems' answers to the verdict: every metric's test, the rule, and the card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ftworkbench.evaluate.card import Answers, make_card
from ftworkbench.evaluate.metrics import Metric
from ftworkbench.evaluate.multiple import MetricComparison, compare_metrics, told_under, verdict_by_rule
from ftworkbench.evaluate.outputs import Output
from ftworkbench.evaluate.regression import Regression
from ftworkbench.evaluate.scores import scores
from ftworkbench.evaluate.verdict import Verdict

if TYPE_CHECKING:
    from ftworkbench.recipe.tables import Evaluate


@dataclass(frozen=True)
class Conclusion:
    """`verdict` by the recipe's rule, `tested` the metrics it is made of, the deciding one first, and the card."""

    verdict: Verdict
    tested: Sequence[MetricComparison]
    card: Mapping[str, Any]


def conclude(
    answers: Answers, metrics: Sequence[Metric], rule: Evaluate, regression: Mapping[str, Regression]
) -> Conclusion:
    """What the answers to the test rows come to; `metrics` has the deciding one first.

    Raises InputError where a score can only be had while it is measured, and was not kept.
    """
    before = None if answers.before is None else _scored(answers.before, metrics)
    tested = compare_metrics(before, _scored(answers.after, metrics), metrics, rule, answers.groups)
    verdict = verdict_by_rule(tested, rule.rule)
    return Conclusion(verdict, told_under(tested, rule.rule), make_card(verdict, answers, regression))


def _scored(outputs: Sequence[Output], metrics: Sequence[Metric]) -> dict[str, list[float]]:
    return {metric.name: scores(outputs, metric) for metric in metrics}
