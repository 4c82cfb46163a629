"""Deciding about rows: one, or a range of them after saying how many; each decision is on disk before it is seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ftworkbench.errors import InputError
from ftworkbench.tui import editing
from ftworkbench.tui.rows import WORDS

if TYPE_CHECKING:
    from ftworkbench.tui.review import Review


def read_tags(line: str) -> tuple[list[str], list[str]]:
    """The tags to give and those to take away (`-tag`) that a line names."""
    words = [word.strip(",") for word in line.split()]
    given = [word for word in words if word and not word.startswith("-")]
    return given, [word[1:] for word in words if word.startswith("-") and len(word) > 1]


def decide_all(review: Review, rows: Sequence[int], do: str) -> str:
    """Decides the same about every row; rows with the same content are decided once. Says what was done."""
    review.decide_all(_keys(review, rows), do)
    return f"{len(rows):,} rows {WORDS[do]}"


def tag_all(review: Review, rows: Sequence[int], line: str) -> None:
    """Gives the rows the tags of a line, and takes away those with a minus, as one act."""
    given, taken = read_tags(line)
    review.tag_all(_keys(review, rows), given, taken)


def _keys(review: Review, rows: Sequence[int]) -> list[str]:
    """The keys of the rows, each once."""
    return list(dict.fromkeys(map(review.key, rows)))


def text_to_edit(review: Review, index: int) -> str:
    """The row as a text to edit: as edited before, else as the file has it. Raises InputError where it has none."""
    messages = review.state(index).messages or review.messages(index)
    if not messages:
        raise InputError("this row holds no messages that could be edited: mend it in the file, or reject it")
    return editing.to_text(messages)


def save_edit(review: Review, index: int, before: str, after: str) -> bool:
    """Writes an edit to the ledger; False where nothing was changed. Raises InputError for what cannot be a row."""
    messages = editing.from_text(after)
    if after.rstrip("\n") == before.rstrip("\n"):
        return False
    review.decide(index, "edit", messages=messages)
    return True
