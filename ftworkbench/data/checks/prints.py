"""The fingerprints of many texts, in the order in which they come: their words, which say the same, their digests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ftworkbench.data.checks.fingerprints import Words, hash_words, joined, prints_of
from ftworkbench.data.checks.minhash import Digests, digests_of, joined_digests

_CHUNK = 5_000
_CHARACTERS = 1 << 21


@dataclass(frozen=True)
class Prints:
    """What texts are compared by: their words, one number for the words of each, and their MinHash digests."""

    words: Words
    numbers: NDArray[np.uint64]
    digests: Digests

    def of(self, chosen: NDArray[np.int64]) -> Prints:
        """Those of these texts, in this order."""
        return prints(self.words.of(chosen))


def prints(words: Words) -> Prints:
    """What texts with these words are compared by."""
    return Prints(words, prints_of(words), digests_of(words))


def joined_prints(parts: Sequence[Prints]) -> Prints:
    """Those of all parts, one after the other."""
    return Prints(
        joined([part.words for part in parts]),
        np.concatenate([np.zeros(0, dtype=np.uint64), *(part.numbers for part in parts)]),
        joined_digests([part.digests for part in parts]),
    )


class Fingerprints:
    """The words of texts, known by their 0-based place in the order in which they are added. 4 bytes a word."""

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._length = 0
        self._parts: list[Words] = []
        self._prints: list[NDArray[np.uint64]] = []

    def add(self, text: str) -> None:
        self._waiting.append(text)
        self._length += len(text)
        if len(self._waiting) == _CHUNK or self._length > _CHARACTERS:
            self._take()

    def add_words(self, texts: Words, prints: NDArray[np.uint64]) -> None:
        """Adds texts whose words were hashed already, with their `prints_of`."""
        self._take()
        self._parts.append(texts)
        self._prints.append(prints)

    def _take(self) -> None:
        """Hashes the words of the texts that wait."""
        if self._waiting:
            some = hash_words(self._waiting)
            self._waiting, self._length = [], 0
            self._parts.append(some)
            self._prints.append(prints_of(some))

    @property
    def words(self) -> Words:
        """The words of all texts."""
        self._take()
        if len(self._parts) > 1:
            self._parts = [joined(self._parts)]
        return self._parts[0] if self._parts else NO_WORDS

    @property
    def same(self) -> NDArray[np.int64]:
        """For each text the first one with the same words; itself where it has none."""
        self._take()
        prints = np.concatenate(self._prints) if self._prints else np.zeros(0, dtype=np.uint64)
        _, firsts, which = np.unique(prints, return_index=True, return_inverse=True)
        return np.where(prints == 0, np.arange(len(prints)), firsts[which]).astype(np.int64)
