"""Texts as vectors: their hashed words, pairs of words and runs of letters, weighed by TF-IDF, of length 1.

What is common to all texts weighs nothing; two texts are as alike as the product of their vectors says (0 to 1).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ftworkbench.data.checks.fingerprints import words

DIMENSIONS = 2048
_MOST_WORDS = 200
_MOST_COUNTED = 1 << 12
_PIECE = 4
_MOST_LEARNT_FROM = 20_000
_CHUNK_WORDS = 100_000
_AHEAD = 2
_KNOWN_WORDS = 1 << 16
_ROUNDS = 3
_SEED = 42
_GOLDEN = np.uint32(0x9E3779B1)
_LETTERS = tuple(map(np.uint32, (0x85EBCA6B, 0xC2B2AE35, 0x27D4EB2F, 0x165667B1)))
_SIGNED = 2 * DIMENSIONS
_SHIFT = np.uint32(32 - _SIGNED.bit_length() + 1)
# Far less than a place for each hash, so that few share one.
_PLACES_PER_WORD = 4
_PAST_ALL = (1 << 32) - 1

Floats = NDArray[np.float32]
_Hashes = NDArray[np.uint32]
_Rows = NDArray[np.int64]
# What a count weighs, by its place: a word that comes again says less each time.
_WEIGHTS = np.log1p(np.abs(np.arange(-_MOST_COUNTED, _MOST_COUNTED + 1))).astype(np.float32)
_WEIGHTS[:_MOST_COUNTED] *= -1


class Counted:
    """The features of texts, given as the hashes of their words: one text's after the other's.

    `starts` says where each text begins in `flat`, and at last where all end; `vocabulary` has the word of each hash.
    A word that it lacks is known as a whole only, not by its runs of letters, which forgive a typing slip. The first
    200 words of a text count.
    """

    def __init__(self, flat: _Hashes, starts: _Rows, vocabulary: Mapping[int, str] | None = None) -> None:
        self._flat = flat
        self._starts = starts
        self._known = _Known(vocabulary) if vocabulary else None

    def __len__(self) -> int:
        return len(self._starts) - 1

    @cached_property
    def sizes(self) -> _Rows:
        """How many words of each text count."""
        return np.minimum(np.diff(self._starts), _MOST_WORDS)

    def chunks(self, rows: _Rows) -> Iterator[_Rows]:
        """The rows in pieces that are quick to work on."""
        ends = np.cumsum(self.sizes[rows]) // _CHUNK_WORDS
        yield from (some for some in np.split(rows, np.flatnonzero(np.diff(ends)) + 1) if len(some))

    def of(self, rows: _Rows) -> Any:
        """The signed counts of the features of these texts: a sparse matrix, a row for each."""
        from scipy.sparse import csr_array

        sizes = self.sizes[rows]
        ends = np.cumsum(sizes)
        total = int(ends[-1]) if len(ends) else 0
        places = np.arange(total) + np.repeat(self._starts[rows] - (ends - sizes), sizes)
        hashes = self._flat[places]
        first = 0 if self._known is None else len(self._known)
        # A word, then its pair with the next one; the last word of a text has none.
        parts = np.empty(2 * total, dtype=np.int32)
        parts[0::2] = self._words(hashes, first)
        pairs = (hashes[:-1] * _LETTERS[0]) ^ hashes[1:]
        parts[1:-1:2] = first + _bucket(pairs)
        parts[2 * ends[sizes > 0] - 1] = first + _SIGNED
        starts = np.concatenate((np.zeros(1, dtype=np.int64), 2 * ends)).astype(np.int32)
        shape = (len(rows), first + _SIGNED + 1)
        return csr_array((np.ones(2 * total, dtype=np.float32), parts, starts), shape=shape) @ self._features

    def _words(self, hashes: _Hashes, first: int) -> _Rows:
        """The features of each word: its place in the vocabulary, or past `first` the one that its hash stands for."""
        if self._known is None:
            return _bucket(hashes)
        places = self._known.places(hashes).astype(np.int64)
        unknown = np.flatnonzero(places < 0)
        places[unknown] = first + _bucket(hashes[unknown])
        return places

    @cached_property
    def _features(self) -> Any:
        """The features of each word of the vocabulary, then the features that hashes stand for, then none."""
        from scipy.sparse import csr_array

        plain = np.arange(_SIGNED)
        hashes, sizes = (plain[:0], plain[:0]) if self._known is None else self._known.features()
        columns = np.concatenate((hashes, plain))
        ends = np.cumsum(np.concatenate(([0], sizes, np.ones(_SIGNED, dtype=np.int64), [0])))
        signs = np.where(columns < DIMENSIONS, 1, -1).astype(np.float32)
        columns = (columns % DIMENSIONS).astype(np.int32)
        return csr_array((signs, columns, ends.astype(np.int32)), shape=(len(ends) - 1, DIMENSIONS))


class _Known:
    """The words of a vocabulary, found by their hashes."""

    def __init__(self, vocabulary: Mapping[int, str]) -> None:
        hashes = np.fromiter(vocabulary, dtype=np.uint32, count=len(vocabulary))
        order = np.argsort(hashes)
        self._hashes = np.append(hashes[order], np.uint32(_PAST_ALL))
        names = list(vocabulary.values())
        self._names = [names[place] for place in order.tolist()]
        bits = min(max((_PLACES_PER_WORD * len(names)).bit_length(), 1), 24)
        self._shift = np.uint32(32 - bits)
        self._first = np.searchsorted(self._hashes[:-1] >> self._shift, np.arange(1 << bits)).astype(np.int32)

    def __len__(self) -> int:
        return len(self._names)

    def places(self, hashes: _Hashes) -> NDArray[np.int32]:
        """The place of each hash; -1 where it is not in the vocabulary."""
        found: NDArray[np.int32] = self._first[hashes >> self._shift]
        before = np.flatnonzero(self._hashes[found] < hashes)
        while len(before):
            found[before] += 1
            before = before[self._hashes[found[before]] < hashes[before]]
        found[(self._hashes[found] != hashes) | (found == len(self))] = -1
        return found

    def features(self) -> tuple[_Rows, _Rows]:
        """The buckets of each word and of its runs of letters, and how many they are."""
        letters = "".join(f"<{name}>" for name in self._names).encode("utf-32-le", "replace")
        codes = np.frombuffer(letters, dtype=np.uint32)
        lengths = np.fromiter(map(len, self._names), dtype=np.int64, count=len(self)) + 2
        runs = np.maximum(lengths - _PIECE + 1, 1)
        ends = np.cumsum(lengths)
        at = np.arange(runs.sum()) + np.repeat(ends - lengths - (np.cumsum(runs) - runs), runs)
        last = np.repeat(ends, runs) - 1
        hashes = np.zeros(len(at), dtype=np.uint32)
        for offset, factor in enumerate(_LETTERS):
            hashes += np.where(at + offset <= last, codes[np.minimum(at + offset, last)], np.uint32(0)) * factor
        hashes ^= hashes >> np.uint32(15)
        whole = np.cumsum(runs) - runs
        return np.insert(_bucket(hashes), whole, _bucket(self._hashes[:-1])), runs + 1


def _bucket(hashes: _Hashes) -> _Rows:
    """Which feature, and with which sign, a hash stands for."""
    return ((hashes * _GOLDEN) >> _SHIFT).astype(np.int64)


@dataclass(frozen=True)
class Vectors:
    """Texts as vectors, made where they are asked for."""

    counted: Counted
    rarity: Floats

    def __len__(self) -> int:
        return len(self.counted)

    def of(self, rows: _Rows) -> Any:
        """The vectors of these texts: a sparse matrix of float32, each row of length 1, or 0 where nothing is said."""
        return weighed(self.counted.of(rows), self.rarity)

    def chunks(self, rows: _Rows | None = None) -> Iterator[tuple[_Rows, Any]]:
        """Rows, by default all, and their vectors, some at a time; the next ones are made while these are looked at."""
        waiting: deque[tuple[_Rows, Future[Any]]] = deque()
        with ThreadPoolExecutor(_AHEAD) as ahead:
            for some in self.counted.chunks(np.arange(len(self)) if rows is None else rows):
                waiting.append((some, ahead.submit(self.of, some)))
                if len(waiting) > _AHEAD:
                    first, vectors = waiting.popleft()
                    yield first, vectors.result()
            for last, vectors in waiting:
                yield last, vectors.result()


def vectors_of(counted: Counted, learnt_from: _Rows | None = None) -> Vectors:
    """The vectors of the texts; how rare a feature is, is learnt from some of these rows, by default of all."""
    rows = spread(np.arange(len(counted)) if learnt_from is None else learnt_from, _MOST_LEARNT_FROM)
    seen = np.zeros(DIMENSIONS, dtype=np.int64)
    for some in counted.chunks(rows):
        counts = counted.of(some)
        seen += np.bincount(counts.indices[counts.data != 0], minlength=DIMENSIONS)
    return Vectors(counted, np.log((1 + len(rows)) / (1 + seen)).astype(np.float32))


def text_vectors(texts: Iterable[str]) -> Vectors:
    """The vectors of texts that are at hand."""
    tokens = [words(text) for text in texts]
    vocabulary = {_word_hash(word): word for token in tokens for word in token}
    return vectors_of(Counted(*_hashed(tokens), vocabulary))


def _hashed(tokens: Sequence[Sequence[str]]) -> tuple[_Hashes, _Rows]:
    flat = np.array([_word_hash(word) for token in tokens for word in token], dtype=np.uint32)
    return flat, np.cumsum([0, *map(len, tokens)])


@lru_cache(_KNOWN_WORDS)
def _word_hash(word: str) -> int:
    return crc32(word.encode("utf-8", "replace"))


def weighed(counts: Any, rarity: Floats) -> Any:
    """TF-IDF rows of length 1, from signed counts."""
    places = counts.data.astype(np.int32).clip(-_MOST_COUNTED, _MOST_COUNTED) + _MOST_COUNTED
    values = _WEIGHTS[places] * rarity[counts.indices]
    filled = np.flatnonzero(np.diff(counts.indptr))
    lengths = np.ones(counts.shape[0], dtype=np.float32)
    if len(filled):
        lengths[filled] = np.sqrt(np.add.reduceat(values * values, counts.indptr[filled]))
    values /= np.repeat(np.maximum(lengths, 1e-9), np.diff(counts.indptr))
    return type(counts)((values, counts.indices, counts.indptr), shape=counts.shape)


def main_directions(vectors: Floats, count: int) -> Floats:
    """The directions, as columns, in which most of these vectors (dense, a row each) lies, by subspace iteration."""
    draw = np.random.default_rng(_SEED)
    main: Floats = draw.standard_normal((vectors.shape[1], min(count, vectors.shape[1]))).astype(np.float32)
    for _ in range(_ROUNDS):
        main = vectors.T @ (vectors @ main)
        # Orthonormal by the eigenvectors of its small Gram matrix: much quicker than QR of the tall one.
        squares, turn = np.linalg.eigh((main.T @ main).astype(np.float64))
        main = (main @ (turn / np.sqrt(np.maximum(squares, max(squares[-1], 1e-9) * 1e-9)))).astype(np.float32)
    return main


def spread(rows: _Rows, most: int) -> _Rows:
    """At most so many of the rows, evenly spread."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]
