"""The fingerprints of many texts, in the order in which they come: their words, which say the same, their digests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ftworkbench.data.checks.fingerprints import NO_WORDS, Words, hash_words, joined, prints_of
from ftworkbench.data.checks.minhash import Digests, digests_of, joined_digests

_CHUNK = 5_000
_CHARACTERS = 1 << 21


class Fingerprints:
    """What texts are compared by, known by their 0-based place in the order in which they are added.

    4 bytes a word, and 130 to 260 a text.
    """

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._length = 0
        self._parts: list[Words] = []
        self._prints: list[NDArray[np.uint64]] = []
        self._digests: list[Digests] = []

    def add(self, text: str) -> None:
        self._waiting.append(text)
        self._length += len(text)
        if len(self._waiting) == _CHUNK or self._length > _CHARACTERS:
            self._take()

    def add_words(self, texts: Words, prints: NDArray[np.uint64], digests: Digests) -> None:
        """Adds texts whose words were hashed already, with their `prints_of` and `digests_of`."""
        self._take()
        self._parts.append(texts)
        self._prints.append(prints)
        self._digests.append(digests)

    def _take(self) -> None:
        """Hashes the words of the texts that wait."""
        if self._waiting:
            some = hash_words(self._waiting)
            self._waiting, self._length = [], 0
            self.add_words(some, prints_of(some), digests_of(some))

    @property
    def words(self) -> Words:
        """The words of all texts."""
        self._take()
        if len(self._parts) > 1:
            self._parts = [joined(self._parts)]
        return self._parts[0] if self._parts else NO_WORDS

    @property
    def digests(self) -> Digests:
        """The digests of all texts."""
        self._take()
        if len(self._digests) > 1:
            self._digests = [joined_digests(self._digests)]
        return self._digests[0] if self._digests else joined_digests([])

    @property
    def same(self) -> NDArray[np.int64]:
        """For each text the first one with the same words; itself where it has none."""
        self._take()
        prints = np.concatenate(self._prints) if self._prints else np.zeros(0, dtype=np.uint64)
        _, firsts, which = np.unique(prints, return_index=True, return_inverse=True)
        return np.where(prints == 0, np.arange(len(prints)), firsts[which]).astype(np.int64)
