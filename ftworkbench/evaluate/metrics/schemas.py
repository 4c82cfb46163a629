"""Answers checked against a JSON schema: one in a file, or each row's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ftworkbench.errors import InputError
from ftworkbench.evaluate.metrics.json_values import parse_json
from ftworkbench.evaluate.metrics.metric import Scored
from ftworkbench.printable import one_line

_COLUMNS = ("schema", "json_schema", "response_format")
Validator = Callable[[Any], bool]


def schema_file(path: Path) -> Callable[[Scored], float]:
    """The metric of a schema in a file. Raises InputError where it cannot be read or is no schema."""
    try:
        schema = json.loads(path.read_bytes())
        valid = _validator(schema)
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path.name}: is no JSON schema: {_why(error)}") from None
    return lambda scored: _complies(scored.answer, valid)


def own_schema(scored: Scored) -> float:
    """Whether the answer complies with the row's own schema. Raises InputError where it has none that works."""
    schema = row_schema(scored.original)
    if schema is None:
        raise InputError(f"the row has no schema of its own in {', '.join(_COLUMNS)}; name a file: json_schema:FILE")
    try:
        valid = _cached(json.dumps(schema, sort_keys=True))
    except (ValueError, RecursionError) as error:
        raise InputError(f"the row's schema is no JSON schema: {_why(error)}") from None
    return _complies(scored.answer, valid)


def row_schema(original: Any) -> Any:
    """The schema in a row's record: a column `schema` or `json_schema`, or OpenAI's `response_format`; else None.

    It may be written as JSON in a text.
    """
    if not isinstance(original, Mapping):
        return None
    for name in _COLUMNS:
        found = original.get(name)
        if isinstance(found, str):
            try:
                found = json.loads(found)
            except (ValueError, RecursionError):
                continue
        for inner in ("json_schema", "schema"):  # {"type": "json_schema", "json_schema": {"name", "schema"}}
            if isinstance(found, Mapping) and isinstance(found.get(inner), Mapping) and "properties" not in found:
                found = found[inner]
        if isinstance(found, Mapping | bool):
            return found
    return None


@lru_cache(64)
def _cached(schema: str) -> Validator:
    return _validator(json.loads(schema))


def _validator(schema: Any) -> Validator:
    """Draft 2020-12 unless `$schema` says another. What it refers to is never fetched. Raises ValueError."""
    import jsonschema_rs

    valid: Validator = jsonschema_rs.validator_for(schema, offline=True).is_valid
    return valid


def _complies(answer: str, valid: Validator) -> float:
    try:
        return float(valid(parse_json(answer)))
    except ValueError:  # no JSON, or more deeply nested than can be checked
        return 0.0


def _why(error: Exception) -> str:
    return one_line(str(error).partition("\n")[0], 160)
