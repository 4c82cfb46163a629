"""What lies beneath the scores of a system: labels and their confusions, JSON fields, lengths, corpus figures."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from statistics import median
from typing import Any

from ftworkbench.evaluate.metrics import Metric
from ftworkbench.evaluate.metrics.fields import field_counts
from ftworkbench.evaluate.metrics.labels import label_table
from ftworkbench.evaluate.metrics.overlap import corpus_bleu
from ftworkbench.evaluate.outputs import Output
from ftworkbench.recipe.metric_names import BLEU, split_metric


def details(
    outputs: Sequence[Output],
    metrics: Sequence[Metric],
    label_field: str | None = None,
    *,
    labelled: bool = False,
    known: Sequence[str] = (),
    groups: Sequence[Hashable] | None = None,
) -> dict[str, Any]:
    """The keys `figures`, and `labels` and `fields` where there are such, that a system has beside its metrics.

    `label_field` is the key of JSON answers whose value is their label; those that are `labelled` otherwise, or
    measured by label_accuracy, are labels as a whole. `known` are further answers, as those that were learned,
    whose labels there are; `groups` name outputs that hang together, for the interval of macro F1. See LabelTable and
    field_counts.
    """
    pairs = [(output.reference, None if _failed(output) else output.answer) for output in outputs]
    names = [metric.name for metric in metrics]
    found: dict[str, Any] = {"figures": _figures(outputs, names)}
    if pairs and (labelled or label_field is not None or "label_accuracy" in names):
        found["labels"] = label_table(pairs, label_field, known, groups).as_json()
    if any(name.startswith("json_") for name in names) and (fields := field_counts(pairs)):
        found["fields"] = fields
    return found


def _failed(output: Output) -> bool:
    return not output.answered


def _figures(outputs: Sequence[Output], names: Sequence[str]) -> dict[str, Any]:
    """How long the answers are, how many were cut off, and the figures of all rows together.

    `perplexity` is exp of the mean loss over all tokens of all references.
    """
    told = [output for output in outputs if not _failed(output)]
    found: dict[str, Any] = {
        "characters": _length([len(output.answer) for output in told]),
        "tokens": _length([output.tokens for output in told]),
        "cut_off": sum(output.finish == "length" and output.tokens > 0 for output in told),
    }
    for name in names:
        metric = split_metric(name)
        if metric.kind == BLEU:
            answers = ["" if _failed(output) else output.answer for output in outputs]
            references = [output.reference for output in outputs]
            found[f"corpus_{name}"] = corpus_bleu(answers, references, metric.argument or "13a")
    measured = [(output.reference_loss, output.reference_tokens) for output in outputs if output.reference_tokens]
    nats = sum(loss * tokens for loss, tokens in measured if loss is not None)
    if measured:
        found["perplexity"] = math.exp(min(nats / sum(tokens for _, tokens in measured), 700.0))
    return found


def _length(values: Sequence[int]) -> dict[str, float]:
    if not values:
        return {"mean": 0.0, "median": 0.0, "most": 0}
    return {"mean": sum(values) / len(values), "median": float(median(values)), "most": max(values)}
