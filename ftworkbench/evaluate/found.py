"""What an evaluation found, as one object: the contents of `verdict.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ftworkbench.evaluate.headline import headline
from ftworkbench.evaluate.multiple import MetricComparison
from ftworkbench.evaluate.regression import Regression, broken_suites
from ftworkbench.evaluate.scores import Summary
from ftworkbench.evaluate.verdict import Verdict


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
