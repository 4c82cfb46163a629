"""Scores: which metrics an evaluation has, and what each answer gets, kept beside it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ftworkbench.data.example import Example
from ftworkbench.data.labels import find_labels
from ftworkbench.errors import InputError, WorkbenchError
from ftworkbench.evaluate.details import details
from ftworkbench.evaluate.metrics import Metric, Scored, choose_metrics
from ftworkbench.evaluate.metrics.files import metric_sha256
from ftworkbench.evaluate.metrics.labels import label_of
from ftworkbench.evaluate.outputs import Output
from ftworkbench.evaluate.scores import as_scored
from ftworkbench.recipe.metric_names import OWN, split_metric
from ftworkbench.worker.own_metric import own_metric, said
from ftworkbench.worker.work import Work

_TRIED = 5  # rows that a metric is tried on before anything is asked


@dataclass(frozen=True)
class Scoring:
    """The metrics of an evaluation, the one that decides first.

    `labelled` says whether answers carry labels, `label_field` where a JSON answer has its own, and `known` holds an
    answer of each label;
    `files` are the SHA-256 of the metrics' files, by their names.
    """

    metrics: tuple[Metric, ...]
    labelled: bool
    label_field: str | None
    known: tuple[str, ...]
    files: dict[str, str]

    @property
    def needs_reference_loss(self) -> bool:
        return any(metric.name == "inverse_perplexity" for metric in self.metrics)

    def details(self, outputs: Sequence[Output], groups: Sequence[Hashable]) -> dict[str, Any]:
        """What lies beneath the scores of a system; `groups` name outputs that hang together."""
        return details(outputs, self.metrics, self.label_field, labelled=self.labelled, known=self.known, groups=groups)

    def scored(self, work: Work, name: str, outputs: Sequence[Output], examples: Sequence[Example]) -> list[Output]:
        """The outputs with their scores. What fails on a row counts as 0 there, and is told with the rows' keys.

        Raises InputError where a metric fails on every row.
        """
        scores: list[dict[str, float]] = [{} for _ in outputs]
        for metric in self.metrics:
            failed: dict[str, str] = {}
            for found, output, example in zip(scores, outputs, examples, strict=True):
                try:
                    answered = output.answered
                    scored = as_scored(output, example.original)
                    found[metric.name] = metric.score(scored) if answered else 0.0
                except Exception as error:
                    found[metric.name] = 0.0
                    failed[output.row] = _why(error)
                work.leave_if_stopped()
            if failed:
                row, why = next(iter(failed.items()))
                text = f"{metric.name} failed on {len(failed)} of {len(outputs)} answers of {name}: row {row}: {why}"
                if len(failed) == len({output.row for output in outputs}) and metric.name != "inverse_perplexity":
                    raise InputError(text)
                work.notice(f"{text}; they count as 0", "metric-failed", rows=list(failed))
        return [replace(output, scores=found) for output, found in zip(outputs, scores, strict=True)]


def open_scoring(work: Work, learned: Sequence[str], test: Sequence[Example]) -> Scoring:
    """The metrics that the recipe names, or that fit the answers `learned`, each tried on the references of the test.

    Raises InputError where one of them cannot be had, or fails on all that it is tried on.
    """
    root, table = work.workspace.root, work.recipe.evaluate
    chosen = choose_metrics(learned, table.metric, table.metrics, root)
    metrics = tuple(own_metric(each.name, root) if split_metric(each.name).kind == OWN else each for each in chosen)
    for metric in metrics:
        if not metric.plain and metric.name != "inverse_perplexity":
            _try(metric, test[:_TRIED])
    labels = find_labels(learned, work.recipe.data.label)
    named = {split_metric(metric.name).file or "": metric_sha256(metric.name, root) for metric in metrics}
    hashes = {file: found for file, found in named.items() if found}
    key = labels.key if labels else None
    known = {label: answer for answer in learned if (label := label_of(answer, key))} if labels else {}
    return Scoring(metrics, labels is not None, key, tuple(known.values()), hashes)


def _try(metric: Metric, examples: Sequence[Example]) -> None:
    """Raises InputError where the metric fails on every one of the examples, each with its reference as the answer."""
    why = ""
    for example in examples:
        try:
            metric.score(Scored(example.answer, example.answer, row=example.key, original=example.original))
        except Exception as error:
            why = why or f"row {example.key}: {_why(error)}"
        else:
            return
    raise InputError(f"evaluate.metric {metric.name} fails on every row that it was tried on, such as {why}")


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, WorkbenchError) else said(error)
