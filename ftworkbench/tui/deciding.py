"""Deciding about rows: one, or a range of them after saying how many; each decision is on disk before it is seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import orjson

from ftworkbench.data.example import Example, content_text
from ftworkbench.data.labels import json_object
from ftworkbench.data.review.decisions import DECIDED
from ftworkbench.errors import InputError
from ftworkbench.printable import one_line
from ftworkbench.tui import editing
from ftworkbench.tui.rows import WORDS

if TYPE_CHECKING:
    from ftworkbench.tui.review import Review


_NAMED = 5


def read_tags(line: str) -> tuple[list[str], list[str]]:
    """The tags to give and those to take away (`-tag`) that a line names."""
    words = [word.strip(",") for word in line.split()]
    given = [word for word in words if word and not word.startswith("-")]
    return given, [word[1:] for word in words if word.startswith("-") and len(word) > 1]


def what_changed(review: Review, index: int, before: str) -> str:
    """What to say after a decision that did more than it seems: to other rows too, or in place of another one."""
    now = review.state(index).status
    if copies := _copies(review, index):
        return f"{copies} say the same: all of them are {now}; u takes it back"
    changed = before in DECIDED and now != before
    return f"row {review.source.number(index):,}: {before} → {now}; u takes it back" if changed else ""


def _copies(review: Review, index: int) -> str:
    """The rows that say the same as this one, and this one, in words; of another file those that a check found."""
    rows = [f"{review.source.number(each):,}" for each in review.tally.copies(review.key(index))]
    number = review.source.number(index)
    others = [
        f"row {leak.other:,} of {leak.other_path}"
        for leak in review.known.problems.get(number, ())
        if leak.kind == "leak" and leak.other and leak.key == leak.other_key
    ]
    if len(rows) < 2 and not others:
        return ""
    more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    own = f"rows {', '.join(rows[:_NAMED])}{more}" if len(rows) > 1 else f"row {number:,}"
    return " and ".join([own, *others])


def undone(review: Review, index: int, what: str) -> str:
    """What to say after a step back or forth that concerned one row."""
    status = review.state(index).status
    if copies := _copies(review, index):
        return f"{what}: {copies} are {status} now"
    return f"{what}: row {review.source.number(index):,} is {status} now"


def decide_all(review: Review, rows: Sequence[int], do: str) -> str:
    """Decides the same about every row; rows with the same content are decided once. Says what was done."""
    review.decide_all(_keys(review, rows), do)
    return f"{len(rows):,} rows {WORDS[do]}; u takes it back"


def tag_all(review: Review, rows: Sequence[int], line: str) -> None:
    """Gives the rows the tags of a line, and takes away those with a minus, as one act."""
    given, taken = read_tags(line)
    review.tag_all(_keys(review, rows), given, taken)


def _keys(review: Review, rows: Sequence[int]) -> list[str]:
    """The keys of the rows, each once."""
    return list(dict.fromkeys(map(review.key, rows)))


def text_to_edit(review: Review, index: int) -> str:
    """The row as a text to edit: as edited before, else as the file has it. Raises InputError where it has none."""
    messages = review.current(index)
    if not messages:
        raise InputError("this row holds no messages that could be edited: mend it in the file, or reject it")
    return editing.to_text(messages)


def answer_place(text: str) -> int:
    """Where the last answer begins in a text to edit: it is what is edited most."""
    place = text.rfind("[assistant]\n")
    return place + len("[assistant]\n") if place >= 0 else 0


def doubt_edit(review: Review, index: int, after: str) -> str:
    """What speaks against an edit that could be kept, in words: an answer that breaks the form of the others."""
    was, now = (Example(tuple(each)).answer for each in (review.current(index), editing.from_text(after)))
    if now == was:
        return ""
    labels = review.labels()
    in_json = json_object(was) is not None or (labels is not None and labels.reading.key is not None)
    if in_json and (error := _json_error(now)):
        return f"the other answers are JSON, and this is none ({error})"
    if labels is None or (was.strip() and labels.reading.of(was) is None):
        return ""
    label = labels.reading.of(now)
    if label is None:
        return f'the answer has no "{labels.reading.key}" any more' if labels.reading.key else "the answer is no label"
    return "" if label in labels.names else f'no row that was read is labelled "{one_line(label, 40)}"'


def _json_error(answer: str) -> str:
    try:
        value = orjson.loads(answer)
    except orjson.JSONDecodeError as error:
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    return "" if isinstance(value, dict) else "no object"


def relabel(review: Review, index: int, label: str) -> str:
    """Gives the last answer of a row another label, as an edit; says what was done. Raises InputError."""
    messages = [dict(each) for each in review.current(index)]
    place = max((at for at, each in enumerate(messages) if each.get("role") == "assistant"), default=-1)
    labels = review.labels()
    if labels is None or place < 0:
        raise InputError("this row has no label that could be another")
    was, reading = content_text(messages[place]), labels.reading
    try:
        messages[place]["content"] = reading.put(was, label)
    except ValueError as error:
        raise InputError(f"{error}: e edits the row") from error
    review.decide(index, "edit", messages=messages)
    before = one_line(reading.of(was) or "", 40)
    return f"row {review.source.number(index):,}: {before} → {one_line(label, 40)}, accepted; u takes it back"


def save_edit(review: Review, index: int, before: str, after: str) -> bool:
    """Writes an edit to the ledger; False where nothing was changed. Raises InputError for what cannot be a row."""
    messages = editing.from_text(after)
    if after.rstrip("\n") == before.rstrip("\n"):
        return False
    review.decide(index, "edit", messages=messages)
    return True
