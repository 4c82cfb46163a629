"""How a recipe names a suite of other skills: FILE, or FILE:METRIC."""

from __future__ import annotations

from ftworkbench.printable import one_line
from ftworkbench.recipe.metric_names import OWN, SCHEMA, metric_problem, split_metric


def split_suite(text: str) -> tuple[str, str | None]:
    """The suite's file, and its metric where one is named."""
    file, _, metric = text.partition(":")
    return file, metric or None


def suite_problem(text: str) -> str | None:
    """What is wrong with a suite's name, in words that follow the option's; None where nothing is."""
    file, metric = split_suite(text)
    if not file.strip():
        return f'"{one_line(text, 80)}" names no file'
    if metric is None:
        return f'"{one_line(text, 80)}" lacks the metric after the colon' if ":" in text else None
    kind = split_metric(metric).kind
    if kind in (OWN, SCHEMA, "inverse_perplexity"):
        return f'"{one_line(metric, 80)}" cannot be the metric of a suite: it needs more than the answer'
    return metric_problem(metric)
