"""What most texts begin and end with, word for word: instructions, which say nothing about which texts are alike.

Words are numbers here, one text's after the other's in `flat`; `sizes` says how many each text has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Of fewer texts, those that begin alike may well be most of them because they are near-duplicates.
_FEWEST_TEXTS = 50
# A shorter beginning does not make texts alike that are not.
_FEWEST_WORDS = 8
# Where less is left, what is told apart by it are numbers and names in one and the same text: near-duplicates again.
_FEWEST_LEFT = 3

Numbers = NDArray[np.uint32]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Boilerplate:
    """The words that more than half of the texts begin with, and end with; either may be none."""

    begins: Numbers
    ends: Numbers

    def cut(self, flat: Numbers, sizes: Counts) -> tuple[Counts, Counts]:
        """How many words of it stand at the beginning of each text, and at its end: all, or none."""
        first = np.where(_have(flat, sizes, self.begins, ends=False), len(self.begins), 0)
        apart = sizes - first >= len(self.ends)  # an end does not reach into the beginning
        last = np.where(_have(flat, sizes, self.ends, ends=True) & apart, len(self.ends), 0)
        return first.astype(np.int64), last.astype(np.int64)

    def without(self, flat: Numbers, sizes: Counts) -> tuple[Numbers, Counts]:
        """The other words of the texts, and how many each has."""
        first, last = self.cut(flat, sizes)
        within = np.arange(len(flat)) - np.repeat(_starts(sizes), sizes)
        kept = (within >= np.repeat(first, sizes)) & (within < np.repeat(sizes - last, sizes))
        return flat[kept], sizes - first - last


def find_boilerplate(flat: Numbers, sizes: Counts) -> Boilerplate | None:
    """The boilerplate of different texts; None where they have none."""
    if len(sizes) < _FEWEST_TEXTS:
        return None
    found = Boilerplate(_shared(flat, sizes, ends=False), _shared(flat, sizes, ends=True))
    if not len(found.begins) and not len(found.ends):
        return None
    _, left = found.without(flat, sizes)
    return found if np.median(left[left < sizes]) >= _FEWEST_LEFT else None


def numbered(texts: Sequence[Sequence[str]], vocabulary: dict[str, int]) -> tuple[Numbers, Counts]:
    """Texts that are lists of words, with a number for each word; `vocabulary` gets those that are new."""
    flat = [vocabulary.setdefault(word, len(vocabulary)) for text in texts for word in text]
    return np.array(flat, dtype=np.uint32), np.array([len(text) for text in texts], dtype=np.int64)


def _starts(sizes: Counts) -> Counts:
    return np.asarray(np.cumsum(sizes) - sizes, dtype=np.int64)


def _shared(flat: Numbers, sizes: Counts, *, ends: bool) -> Numbers:
    """The words that more than half of the texts begin with, or end with, in their order."""
    half = len(sizes) / 2
    firsts = _starts(sizes) + sizes - 1 if ends else _starts(sizes)
    step = -1 if ends else 1
    alike = np.flatnonzero(sizes)
    found: list[int] = []
    while True:
        alike = alike[sizes[alike] > len(found)]
        if len(alike) <= half:
            break
        now = flat[firsts[alike] + step * len(found)]
        word = np.partition(now, len(now) // 2)[len(now) // 2]  # whatever has the majority stands in the middle
        alike = alike[now == word]
        if len(alike) <= half:
            break
        found.append(int(word))
    if len(found) < _FEWEST_WORDS:
        found = []
    return np.array(found[::step], dtype=np.uint32)


def _have(flat: Numbers, sizes: Counts, some: Numbers, *, ends: bool) -> NDArray[np.bool_]:
    """Which of the texts begin, or end, with all of some words."""
    if not len(some):
        return np.zeros(len(sizes), dtype=bool)
    have = sizes >= len(some)
    places = np.flatnonzero(have)
    firsts = _starts(sizes)[places] + (sizes[places] - len(some) if ends else 0)
    have[places] = (flat[firsts[:, None] + np.arange(len(some))] == some).all(axis=1)
    return have
