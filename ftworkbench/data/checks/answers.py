"""Answers that break the form of their file: where nearly all are JSON with the same keys, those that are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import orjson

from ftworkbench.data.labels import may_be_json
from ftworkbench.printable import one_line

_FEWEST_ROWS = 20
_IN_JSON = 0.9
_ALIKE = 0.95
# A call of a tool; where an answer may be one, it may as well be plain text.
_CALL = frozenset({"name", "arguments"})
_NAMED = 3

# The keys of an object; None of a list.
_Form = frozenset[str] | None


def broken_answers(answers: Mapping[str, int]) -> dict[str, str]:
    """Which of a file's answers break the form that nearly all have, each with what is wrong with it, and where.

    `answers` says how many rows give each. None does in a file of under 20 rows, in one where under 90% are objects or
    lists in JSON, and where these call tools; keys only count where 95% of the objects and lists have the same.
    """
    total = sum(answers.values())
    candidates = sum(count for answer, count in answers.items() if may_be_json(answer))
    if total < _FEWEST_ROWS or candidates < _IN_JSON * total:
        return {}
    forms: dict[str, _Form] = {}
    broken: dict[str, str] = {}
    known: dict[_Form, _Form] = {}
    for answer in answers:
        try:
            form = _form(answer)
            forms[answer] = known.setdefault(form, form)
        except ValueError as wrong:
            broken[answer] = f"not JSON: {wrong}"
    sizes: Counter[_Form] = Counter()
    for answer, form in forms.items():
        sizes[form] += answers[answer]
    read = sizes.total()
    if read < _IN_JSON * total:
        return {}
    (usual, most), *_ = sizes.most_common(1)
    if sizes[_CALL] > read / 2:
        return {}
    if most >= _ALIKE * read:
        told = {form: _difference(form, usual, sizes, total) for form in sizes if form != usual}
        broken.update({answer: told[form] for answer, form in forms.items() if form != usual})
    return broken


def _form(answer: str) -> _Form:
    """The form of an answer. Raises ValueError, with the place, where it is neither an object nor a list."""
    if not may_be_json(answer):
        raise ValueError("line 1 column 1: neither { nor [")
    try:
        value = orjson.loads(answer)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno} column {error.colno}: {error.msg}") from None
    return frozenset(value) if isinstance(value, dict) else None


def _difference(form: _Form, usual: _Form, sizes: Counter[_Form], total: int) -> str:
    """What sets a form apart from the usual one; `sizes` are those of all forms, among `total` answers."""
    if form is None or usual is None:
        what, others = ("a list", "objects") if form is None else ("an object", "lists")
        count = sum(size for other, size in sizes.items() if (other is None) is not (form is None))
        return f"{what}, where {count:,} of {total:,} answers are {others}"
    told = []
    if lacks := usual - form:
        have = sum(size for other, size in sizes.items() if other is not None and lacks <= other)
        told.append(f"lacks {_listed(lacks)}, which {have:,} of {total:,} answers have")
    if more := form - usual:
        lack = sum(size for other, size in sizes.items() if other is None or not more & other)
        told.append(f"has {_listed(more)}, which {lack:,} of {total:,} answers lack")
    return "; ".join(told)


def _listed(keys: Iterable[str]) -> str:
    named = [f'"{one_line(key, 30)}"' for key in sorted(keys)]
    return ", ".join(named[:_NAMED]) + (", \u2026" if len(named) > _NAMED else "")
