"""How good one answer is: small functions of an answer and its reference, each from 0 to 1."""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from ftworkbench.errors import InputError

_MOST = 0.95  # a kind of reference decides where so many of them are of it; the rest are slips of the data
_LABEL_LENGTH = 80
_LABEL_SHARE = 0.6  # a label set: at most 6 different ones in 10 references
_PUNCTUATION = ".,;:!?\"'`()[]{}“”‘’„«»…"
_GSM8K = re.compile(r"####\s*\$?\s*(-?[0-9][0-9.,]*)")
_NUMBER = re.compile(r"-?\$?\d[\d,]*(?:\.\d+)?")


@dataclass(frozen=True)
class Metric:
    """`score` gives 0 to 1 for an answer and its reference, only ever 0 or 1 where `binary`."""

    name: str
    score: Callable[[str, str], float]
    binary: bool
    help: str
    source: str


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's


def parse_json(text: str) -> Any:
    """The JSON value that `text` is, spaces around it allowed. Raises ValueError where it is not JSON."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def same_value(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same: 1 and 1.0 are, true and 1 are not; keys have no order."""
    try:
        return _same(one, other)
    except RecursionError:
        return False


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def normalise(text: str) -> str:
    """`text` without what a person would not count as a difference.

    Compatibility forms and case folded, whitespace collapsed, punctuation taken off the ends of each word
    (not out of words, and not signs that mean something: `-5`, `C++`, `#1` and `U.S` stay). After SQuAD's
    normalisation (Rajpurkar et al. 2016), but with the articles kept, since "A" may be a label.
    """
    words = (word.strip(_PUNCTUATION) for word in unicodedata.normalize("NFKC", text).casefold().split())
    return " ".join(word for word in words if word)


def _exact(answer: str, reference: str) -> float:
    return float(answer.strip() == reference.strip())


def _normalised(answer: str, reference: str) -> float:
    wanted = normalise(reference)
    return float(normalise(answer) == wanted) if wanted else _exact(answer, reference)


def _contains(answer: str, reference: str) -> float:
    wanted = normalise(reference)
    found = f" {wanted} " in f" {normalise(answer)} "
    return float(found) if wanted else float(reference.strip() in answer)


def _json_valid(answer: str, reference: str) -> float:
    try:
        parse_json(answer)
    except ValueError:
        return 0.0
    return 1.0


def _json_match(answer: str, reference: str) -> float:
    try:
        wanted = parse_json(reference)
    except ValueError:
        return _exact(answer, reference)
    try:
        return float(same_value(parse_json(answer), wanted))
    except ValueError:
        return 0.0


def _json_fields(answer: str, reference: str) -> float:
    try:
        wanted, found = parse_json(reference), parse_json(answer)
    except ValueError:
        return _json_match(answer, reference)
    if not isinstance(wanted, dict) or not isinstance(found, dict):
        return _json_match(answer, reference)
    names = wanted.keys() | found.keys()
    if not names:
        return 1.0
    equal = sum(name in wanted and name in found and same_value(found[name], wanted[name]) for name in names)
    return equal / len(names)


def last_number(text: str) -> Decimal | None:
    """The number after `####`, else the last one in `text`; None where there is none."""
    marked = _GSM8K.search(text)
    numbers = [marked.group(1)] if marked else _NUMBER.findall(text)
    if not numbers:
        return None
    try:
        return Decimal(numbers[-1].replace(",", "").replace("$", "").rstrip("."))
    except InvalidOperation:
        return None


def _number_match(answer: str, reference: str) -> float:
    wanted = last_number(reference)
    return float(wanted is not None and last_number(answer) == wanted)


_ALL = (
    Metric("exact_match", _exact, True, "the answer is the reference, spaces around it aside", "SQuAD, 2016"),
    Metric(
        "normalized_match",
        _normalised,
        True,
        "the same, with case, spaces and the punctuation at the ends of words aside",
        "after SQuAD, 2016, articles kept",
    ),
    Metric(
        "label_accuracy",
        _normalised,
        True,
        "the answer is the reference's label and nothing else, compared as normalized_match does",
        "accuracy",
    ),
    Metric("json_valid", _json_valid, True, "the answer is JSON and nothing else", "RFC 8259"),
    Metric(
        "json_match",
        _json_match,
        True,
        "the answer is nothing but JSON of the reference's value; order of keys and spaces aside",
        "RFC 8259",
    ),
    Metric(
        "json_fields",
        _json_fields,
        False,
        "of all fields that answer or reference have, the share that is equal; 0 where the answer is no JSON",
        "Jaccard index of the fields",
    ),
    Metric(
        "number_match",
        _number_match,
        True,
        "the number after ####, or else the last one, is the reference's",
        "GSM8K (Cobbe et al. 2021); the last number as in lm-evaluation-harness' flexible-extract",
    ),
    Metric("contains", _contains, True, "the reference stands in the answer, normalised", "TriviaQA, 2017"),
)
METRICS = {metric.name: metric for metric in _ALL}


def named_metric(name: str) -> Metric:
    """The metric of that name. Raises InputError with the nearest right one."""
    if name in METRICS:
        return METRICS[name]
    near = difflib.get_close_matches(name, METRICS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(METRICS)}"
    raise InputError(f"evaluate.metric: {name!r} is no metric; {hint}")


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
    if _share(references, lambda text: bool(_GSM8K.search(text))) >= _MOST:
        return ("number_match",)
    if _is_label_set(references):
        return "label_accuracy", "exact_match"
    return "exact_match", "normalized_match"


def choose_metrics(
    references: Sequence[str], metric: str | None = None, metrics: Sequence[str] = ()
) -> tuple[Metric, ...]:
    """The metrics to measure, the one that decides first: those named, or what fits the references.

    JSON objects are compared as JSON, GSM8K's answers by their number, few short different ones as labels,
    anything else by exact match. Raises InputError for a name that is no metric's.
    """
    names = [metric, *metrics] if metric else [*_fitting(references), *metrics]
    return tuple(named_metric(name) for name in dict.fromkeys(names))
