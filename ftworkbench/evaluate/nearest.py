"""Which of many texts are nearest to a question: BM25 over their words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

from ftworkbench.boilerplate import find_boilerplate, numbered
from ftworkbench.evaluate.scripts import UNSPACED

# Words; of scripts that put no spaces between them, two signs at a time.
_WORD = re.compile(rf"[{UNSPACED}]+|[^\W{UNSPACED}]+")
_ALIKE = 0.7  # the Jaccard index of the pairs of words from which a row counts as the question itself


def words_of(text: str) -> list[str]:
    """The words of a text, case folded; no language is taken for granted, so that none is stemmed or left out.

    A text without any, as 👍, is a word.
    """
    found: list[str] = []
    for match in _WORD.findall(text.casefold()):
        if len(match) > 1 and re.match(rf"[{UNSPACED}]", match):
            found += (match[place : place + 2] for place in range(len(match) - 1))
        else:
            found.append(match)
    return found or ([text.strip()] if text.strip() else [])


def alike(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two texts, as words, say the same or nearly."""
    if one == other:
        return True
    pairs, others = set(pairwise(one)), set(pairwise(other))
    return bool(pairs) and len(pairs & others) >= _ALIKE * len(pairs | others)


class Nearest:
    """An index of texts. BM25 as Lucene has it (k1 = 1.5, b = 0.75), by bm25s (Lù 2024)."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.words = [words_of(text) for text in texts]
        self._numbers: dict[str, int] = {}
        different = numbered(list(dict.fromkeys(map(tuple, self.words))), self._numbers)
        self._boilerplate = find_boilerplate(*different)
        self._known = frozenset(self._numbers)

    def own(self, words: Sequence[str]) -> Sequence[str]:
        """The words of a question without those that most of the texts begin, or end, with."""
        if self._boilerplate is None:
            return words
        first, last = self._boilerplate.cut(*numbered([words], self._numbers))
        return words[int(first[0]) : len(words) - int(last[0])]

    def order(self, question: str) -> list[int]:
        """All texts, by their place in the list, the nearest first; those as near as each other in their order."""
        known = [word for word in words_of(question) if word in self._known]
        if not known:
            return list(range(len(self.words)))
        import numpy as np

        scores = np.asarray(self._index.get_scores(known))
        order: list[int] = np.argsort(-scores, kind="stable").tolist()
        return order

    @cached_property
    def _index(self) -> Any:
        import bm25s

        index = bm25s.BM25(method="lucene")
        index.index(self.words, show_progress=False)
        return index
