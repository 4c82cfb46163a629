"""Regression suites: other skills, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ftworkbench.data.checks.groups import groups_of
from ftworkbench.data.example import Example
from ftworkbench.data.sources.source import open_source
from ftworkbench.errors import InputError
from ftworkbench.evaluate.metrics import Metric, choose_metrics
from ftworkbench.evaluate.outputs import Output
from ftworkbench.evaluate.regression import Regression, non_inferior
from ftworkbench.evaluate.scores import scores
from ftworkbench.recipe.suite_names import names_of, split_suite
from ftworkbench.worker.work import Work


@dataclass(frozen=True)
class Suite:
    """The rows of a suite, and the metric that it is measured by: the recipe's, or what fits its answers.

    `groups` say which rows hang together where that is known already, as of a task, which has no examples here.
    """

    examples: list[Example]
    metric: Metric
    groups: list[int] | None = None


def read_suites(work: Work) -> dict[str, Suite]:
    """The recipe's suites that are files, by their names (see names_of).

    Raises InputError where one has no row that can be asked.
    """
    suites: dict[str, Suite] = {}
    named = work.recipe.evaluate.regression
    for name, suite in zip(names_of(named), map(split_suite, named), strict=True):
        if suite.file:
            examples = _rows(work, suite.file)
            suites[name] = Suite(examples, choose_metrics([each.answer for each in examples], suite.metric)[0])
    return suites


def _rows(work: Work, name: str) -> list[Example]:
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


def suite_mean(suite: Suite, outputs: Sequence[Output]) -> float:
    """The mean score of a suite's answers."""
    values = scores(outputs, suite.metric)
    return sum(values) / len(values)


def compare_suite(work: Work, suite: Suite, before: Sequence[Output], after: Sequence[Output]) -> Regression:
    """Whether a skill held: the answers to a suite before and after the adapter was put on.

    Questions that are nearly the same count as one group.
    """
    rule = work.recipe.evaluate
    return non_inferior(
        scores(before, suite.metric),
        scores(after, suite.metric),
        rule.regression_margin,
        rule.alpha,
        groups=groups_of([each.prompt for each in suite.examples]) if suite.groups is None else suite.groups,
        power=rule.power,
        metric=suite.metric.name,
    )
