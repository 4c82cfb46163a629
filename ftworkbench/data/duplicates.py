"""Texts that are the same or nearly: MinHash and LSH find candidates, the real shingles decide."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Progress = Callable[[str, int, int], None]

SIMILAR = 0.7
_PERMUTATIONS = 128
_BANDS = 32
_SEED = 42
_CHUNK = 10_000
# A bucket with more rows than this holds a template; each row of it is then compared with the first few only.
_ALL_PAIRS = 24
_FIRST_FEW = 8
_MEMBERS_LOOKED_AT = 200
# Candidates whose MinHash estimate is below this are not worth the exact count; its deviation is 0.04.
_WORTH_COUNTING = SIMILAR - 0.2
# Words; a CJK character stands for a word, as there are no spaces to find words by.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")


def words(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation."""
    return _WORD.findall(text.lower())


def shingles(tokens: Sequence[str]) -> list[str]:
    """What two texts are compared by: their single words and pairs of neighbouring words, each once."""
    pairs = [f"{first} {second}" for first, second in pairwise(tokens)]
    return list({*tokens, *pairs})


class Alike:
    """Which of a list of texts say the same, or nearly; texts are known by their 0-based place in it."""

    def __init__(self, same: NDArray[np.int64], near: dict[int, list[tuple[int, float]]]) -> None:
        self._same = same
        self._near = near
        self._members: dict[int, list[int]] = {}
        for index, first in enumerate(same.tolist()):
            self._members.setdefault(first, []).append(index)

    def partners(self, index: int) -> Iterator[tuple[int, float]]:
        """The texts that are like this one, each with its Jaccard similarity: same ones first, in order."""
        first = int(self._same[index])
        for other in self._members[first][:_MEMBERS_LOOKED_AT]:
            if other != index:
                yield other, 1.0
        for near, similarity in self._near.get(first, ()):
            for other in self._members[near][:_MEMBERS_LOOKED_AT]:
                yield other, similarity

    def groups(self) -> NDArray[np.int64]:
        """For each text the first text of its group: all that hang together by likeness are in one."""
        parent = self._same.copy()

        def root(index: int) -> int:
            while parent[index] != index:
                parent[index] = parent[parent[index]]
                index = int(parent[index])
            return index

        for first, others in self._near.items():
            for other, _ in others:
                one, two = sorted((root(first), root(other)))
                parent[two] = one
        return np.array([root(index) for index in range(len(parent))], dtype=np.int64)


def find_alike(texts: Sequence[str], progress: Progress | None = None) -> Alike:
    """Which of the texts are the same, or share at least 0.7 of their words and pairs of words (Jaccard)."""
    same, distinct, hashes = _shingled(texts, progress)
    digests = _digests(hashes)
    if progress:
        progress("near-duplicates", 0, 1)
    near: dict[int, list[tuple[int, float]]] = {}
    for one, two, similarity in _verified(_candidates(digests), digests, hashes):
        first, later = distinct[one], distinct[two]
        near.setdefault(first, []).append((later, similarity))
        near.setdefault(later, []).append((first, similarity))
    for others in near.values():
        others.sort()
    if progress:
        progress("near-duplicates", 1, 1)
    return Alike(same, near)


class _Hashes:
    """The hashed shingles of many texts, one after the other in a single array."""

    def __init__(self) -> None:
        self._parts: list[NDArray[np.uint64]] = []
        self._flat: NDArray[np.uint64] = np.zeros(0, dtype=np.uint64)
        self._lengths: list[int] = []
        self._starts: NDArray[np.int64] = np.zeros(1, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._lengths)

    def add(self, sets: list[list[str]]) -> None:
        from rensa import RMinHash

        hashed = RMinHash.hash_token_sets(sets)
        self._parts += [np.array(values, dtype=np.uint64) for values in hashed]
        self._lengths += [len(values) for values in hashed]

    def seal(self) -> None:
        if self._parts:
            self._flat = np.concatenate(self._parts)
        self._parts = []
        self._starts = np.concatenate(([0], np.cumsum(np.array(self._lengths, dtype=np.int64))))

    def of(self, index: int) -> NDArray[np.uint64]:
        return self._flat[self._starts[index] : self._starts[index + 1]]

    def digest(self, start: int, end: int) -> NDArray[np.uint32]:
        from rensa import RMinHash

        sets = [self.of(index).tolist() for index in range(start, end)]
        matrix = RMinHash.digest_matrix_from_token_hash_sets(sets, _PERMUTATIONS, _SEED)
        return np.array(matrix.to_rows(), dtype=np.uint32)


