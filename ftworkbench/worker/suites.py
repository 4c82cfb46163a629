"""Regression suites: other skills, before and after."""

from __future__ import annotations

from collections.abc import Sequence

from ftworkbench.data.example import Example
from ftworkbench.data.sources.source import open_source
from ftworkbench.errors import InputError
from ftworkbench.evaluate.metrics import Metric, choose_metrics
from ftworkbench.evaluate.outputs import Output
from ftworkbench.evaluate.regression import Regression, non_inferior
from ftworkbench.evaluate.report import scores
from ftworkbench.worker.groups import groups_of
from ftworkbench.worker.work import Work


def read_suite(work: Work, name: str) -> list[Example]:
    """The rows of the suite in a file of the workspace. Raises InputError where none can be asked."""
    path = work.workspace.root / name
    examples, refused = [], 0
    with open_source(path) as source:
        for row in source.rows():
            if row.example is None or row.example.raw_text is not None:
                refused += 1
            else:
                examples.append(row.example)
    if not examples:
        raise InputError(f"evaluate.regression: {name} has no row that can be asked")
    if refused:
        work.notice(f"{name}: {refused} rows cannot be asked and were left out", "suite-refused")
    return examples


def _metric(outputs: Sequence[Output]) -> Metric:
    return choose_metrics([each.reference for each in outputs])[0]


def suite_mean(outputs: Sequence[Output]) -> float:
    """The mean score of a suite's answers."""
    values = scores(outputs, _metric(outputs))
    return sum(values) / len(values)


def compare_suite(work: Work, before: Sequence[Output], after: Sequence[Output]) -> Regression:
    """Whether a skill held: the answers to a suite before and after the adapter was put on.

    Questions that are nearly the same count as one group; a suite is asked with its own messages, so that they are
    those of the outputs.
    """
    metric, rule = _metric(before), work.recipe.evaluate
    return non_inferior(
        scores(before, metric),
        scores(after, metric),
        rule.regression_margin,
        rule.alpha,
        groups=groups_of([each.messages for each in before]),
        power=rule.power,
        metric=metric.name,
    )
