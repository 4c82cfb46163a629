"""Which metrics fit the data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ftworkbench.evaluate.metrics.json_values import parse_json
from ftworkbench.evaluate.metrics.metric import Metric
from ftworkbench.evaluate.metrics.named import named_metric
from ftworkbench.evaluate.metrics.numbers import GSM8K
from ftworkbench.evaluate.metrics.text import normalise

_MOST = 0.95  # a kind of reference decides where so many of them are of it; the rest are slips of the data
_LABEL_LENGTH = 80
_LABEL_SHARE = 0.6  # a label set: at most 6 different ones in 10 references
_SHORT_WORDS = 12  # of an answer that can be hit word by word; a longer one is never given twice alike


def _is_container(text: str, kinds: type | tuple[type, ...]) -> bool:
    try:
        return isinstance(parse_json(text), kinds)
    except ValueError:
        return False


def _share(references: Sequence[str], holds: Callable[[str], bool]) -> float:
    return sum(map(holds, references)) / len(references) if references else 0.0


def _is_label_set(references: Sequence[str]) -> bool:
    short = _share(references, lambda text: len(text.strip()) <= _LABEL_LENGTH and "\n" not in text.strip())
    different = len({normalise(text) for text in references})
    return len(references) > 1 and short == 1.0 and different <= _LABEL_SHARE * len(references)


def _fitting(references: Sequence[str]) -> tuple[str, ...]:
    """The names of the metrics that fit such references, the one that decides first."""
    if _share(references, lambda text: _is_container(text, dict)) >= _MOST:
        return "json_match", "json_valid", "json_fields"
    if _share(references, lambda text: _is_container(text, (dict, list))) >= _MOST:
        return "json_match", "json_valid"
    if _share(references, lambda text: bool(GSM8K.search(text))) >= _MOST:
        return ("number_match",)
    if _is_label_set(references):
        return "label_accuracy", "exact_match"
    if _share(references, lambda text: len(text.split()) <= _SHORT_WORDS) > 0.5 or not references:
        return "exact_match", "normalized_match", "rouge_l"
    return "rouge_l", "normalized_match"


def choose_metrics(
    references: Sequence[str], metric: str | None = None, metrics: Sequence[str] = (), workspace: Path | None = None
) -> tuple[Metric, ...]:
    """The metrics to measure, the one that decides first: those named, or what fits the references.

    JSON objects are compared as JSON, GSM8K's answers by their number, few short different ones as labels, other short
    ones by exact match, and texts, which no two writers word alike, by ROUGE-L. Raises InputError for a name that is no
    metric's, or a metric's file that is no good (see named_metric).
    """
    names = [metric, *metrics] if metric else [*_fitting(references), *metrics]
    return tuple(named_metric(name, workspace) for name in dict.fromkeys(names))
