"""Answers compared as JSON."""

from __future__ import annotations

import json
from typing import Any

from ftworkbench.evaluate.metrics.metric import Scored
from ftworkbench.evaluate.metrics.text import exact


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


def json_valid(scored: Scored) -> float:
    try:
        parse_json(scored.answer)
    except ValueError:
        return 0.0
    return 1.0


def json_match(scored: Scored) -> float:
    try:
        wanted = parse_json(scored.reference)
    except ValueError:
        return exact(scored)
    try:
        return float(same_value(parse_json(scored.answer), wanted))
    except ValueError:
        return 0.0


def json_fields(scored: Scored) -> float:
    try:
        wanted, found = parse_json(scored.reference), parse_json(scored.answer)
    except ValueError:
        return json_match(scored)
    if not isinstance(wanted, dict) or not isinstance(found, dict):
        return json_match(scored)
    names = wanted.keys() | found.keys()
    if not names:
        return 1.0
    equal = sum(name in wanted and name in found and same_value(found[name], wanted[name]) for name in names)
    return equal / len(names)
