"""What a list says of a row, and the words and marks for what was decided."""

from __future__ import annotations

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
