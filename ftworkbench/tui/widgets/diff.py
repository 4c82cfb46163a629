"""What differs between two texts, word by word, underlined."""

from __future__ import annotations

from textual.content import Content

from ftworkbench.evaluate.word_diff import differing
from ftworkbench.printable import printable


def marked(text: str, against: str, style: str = "bold underline $warning") -> Content:
    """`text` with the words underlined that `against` has not, or has elsewhere; see `differing`."""
    shown = printable(text)
    content = Content(shown)
    for start, end in differing(shown, printable(against)):
        content = content.stylize(style, start, end)
    return content
