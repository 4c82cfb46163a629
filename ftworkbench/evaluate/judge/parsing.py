"""Verdicts and grades out of what a judge has written, as JSON or in words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Literal

Word = Literal["A", "B", "tie"]
_THOUGHTS = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_MARKED = re.compile(r"\[\[\s*([^\[\]\n]+?)\s*\]\]")
_SAID = re.compile(
    r"\b(?i:verdict|winner|decision)\W{0,6}(?i:is|goes to)?\W{0,6}"
    r"((?i:(?:an? )?(?:tie|draw))\b|(?i:(?:assistant|answer)[ _]?)?[ABC]\b)"  # a small "a" is mostly an article
)
_GRADED = re.compile(r"\b(?:grade|rating|score)\W{0,6}(?:is|of)?\W{0,6}(\d+(?:\.\d+)?)", re.IGNORECASE)
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)(?:\s*/\s*0*(\d{1,9}))?")
_TIES = frozenset({"c", "tie", "equal", "draw", "both", "same"})
_VERDICTS, _GRADES = ("verdict", "winner", "better"), ("grade", "rating", "score")


def read_verdict(text: str) -> tuple[Word | None, bool]:
    """The verdict on a pair, None where there is none, and whether it came as JSON of the schema.

    Looked for, in this order: a JSON object's, the last in [[ ]], the last that is called one, the whole text. A text
    that says two things by the same means has said the last one.
    """
    text = _THOUGHTS.sub("", text).strip()
    exact = _whole_object(text)
    for found in _objects(text):
        for name in _VERDICTS:
            word = _word(found.get(name))
            if word is not None:
                return word, exact
    for pattern in (_MARKED, _SAID):
        words = [word for word in map(_word, pattern.findall(text)) if word is not None]
        if words:
            return words[-1], False
    return _word(text.strip(" .*`'\"")), False


def read_grade(text: str, scale: int) -> tuple[float | None, bool]:
    """The grade from 1 to `scale`, None where there is none, or one beyond it; and whether it came as JSON."""
    text = _THOUGHTS.sub("", text).strip()
    exact = _whole_object(text)
    for found in _objects(text):
        for name in _GRADES:
            if name in found:
                return _grade(found[name], scale), exact
    for pattern in (_MARKED, _GRADED):
        given = pattern.findall(text)
        if given:
            return _grade(given[-1], scale), False
    return _grade(text.strip(" .*`'\""), scale), False


def _whole_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in a text, the last first: a judge thinks before it decides."""
    decoder = json.JSONDecoder()
    found: list[dict[str, Any]] = []
    at = text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            found.append(value)
        at = text.find("{", end)
    yield from reversed(found)


def _word(given: Any) -> Word | None:
    if not isinstance(given, str):
        return None
    word = re.sub(r"^(assistant|answer|model|response|an?\s(?=tie|draw))[\s_]*", "", given.strip().lower())
    word = word.strip(" .*`'\"")
    if word in ("a", "b"):
        return "A" if word == "a" else "B"
    return "tie" if word in _TIES else None


def _grade(given: Any, scale: int) -> float | None:
    if isinstance(given, bool):
        return None
    if isinstance(given, str):
        match = _NUMBER.fullmatch(given.strip())
        if match is None or (match[2] is not None and int(match[2]) != scale):
            return None
        given = float(match[1])
    return float(given) if isinstance(given, int | float) and 1 <= given <= scale else None
