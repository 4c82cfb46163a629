"""Searching what rows say: the bytes of the file first, a few megabytes at a time, then what they mean."""

from __future__ import annotations

import json
import time
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ftworkbench.data.example import content_text
from ftworkbench.data.sources.records import filled_lines

if TYPE_CHECKING:
    from ftworkbench.tui.review import Review

_SPAN = 1 << 20
_REST_SECONDS = 0.002


@dataclass(frozen=True)
class Wanted:
    """A text that is looked for: small letters match both. `needles` are what its bytes may be, none if unknown."""

    text: str
    fold: bool
    needles: tuple[bytes, ...]


def wanted(text: str) -> Wanted:
    """What to look for in the raw bytes of a file to find `text`: as UTF-8, and as JSON escapes it."""
    fold = text == text.lower()
    plain = text.encode("utf-8", "surrogatepass")
    escaped = [json.dumps(text, ensure_ascii=ascii_only)[1:-1].encode("utf-8", "surrogatepass")
               for ascii_only in (True, False)]  # fmt: skip
    needles = dict.fromkeys([plain, *escaped])
    # The small letter of another script cannot be told by its bytes.
    return Wanted(text, fold, tuple(needle.lower() if fold else needle for needle in needles) if text.isascii() else ())


def is_plain(text: str) -> bool:
    """Whether a text stands in JSON as it is, also in JSON that is written in a JSON string."""
    return text.isascii() and json.dumps(text)[1:-1] == text


def says(review: Review, index: int, looked_for: Wanted) -> bool:
    """Whether the row says it, with its edits; a row that cannot be read may say anything that stands in its bytes."""
    messages = review.ledger.state(review.key(index)).messages
    if messages is not None:
        text = "\n".join(content_text(message) for message in messages)
    else:
        raw = review.source.raw(index)
        if not _holds(raw.lower() if looked_for.fold else raw, looked_for):
            return False
        row = review.row(index)
        if row.example is None:
            return True
        text = row.example.text
    return looked_for.text in (text.lower() if looked_for.fold else text)


def _holds(raw: bytes, looked_for: Wanted) -> bool:
    return not looked_for.needles or any(needle in raw for needle in looked_for.needles)


def candidates(review: Review, looked_for: Wanted) -> Iterator[tuple[int, list[int]]] | None:
    """The rows that may say it, in order: how many were looked at so far, and those of the last few thousand.

    None where the file has to be gone through row by row: not all of it is known, or it is no file of lines.
    """
    spans = review.source.spans(_SPAN) if review.source.complete and looked_for.needles else None
    if spans is None:
        return None
    edited = review.edited_rows()

    def found() -> Iterator[tuple[int, list[int]]]:
        for span in spans:
            block = span.read().lower() if looked_for.fold else span.read()
            end = span.first + span.count
            some = edited[bisect_left(edited, span.first) : bisect_left(edited, end)]
            if _holds(block, looked_for):
                lines = enumerate(filled_lines(block), span.first)
                here = [index for index, line in lines if _holds(line, looked_for)]
                some = sorted({*some, *(index for index in here if index < end)})
            yield end, some
            time.sleep(_REST_SECONDS)

    return found()
