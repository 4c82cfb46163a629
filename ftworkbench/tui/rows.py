"""What a list says of a row, and the words and marks for what was decided."""

from __future__ import annotations

import json
from dataclasses import dataclass

MARKS = {"unreviewed": "·", "accepted": "✔", "rejected": "✘", "skipped": "s"}
WORDS = {"accept": "accepted", "reject": "rejected", "skip": "skipped"}


@dataclass(frozen=True)
class RowLine:
    """What a list shows of a row; `problems` by their titles. Raw text: whoever shows it makes it printable."""

    number: int
    status: str
    text: str
    answer: str
    tags: tuple[str, ...]
    edited: bool
    problems: tuple[str, ...]


def short_answer(answer: str, label: str | None) -> str:
    """What tells an answer from others, in a few characters: the label, or the values of a JSON object."""
    if answer.lstrip().startswith("{"):
        try:
            value = json.loads(answer)
        except (ValueError, RecursionError):
            return answer
        if isinstance(value, dict) and value:
            return str(value.get(label)) if label and label in value else " ".join(str(part) for part in value.values())
    return answer
