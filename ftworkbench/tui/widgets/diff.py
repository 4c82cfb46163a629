"""What differs between two texts, word by word."""

from __future__ import annotations

import difflib
import re

from textual.content import Content

from ftworkbench.printable import printable

_WORD = re.compile(r"\s+|\w+|[^\w\s]")
# Beyond this the comparison, which costs the square of it, would hold up the screen.
_MOST_WORDS = 1500


def marked(text: str, against: str, style: str = "bold underline $warning") -> Content:
    """`text` with the words underlined that `against` has not, or has elsewhere; all plain where the two are alike.

    Where only words are missing, the word after the gap is marked.
    """
    shown, other = printable(text), printable(against)
    content = Content(shown)
    if shown == other:
        return content
    words, others = _WORD.findall(shown), _WORD.findall(other)
    if len(words) > _MOST_WORDS or len(others) > _MOST_WORDS:
        return content
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word))
    for what, _, _, first, end in difflib.SequenceMatcher(None, others, words, autojunk=False).get_opcodes():
        if what == "equal":
            continue
        last = min(first + 1, len(words)) if what == "delete" else end
        piece = shown[starts[first] : starts[last]]
        if piece.strip():
            start = starts[first] + len(piece) - len(piece.lstrip())
            content = content.stylize(style, start, start + len(piece.strip()))
    return content
