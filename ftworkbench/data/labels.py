"""What the label of a row is: its answer, or one value of an answer in JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import orjson

from ftworkbench.data.example import canonical_json

_MOST_LABELS = 200
# How JSON is usually written.
_STYLES: tuple[dict[str, Any], ...] = tuple(
    {"ensure_ascii": escaped, **spacing}
    for escaped in (False, True)
    for spacing in ({}, {"separators": (",", ":")}, {"indent": 2}, {"indent": 4})
)
_MOST_KEY_VALUES = 50
_LONGEST_LABEL = 80
_ROWS_PER_LABEL = 3
_MOSTLY = 0.5
_NEARLY_ALL = 0.95


def json_object(answer: str) -> dict[str, Any] | None:
    """The object that an answer in JSON is; None for any other answer."""
    if not answer.lstrip().startswith("{"):
        return None
    try:
        value = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def said_by(answer: str) -> int:
    """The same number, in every process, for answers that say the same: as JSON values, else but for white space."""
    return _said_by(answer) if len(answer) <= _LONGEST_LABEL else _said(answer)


def _said(answer: str) -> int:
    found = json_object(answer)
    told = " ".join(answer.split()).encode("utf-8", "surrogatepass") if found is None else canonical_json(found)
    return int.from_bytes(blake2b(told, digest_size=8).digest(), "big")


_said_by = lru_cache(4096)(_said)


def may_be_label(answer: str) -> bool:
    """Whether an answer may be a label, or hold one."""
    return len(answer) <= _LONGEST_LABEL or len(answer.strip()) <= _LONGEST_LABEL or may_be_json(answer)


def may_be_json(answer: str) -> bool:
    """Whether an answer begins as an object or a list in JSON does."""
    return answer.lstrip().startswith(("{", "["))


@dataclass(frozen=True)
class Labels:
    """How labels are read off answers: whole answers where `key` is None, else the value of that JSON key."""

    key: str | None = None

    def of(self, answer: str) -> str | None:
        """The label; None where the answer has none."""
        if self.key is None:
            label = answer.strip()
            return label if 0 < len(label) <= _LONGEST_LABEL else None
        value = (json_object(answer) or {}).get(self.key)
        return None if value is None or isinstance(value, dict | list) else str(value)

    def put(self, answer: str, label: str) -> str:
        """The same answer with that label; JSON is written as it was. Raises ValueError where there is no place."""
        if self.key is None:
            return label
        value = json_object(answer)
        if value is None or self.key not in value:
            raise ValueError(f'the answer is no JSON object with "{self.key}"')
        style = next((style for style in _STYLES if json.dumps(value, **style) == answer.strip()), _STYLES[0])
        return json.dumps({**value, self.key: label}, **style)


def find_labels(answers: Iterable[str], key: str | None = None) -> Labels | None:
    """How the labels of these answers are read; None where they carry none.

    `key` is what the recipe tells. Else, where the answers are JSON objects, it is the text with 2 to 50
    values that has most of them; else the answers are labels where they are short and few and come again.
    """
    return labels_of(Counter(answers), key)


def labels_of(answers: Mapping[str, int], key: str | None = None) -> Labels | None:
    """`find_labels` for answers that were counted already."""
    if key is not None:
        return Labels(key)
    total = sum(answers.values())
    objects = [(found, count) for answer, count in answers.items() if (found := json_object(answer)) is not None]
    if total and sum(count for _, count in objects) > _MOSTLY * total:
        return _find_key(objects)
    counts: Counter[str] = Counter()
    for answer, count in answers.items():
        if label := Labels().of(answer):
            counts[label] += count
    short = counts.total() >= _NEARLY_ALL * total
    return Labels() if short and _come_again(counts.values(), _MOST_LABELS) else None


def _find_key(objects: Sequence[tuple[dict[str, Any], int]]) -> Labels | None:
    values: dict[str, Counter[str]] = {}
    for found, count in objects:
        for name, value in found.items():
            if isinstance(value, str):
                values.setdefault(name, Counter())[value] += count
    fitting = [name for name, counts in values.items() if _come_again(counts.values(), _MOST_KEY_VALUES)]
    return Labels(max(fitting, key=lambda name: len(values[name]))) if fitting else None


def _come_again(counts: Iterable[int], most: int) -> bool:
    sizes = list(counts)
    return 2 <= len(sizes) <= most and sum(sizes) >= _ROWS_PER_LABEL * len(sizes)
