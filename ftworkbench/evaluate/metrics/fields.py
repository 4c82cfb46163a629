"""The fields of JSON answers: which of them are right, and which fail how often."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from ftworkbench.evaluate.metrics.json_values import parse_json, same_value


@dataclass
class FieldCount:
    """Of `n` references with the field, in how many answers it is `right`, `wrong` or `missing`.

    `extra` counts the answers that have the field where the reference has not.
    """

    field: str
    n: int = 0
    right: int = 0
    wrong: int = 0
    missing: int = 0
    extra: int = 0


def field_counts(pairs: Iterable[tuple[str, str | None]]) -> dict[str, Any] | None:
    """The `fields` of a system in verdict.json, the most failing first; None where no reference is a JSON object.

    `no_object` counts the answers that are no JSON object: all their fields are missing.
    """
    found: dict[str, FieldCount] = {}
    rows = no_object = 0
    for reference, answer in pairs:
        wanted = _object(reference)
        if wanted is None:
            continue
        rows += 1
        said = None if answer is None else _object(answer)
        no_object += said is None
        for name, value in wanted.items():
            count = found.setdefault(name, FieldCount(name))
            count.n += 1
            if said is None or name not in said:
                count.missing += 1
            elif same_value(said[name], value):
                count.right += 1
            else:
                count.wrong += 1
        for name in (said or {}).keys() - wanted.keys():
            found.setdefault(name, FieldCount(name)).extra += 1
    if not rows:
        return None
    order = sorted(found.values(), key=lambda count: (-(count.wrong + count.missing), -count.extra, count.field))
    return {"n": rows, "no_object": no_object, "fields": [asdict(count) for count in order[:_MOST_FIELDS]]}


_MOST_FIELDS = 200  # answers can make fields up without end


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = parse_json(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
