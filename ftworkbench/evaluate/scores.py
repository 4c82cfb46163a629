"""The scores of answers: of each by a metric, and the mean of all with its interval."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from ftworkbench.evaluate.metrics import Metric, Scored
from ftworkbench.evaluate.outputs import Output
from ftworkbench.evaluate.paired import mean_interval

Summary = dict[str, dict[str, Any]]
"""By metric, {"value", "interval"}."""


def scores(outputs: Sequence[Output], metric: Metric) -> list[float]:
    """The score of each output, in their order: the one that was kept beside it, else what is worked out now.

    A row that could not be had is wrong by every metric. Raises InputError where a score can only be had while it is
    measured, and was not kept.
    """
    return [score_of(output, metric) for output in outputs]


def score_of(output: Output, metric: Metric) -> float:
    """The score of one output, as scores() has it."""
    if not output.answered:
        return 0.0
    kept = output.scores.get(metric.name)
    return metric.score(as_scored(output)) if kept is None else float(kept)


def as_scored(output: Output, original: Any = None) -> Scored:
    """The output as a metric is given it; `original` is the record of its row, where that is at hand."""
    return Scored(
        output.answer,
        output.reference,
        output.finish,
        output.row,
        output.messages,
        original,
        output.reference_loss,
    )


def summarise(
    outputs: Sequence[Output],
    metrics: Sequence[Metric],
    *,
    groups: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> Summary:
    """The mean of each metric with its interval; `groups` name rows that hang together (see mean_interval)."""
    found: Summary = {}
    for metric in metrics:
        values = scores(outputs, metric)
        mean = sum(values) / len(values) if values else None
        interval = mean_interval(values, metric.binary, groups, confidence, seed)
        found[metric.name] = {"value": mean, "interval": list(interval)}
    return found
