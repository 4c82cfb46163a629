"""What most texts begin and end with, word for word: instructions, which say nothing about which texts are alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ftworkbench.data.checks.fingerprints import Words

# Of fewer texts, those that begin alike may well be most of them because they are near-duplicates.
_FEWEST_TEXTS = 50
# A shorter beginning does not make texts alike that are not.
_FEWEST_WORDS = 8
# Where less is left, what is told apart by it are numbers and names in one and the same text: near-duplicates again.
_FEWEST_LEFT = 3

_Numbers = NDArray[np.uint32]


@dataclass(frozen=True)
class Template:
    """The words that more than half of the texts begin with, and end with; either may be none."""

    begins: _Numbers
    ends: _Numbers

    def cut(self, texts: Words) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How many words are the template's at the beginning of each text, and at its end: all, or none."""
        first = np.where(_have(texts, self.begins, ends=False), len(self.begins), 0)
        apart = texts.sizes - first >= len(self.ends)
        last = np.where(_have(texts, self.ends, ends=True) & apart, len(self.ends), 0)
        return first.astype(np.int64), last.astype(np.int64)

    def without(self, texts: Words) -> Words:
        """The words of texts that are not the template's."""
        first, last = self.cut(texts)
        sizes = texts.sizes - first - last
        within = np.arange(len(texts.flat)) - np.repeat(texts.starts[:-1], texts.sizes)
        kept = (within >= np.repeat(first, texts.sizes)) & (within < np.repeat(first + sizes, texts.sizes))
        return Words(texts.flat[kept], sizes)


def find_template(texts: Words) -> Template | None:
    """The template of different texts; None where they have none."""
    if len(texts.sizes) < _FEWEST_TEXTS:
        return None
    found = Template(_shared(texts, ends=False), _shared(texts, ends=True))
    if not len(found.begins) and not len(found.ends):
        return None
    left = found.without(texts).sizes
    return found if np.median(left[left < texts.sizes]) >= _FEWEST_LEFT else None


def numbered(texts: Sequence[Sequence[str]], vocabulary: dict[str, int]) -> Words:
    """Texts that are lists of words, with a number for each word; `vocabulary` gets those that are new."""
    flat = [vocabulary.setdefault(word, len(vocabulary)) for text in texts for word in text]
    return Words(np.array(flat, dtype=np.uint32), np.array([len(text) for text in texts], dtype=np.int64))


def _shared(texts: Words, *, ends: bool) -> _Numbers:
    """The words that more than half of the texts begin with, or end with, in their order."""
    half = len(texts.sizes) / 2
    firsts = texts.starts[1:] - 1 if ends else texts.starts[:-1]
    step = -1 if ends else 1
    alike = np.flatnonzero(texts.sizes)
    found: list[int] = []
    while True:
        alike = alike[texts.sizes[alike] > len(found)]
        if len(alike) <= half:
            break
        now = texts.flat[firsts[alike] + step * len(found)]
        word = np.partition(now, len(now) // 2)[len(now) // 2]  # whatever has the majority stands in the middle
        alike = alike[now == word]
        if len(alike) <= half:
            break
        found.append(int(word))
    if len(found) < _FEWEST_WORDS:
        found = []
    return np.array(found[::step], dtype=np.uint32)


def _have(texts: Words, some: _Numbers, *, ends: bool) -> NDArray[np.bool_]:
    """Which of the texts begin, or end, with all of some words."""
    have = texts.sizes >= len(some)
    if not len(some):
        return np.zeros(len(have), dtype=bool)
    places = np.flatnonzero(have)
    firsts = texts.starts[1:][places] - len(some) if ends else texts.starts[:-1][places]
    have[places] = (texts.flat[firsts[:, None] + np.arange(len(some))] == some).all(axis=1)
    return have
