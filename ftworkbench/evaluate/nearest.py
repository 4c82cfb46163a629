"""Which of many texts are nearest to a question: BM25 over their words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

# Words; of scripts that put no spaces between them, two signs at a time.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f"
_WORD = re.compile(rf"[{_UNSPACED}]+|[^\W{_UNSPACED}]+")
_ALIKE = 0.7  # the Jaccard index of the pairs of words from which rows are near-duplicates, as the data's check has it


def words_of(text: str) -> list[str]:
    """The words of a text, case folded; no language is taken for granted, so that none is stemmed or left out."""
    found: list[str] = []
    for match in _WORD.findall(text.casefold()):
        if len(match) > 1 and re.match(rf"[{_UNSPACED}]", match):
            found += (match[place : place + 2] for place in range(len(match) - 1))
        else:
            found.append(match)
    return found


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
        self._index: Any = None
        if any(self.words):
            import bm25s

            self._index = bm25s.BM25(method="lucene")
            self._index.index(self.words, show_progress=False)

    def order(self, question: str) -> list[int]:
        """All texts, by their place in the list, the nearest first; those as near as each other in their order."""
        if self._index is None:
            return list(range(len(self.words)))
        import numpy as np

        known = [word for word in words_of(question) if word in self._index.vocab_dict]
        if not known:
            return list(range(len(self.words)))
        scores = np.asarray(self._index.get_scores(known))
        order: list[int] = np.argsort(-scores, kind="stable").tolist()
        return order
