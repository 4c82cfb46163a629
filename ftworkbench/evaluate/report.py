"""What an evaluation found, as one object: the contents of `verdict.json`."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ftworkbench.evaluate.headline import headline
from ftworkbench.evaluate.metrics import Metric, Scored
from ftworkbench.evaluate.multiple import MetricComparison
from ftworkbench.evaluate.outputs import Output
from ftworkbench.evaluate.paired import mean_interval
from ftworkbench.evaluate.regression import Regression, broken_suites
from ftworkbench.evaluate.verdict import Verdict

Summary = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class System:
    """A contestant and what it scored: `metrics` is name → {"value", "interval"}, shares from 0 to 1."""

    name: str
    metrics: Summary
    note: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"name": self.name, "metrics": self.metrics, **self.extra}
        return {**found, "note": self.note} if self.note else found


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


def evaluation_json(
    job: str,
    n: int,
    systems: Sequence[System],
    verdict: Verdict | None,
    *,
    contestants: Sequence[System] = (),
    chosen: str | None = None,
    regression: Mapping[str, Regression] | None = None,
    baseline_job: str | None = None,
    tested: Sequence[MetricComparison] = (),
    card: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The object of `evaluate --json`: `systems` on the test rows, `contestants` on the validation rows.

    `verdict` is None where the baseline was measured alone; `regression` is suite → what became of it. `tested` are the
    tests of all metrics, the deciding one first, `card` is make_card's.
    """
    suites = regression or {}
    return {
        "job": job,
        "n": n,
        "systems": [system.as_json() for system in systems],
        "verdict": None if verdict is None else _verdict(verdict, suites, card or {}),
        "contestants": [system.as_json() for system in contestants],
        "chosen": chosen,
        "regression": [found.as_json(name) for name, found in suites.items()],
        "baseline_job": baseline_job,
        "metrics": [each.as_json() for each in tested],
        "card": card,
    }


def _verdict(verdict: Verdict, regression: Mapping[str, Regression], card: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict with its first line, which says what it broke; `breaks` names the suites."""
    worse_form = bool(card) and card["format"]["word"] == "worse"
    first = headline(verdict, regression, worse_form=worse_form)
    return {**verdict.as_json(), "headline": first, "breaks": broken_suites(regression)}