def _shingled(texts: Sequence[str], progress: Progress | None) -> tuple[NDArray[np.int64], list[int], _Hashes]:
    """For each text the first with the same words; the texts that are such firsts; their hashed shingles."""
    same = np.arange(len(texts), dtype=np.int64)
    firsts: dict[str, int] = {}
    distinct: list[int] = []
    hashes = _Hashes()
    waiting: list[list[str]] = []
    for index, text in enumerate(texts):
        tokens = words(text)
        if not tokens:
            continue
        first = firsts.setdefault(" ".join(tokens), index)
        same[index] = first
        if first == index:
            distinct.append(index)
            waiting.append(shingles(tokens))
        if len(waiting) == _CHUNK:
            hashes.add(waiting)
            waiting = []
            if progress:
                progress("shingles", index + 1, len(texts))
    hashes.add(waiting)
    hashes.seal()
    return same, distinct, hashes


def _digests(hashes: _Hashes) -> NDArray[np.uint32]:
    parts = [hashes.digest(at, min(at + _CHUNK, len(hashes))) for at in range(0, len(hashes), _CHUNK)]
    return np.concatenate(parts) if parts else np.zeros((0, _PERMUTATIONS), dtype=np.uint32)


def _candidates(digests: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Pairs of rows (first, later) that agree in all of a band."""
    found = [np.zeros((0, 2), dtype=np.int64)]
    width = _PERMUTATIONS // _BANDS
    for band in range(_BANDS):
        part = digests[:, band * width : (band + 1) * width].astype(np.uint64)
        mixed = np.zeros(len(part), dtype=np.uint64)
        for column in range(width):
            mixed = (mixed ^ part[:, column]) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
        order = np.argsort(mixed, kind="stable")
        ranked = mixed[order]
        breaks = np.flatnonzero(np.diff(ranked)) + 1
        starts = np.concatenate(([0], breaks))
        ends = np.concatenate((breaks, [len(ranked)]))
        for bucket in np.flatnonzero(ends - starts > 1):
            found.append(_bucket_pairs(order[starts[bucket] : ends[bucket]]))
    return np.unique(np.concatenate(found), axis=0)


def _bucket_pairs(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    if len(rows) <= _ALL_PAIRS:
        one, two = np.triu_indices(len(rows), 1)
        return np.stack((rows[one], rows[two]), axis=1)
    few = [np.stack((np.full(len(rows) - k - 1, rows[k]), rows[k + 1 :]), axis=1) for k in range(_FIRST_FEW)]
    return np.concatenate([*few, np.stack((rows[:-1], rows[1:]), axis=1)])


def _verified(
    pairs: NDArray[np.int64], digests: NDArray[np.uint32], hashes: _Hashes
) -> Iterator[tuple[int, int, float]]:
    for at in range(0, len(pairs), _CHUNK):
        some = pairs[at : at + _CHUNK]
        estimates = (digests[some[:, 0]] == digests[some[:, 1]]).mean(axis=1)
        for one, two in some[estimates >= _WORTH_COUNTING].tolist():
            similarity = _jaccard(hashes.of(one), hashes.of(two))
            if similarity >= SIMILAR:
                yield one, two, similarity


def _jaccard(one: Any, two: Any) -> float:
    common = len(np.intersect1d(one, two, assume_unique=True))
    return common / (len(one) + len(two) - common)
