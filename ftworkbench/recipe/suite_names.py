"""How a recipe names a suite of other skills: FILE, FILE:METRIC, or a task of lm-evaluation-harness, lm-eval:TASK.

A task's metric may follow it as well, and a filter as that library writes it: `lm-eval:gsm8k:exact_match,strict-match`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ftworkbench.printable import one_line
from ftworkbench.recipe.metric_names import OWN, SCHEMA, metric_problem, split_metric

HARNESS = "lm-eval"  # so begins the name of a task, where a file could be named
_TASK = re.compile(r"[^\s:/\\,]+")
_TASK_METRIC = re.compile(r"[^\s:,]+(,[^\s:,]+)?")
_NO_FILE_NAME = re.compile(r"[^\w.-]+")


@dataclass(frozen=True)
class SuiteName:
    """A suite as the recipe names it. `metric` is None where none is named; one of `file` and `task` is empty."""

    file: str = ""
    task: str = ""
    metric: str | None = None


def split_suite(text: str) -> SuiteName:
    """What a suite's name is made of, whether it is right or not."""
    first, _, rest = text.partition(":")
    if first == HARNESS:
        task, _, metric = rest.partition(":")
        return SuiteName(task=task, metric=metric or None)
    return SuiteName(file=first, metric=rest or None)


def suite_problem(text: str) -> str | None:
    """What is wrong with a suite's name, in words that follow the option's; None where nothing is."""
    named, shown = split_suite(text), one_line(f'"{text}"', 80)
    if text.partition(":")[0] == HARNESS:
        if not _TASK.fullmatch(named.task):
            return f"{shown} names no task of lm-evaluation-harness; say {HARNESS}:TASK, as {HARNESS}:arc_easy"
        if named.metric is None:
            return f"{shown} lacks the metric after the last colon" if text.count(":") > 1 else None
        if not _TASK_METRIC.fullmatch(named.metric):
            return f"{shown}: after the task comes one of its metrics, as acc_norm, or with a filter, METRIC,FILTER"
        return None
    if not named.file.strip():
        return f"{shown} names no file"
    if named.metric is None:
        return f"{shown} lacks the metric after the colon" if ":" in text else None
    kind = split_metric(named.metric).kind
    if kind in (OWN, SCHEMA, "inverse_perplexity"):
        return f'"{one_line(named.metric, 80)}" cannot be the metric of a suite: it needs more than the answer'
    return metric_problem(named.metric)


def names_of(suites: Sequence[str]) -> list[str]:
    """What the suites are called in reports and files: a task by its name, a file without its folder and ending.

    Of two that would be called alike a file has its folders in its name, and a task its library.
    """
    named = [split_suite(text) for text in suites]
    stems = [Path(each.file).stem if each.file else _NO_FILE_NAME.sub("-", each.task) for each in named]
    names = []
    for each, stem in zip(named, stems, strict=True):
        longer = Path(each.file).with_suffix("").as_posix().replace("/", "-") if each.file else f"{HARNESS}-{stem}"
        names.append(stem if stems.count(stem) == 1 else longer)
    return names


def named_twice(suites: Sequence[str]) -> str | None:
    """The file or task of the first suite that is named a second time; None where each is another one."""
    names = names_of(suites)
    twice = next((place for place, name in enumerate(names) if name in names[:place]), None)
    if twice is None:
        return None
    named = split_suite(suites[twice])
    return named.file or f"{HARNESS}:{named.task}"
