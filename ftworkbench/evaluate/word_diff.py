"""What differs between two texts, word by word."""

from __future__ import annotations

import difflib
import re

_WORD = re.compile(r"\s+|\w+|[^\w\s]")
# Beyond this the comparison, which costs the square of it, would hold up who waits for it.
_MOST_WORDS = 1500


def differing(text: str, against: str) -> list[tuple[int, int]]:
    """Where in `text` the words are that `against` has not, or has elsewhere, as starts and ends; in order.

    Where only words are missing, it is the word after the gap. None where the two are alike, or too long to compare.
    """
    if text == against:
        return []
    words, others = _WORD.findall(text), _WORD.findall(against)
    if len(words) > _MOST_WORDS or len(others) > _MOST_WORDS:
        return []
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word))
    found = []
    for what, _, _, first, end in difflib.SequenceMatcher(None, others, words, autojunk=False).get_opcodes():
        if what == "equal":
            continue
        last = min(first + 1, len(words)) if what == "delete" else end
        piece = text[starts[first] : starts[last]]
        if piece.strip():
            start = starts[first] + len(piece) - len(piece.lstrip())
            found.append((start, start + len(piece.strip())))
    return found
