"""What texts are compared by, in place of the texts: their words as hashes, and a MinHash of words and word pairs."""

from __future__ import annotations

import re
from array import array
from hashlib import blake2b
from itertools import chain, pairwise
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

PERMUTATIONS = 128
_SEED = 42
_CHUNK = 5_000
_CHARACTERS = 1 << 21
_MIX = np.uint64(0x9E3779B97F4A7C15)
# Words; a CJK character stands for a word, as there are no spaces to find words by.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")


def words(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation."""
    return _WORD.findall(text.lower())


class Fingerprints:
    """The fingerprints of texts, known by their 0-based place in the order in which they are added.

    Texts with the same words share one. It takes 4 bytes a word and some 300 a text; a word's hash is odd where
    the word begins with a digit.
    """

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._length = 0
        self._firsts: dict[bytes, int] = {}
        self._same = array("q")
        self._distinct = array("q")
        self._words = array("I")
        self._starts = array("q", [0])
        self._digests: list[NDArray[np.uint16]] = []

    def add(self, text: str) -> None:
        self._waiting.append(text)
        self._length += len(text)
        if len(self._waiting) == _CHUNK or self._length > _CHARACTERS:
            self._take()

    @property
    def same(self) -> NDArray[np.int64]:
        """For each text the first one with the same words; itself where it has none."""
        self._take()
        return np.array(self._same, dtype=np.int64)

    @property
    def distinct(self) -> NDArray[np.int64]:
        """The texts that are such firsts and have words, in order: what the other methods count by."""
        self._take()
        return np.array(self._distinct, dtype=np.int64)

    @property
    def digests(self) -> NDArray[np.uint16]:
        """The MinHash of each distinct text, PERMUTATIONS numbers a row."""
        self._take()
        return np.concatenate(self._digests) if self._digests else np.zeros((0, PERMUTATIONS), dtype=np.uint16)

    def words_of(self, place: int) -> list[int]:
        """The hashes of a distinct text's words, in order."""
        return self._words[self._starts[place] : self._starts[place + 1]].tolist()

    def shingles_of(self, place: int) -> frozenset[Any]:
        """What two texts are compared by: their single words and pairs of neighbouring words, each once."""
        hashes = self.words_of(place)
        return frozenset(chain(hashes, pairwise(hashes)))

    def _take(self) -> None:
        """Makes the fingerprints of the texts that wait."""
        if not self._waiting:
            return
        tokens = [words(text) for text in self._waiting]
        self._waiting, self._length = [], 0
        lengths = np.fromiter(map(len, tokens), dtype=np.int64, count=len(tokens))
        flat = list(chain.from_iterable(tokens))
        hashes = _hashed(flat)
        fresh = self._find_firsts(hashes, lengths)
        digits = np.fromiter(map(str.isdigit, map(itemgetter(0), flat)), dtype=np.uint32, count=len(flat))
        short = ((hashes >> np.uint64(33)).astype(np.uint32) << np.uint32(1)) | digits
        kept, sizes = short[np.repeat(fresh, lengths)], lengths[fresh]
        if len(sizes):
            self._words.frombytes(kept.tobytes())
            self._starts.frombytes((self._starts[-1] + np.cumsum(sizes)).astype(np.int64).tobytes())
            self._digests.append(_digested(kept, sizes))

    def _find_firsts(self, hashes: NDArray[np.uint64], lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Notes for each text the first with its words; gives which texts are such firsts themselves."""
        raw, start = hashes.tobytes(), 0
        fresh = np.zeros(len(lengths), dtype=bool)
        for place, length in enumerate(lengths.tolist()):
            index, end = len(self._same), start + 8 * length
            first = (
                self._firsts.setdefault(blake2b(raw[start:end], digest_size=16).digest(), index) if length else index
            )
            self._same.append(first)
            if length and first == index:
                fresh[place] = True
                self._distinct.append(index)
            start = end
        return fresh


def _hashed(tokens: list[str]) -> NDArray[np.uint64]:
    from rensa import RMinHash

    return np.array(RMinHash.hash_token_sets([tokens])[0], dtype=np.uint64)


def _digested(hashes: NDArray[np.uint32], sizes: NDArray[np.int64]) -> NDArray[np.uint16]:
    """The MinHash of each text, of its words and pairs of words; the texts' words follow one another in `hashes`."""
    from rensa import RMinHash

    single = hashes.astype(np.uint64)
    following = np.concatenate((single[1:], single[:1]))
    ends = np.cumsum(sizes)
    following[ends - 1] = 0  # no pair goes from one text into the next
    pairs = (single << np.uint64(32) | following) * _MIX
    pairs[ends - 1] = single[ends - 1]
    shingles = np.stack((single, pairs), axis=1).ravel()
    offsets = np.concatenate(([0], 2 * ends)).astype(np.uint64)
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(shingles, offsets, PERMUTATIONS, _SEED)
    # The low half of each number tells texts apart as well as the whole.
    return np.array(matrix.to_rows(), dtype=np.uint32).astype(np.uint16)
