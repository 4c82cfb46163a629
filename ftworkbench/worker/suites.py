"""Regression suites: other skills, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ftworkbench.data.checks.groups import groups_of
from ftworkbench.data.example import Example
from ftworkbench.data.sources.source import open_source
from ftworkbench.errors import InputError
from ftworkbench.evaluate.metrics import Metric, choose_metrics
from ftworkbench.evaluate.outputs import Output
from ftworkbench.evaluate.regression import Regression, non_inferior
from ftworkbench.evaluate.report import scores
from ftworkbench.recipe.suite_names import split_suite
from ftworkbench.worker.work import Work


@dataclass(frozen=True)
class Suite:
    """The rows of a suite, and the metric that it is measured by: the recipe's, or what fits its answers."""

    examples: list[Example]
    metric: Metric


def read_suites(work: Work) -> dict[str, Suite]:
    """The recipe's suites by their names: that of the file, or its path where two files have one name.

    Raises InputError where a suite has no row that can be asked, or the recipe names one file twice.
    """
    named = [split_suite(text) for text in work.recipe.evaluate.regression]
    stems = [Path(file).stem for file, _ in named]
    suites: dict[str, Suite] = {}
    for (file, metric), stem in zip(named, stems, strict=True):
        name = stem if stems.count(stem) == 1 else Path(file).with_suffix("").as_posix().replace("/", "-")
        if name in suites:
            raise InputError(f"evaluate.regression: {file} is named twice")
        examples = _rows(work, file)
        suites[name] = Suite(examples, choose_metrics([each.answer for each in examples], metric)[0])
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
        groups=groups_of([each.prompt for each in suite.examples]),
        power=rule.power,
        metric=suite.metric.name,
    )
