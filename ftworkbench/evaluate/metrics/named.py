"""The metrics by their names, as a recipe writes them."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

from ftworkbench.errors import InputError
from ftworkbench.evaluate.metrics import json_values, numbers, overlap, schemas, text
from ftworkbench.evaluate.metrics.metric import Metric, Scored
from ftworkbench.recipe.metric_names import BLEU, OWN, REGEX, SCHEMA, metric_file_problem, metric_problem, split_metric


def _inverse_perplexity(scored: Scored) -> float:
    if scored.reference_loss is None:
        raise InputError("the loss on the reference was not measured")
    return math.exp(-scored.reference_loss)


def _bleu(name: str, tokenizer: str) -> Metric:
    return Metric(
        name,
        overlap.bleu(tokenizer),
        False,
        "sentence BLEU; the report has the corpus's beside it",
        "Papineni et al. 2002, by sacrebleu (Post 2018)",
    )


_ROUGE = "Lin 2004, as the rouge-score package, in any script"
_ALL = (
    Metric("exact_match", text.exact, True, "the answer is the reference, spaces around it aside", "SQuAD, 2016"),
    Metric(
        "normalized_match",
        text.normalised,
        True,
        "the same, with case, spaces and the punctuation at the ends of words aside",
        "after SQuAD, 2016, articles kept",
    ),
    Metric(
        "label_accuracy",
        text.normalised,
        True,
        "the answer is the reference's label and nothing else, compared as normalized_match does",
        "accuracy; the report has macro F1 and the confusions beside it",
    ),
    Metric("json_valid", json_values.json_valid, True, "the answer is JSON and nothing else", "RFC 8259"),
    Metric(
        "json_match",
        json_values.json_match,
        True,
        "the answer is nothing but JSON of the reference's value; order of keys and spaces aside",
        "RFC 8259",
    ),
    Metric(
        "json_fields",
        json_values.json_fields,
        False,
        "of all fields that answer or reference have, the share that is equal; 0 where the answer is no JSON",
        "Jaccard index of the fields",
    ),
    Metric(
        "json_schema",
        schemas.own_schema,
        True,
        "the answer is JSON that complies with the row's own schema",
        "JSON Schema, by jsonschema-rs",
        plain=False,
    ),
    Metric(
        "number_match",
        numbers.number_match,
        True,
        "the number after ####, or else the last one, is the reference's",
        "GSM8K (Cobbe et al. 2021); the last number as in lm-evaluation-harness' flexible-extract",
    ),
    Metric("contains", text.contains, True, "the reference stands in the answer, normalised", "TriviaQA, 2017"),
    Metric("rouge_1", overlap.rouge_n(1), False, "F1 of the words that answer and reference share", _ROUGE),
    Metric("rouge_2", overlap.rouge_n(2), False, "F1 of the pairs of words that both have", _ROUGE),
    Metric("rouge_l", overlap.rouge_l, False, "F1 of the longest sequence of words that both have", _ROUGE),
    _bleu("bleu", "13a"),
    Metric(
        "length",
        text.length,
        False,
        "how near the answer's length is to the reference's: the shorter by the longer, in characters",
        "the length ratio that BLEU's brevity penalty is made of, here either way",
    ),
    Metric("stopped", text.stopped, True, "the model ended the answer itself: it was not cut off", "finish_reason"),
    Metric(
        "inverse_perplexity",
        _inverse_perplexity,
        False,
        "1 / perplexity of the reference: the geometric mean of its tokens' probabilities",
        "Jelinek et al. 1977",
        plain=False,
    ),
)
METRICS = {metric.name: metric for metric in _ALL}


def named_metric(name: str, workspace: Path | None = None) -> Metric:
    """The metric of that name. Its file is read in the workspace; without one only kept scores can be had.

    A function of the user's own is never run here: that the worker does. Raises InputError where there is no such
    metric, or its file is no good.
    """
    wrong = metric_problem(name) or (metric_file_problem(name, workspace) if workspace else None)
    if wrong is not None:
        raise InputError(f"evaluate.metric {wrong}")
    if name in METRICS:
        return METRICS[name]
    found = split_metric(name)
    match found.kind:
        case str(kind) if kind == REGEX:
            return Metric(
                name, text.regex(found.argument), True, "the pattern is found, or finds the same", "regular expression"
            )
        case str(kind) if kind == BLEU:
            return _bleu(name, found.argument)
        case str(kind) if kind == SCHEMA:
            score = _schema_now(workspace / found.argument) if workspace else _elsewhere(name)
            about = f"the answer is JSON that complies with {found.argument}"
            return Metric(name, score, True, about, "JSON Schema, by jsonschema-rs", plain=False)
        case _:
            assert found.kind == OWN
            return Metric(name, _elsewhere(name), False, f"what {name} gives", f"{found.file}", plain=False)


def _schema_now(path: Path) -> Callable[[Scored], float]:
    try:
        stat = path.stat()
    except OSError:
        return schemas.schema_file(path)  # which says what is wrong
    return _schema(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(16)
def _schema(path: Path, *_stamp: int) -> Callable[[Scored], float]:
    return schemas.schema_file(path)


def _elsewhere(name: str) -> Callable[[Scored], float]:
    def score(scored: Scored) -> NoReturn:
        raise InputError(f"{name} is worked out while it is measured; measure again")

    return score
