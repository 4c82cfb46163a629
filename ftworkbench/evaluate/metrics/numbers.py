"""Answers compared by the number that they come to."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from ftworkbench.evaluate.metrics.metric import Scored

GSM8K = re.compile(r"####\s*\$?\s*(-?\$?(?:[0-9][0-9.,]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_NUMBER = re.compile(r"-?\$?(?:\d[\d,]*(?:\.\d+)?|(?<![\w.])\.\d+)(?:[eE][+-]?\d+)?")
_MINUS = "\u2212"


def last_number(text: str) -> Decimal | None:
    """The number after `####`, else the last one in `text`; None where there is none."""
    text = text.replace(_MINUS, "-")
    marked = GSM8K.search(text)
    numbers = [marked.group(1)] if marked else _NUMBER.findall(text)
    if not numbers:
        return None
    try:
        return Decimal(numbers[-1].replace(",", "").replace("$", "").rstrip("."))
    except InvalidOperation:
        return None


def number_match(scored: Scored) -> float:
    wanted = last_number(scored.reference)
    return float(wanted is not None and last_number(scored.answer) == wanted)
