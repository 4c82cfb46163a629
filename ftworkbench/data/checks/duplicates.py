"""Texts that are the same or nearly: MinHash and LSH find candidates, the real shingles decide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from ftworkbench.aside import Progress
from ftworkbench.boilerplate import find_boilerplate
from ftworkbench.data.checks.fingerprints import Words
from ftworkbench.data.checks.minhash import BAND, Digests, bands, digests_of
from ftworkbench.data.checks.prints import Fingerprints

SIMILAR = 0.7
_CHUNK = 10_000
_KNOWN_SHINGLES = 8_192
_MOST_AT_ONCE = 1 << 24
_THREADS = 2
# A bucket with more rows than this holds a template; each row of it is then compared with the first few only.
_ALL_PAIRS = 24
_FIRST_FEW = 8
_MEMBERS_LOOKED_AT = 200
# Candidates whose MinHash estimate is below this are not worth the exact count; its deviation is at most 0.07.
_WORTH_COUNTING = SIMILAR - 0.2


_Pairs = NDArray[np.int64]


class Alike:
    """Which of a list of texts say the same, or nearly; texts are known by their 0-based place in it.

    `words` are those of the texts.
    """

    def __init__(self, words: Words, same: NDArray[np.int64], near: dict[int, list[tuple[int, float]]]) -> None:
        self.words = words
        self._starts = words.starts
        self._same = same
        self._near = near
        self._sizes = np.bincount(same, minlength=len(same))
        self._members: dict[int, list[int]] = {}
        for index in np.flatnonzero(self._sizes[same] > 1).tolist():
            self._members.setdefault(int(same[index]), []).append(index)

    @property
    def paired(self) -> NDArray[np.int64]:
        """The texts that are like another one, in order."""
        near = np.zeros(len(self._same), dtype=bool)
        near[list(self._near)] = True
        return np.flatnonzero((self._sizes[self._same] > 1) | near[self._same])

    def partners(self, index: int) -> Iterator[tuple[int, float]]:
        """The texts that are like this one, each with its Jaccard similarity: same ones first, in order."""
        first = int(self._same[index])
        for other in self._members.get(first, ())[:_MEMBERS_LOOKED_AT]:
            if other != index:
                yield other, 1.0
        for near, similarity in self._near.get(first, ()):
            for other in self._members.get(near, [near])[:_MEMBERS_LOOKED_AT]:
                yield other, similarity

    def same_numbers(self, one: int, two: int) -> bool:
        """Whether two texts hold the same numbers, each as often, wherever they stand."""
        first, second = int(self._same[one]), int(self._same[two])
        return first == second or self._numbers(first) == self._numbers(second)

    def _numbers(self, text: int) -> list[int]:
        hashes = self.words.flat[self._starts[text] : self._starts[text + 1]].tolist()
        return sorted(word for word in hashes if word % 2)

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


def find_alike(texts: Iterable[str], progress: Progress | None = None) -> Alike:
    """Which of the texts are the same, or share at least 0.7 of their words and pairs of words (Jaccard)."""
    prints = Fingerprints()
    for text in texts:
        prints.add(text)
    return compare_prints(prints, progress)


def compare_prints(prints: Fingerprints, progress: Progress | None = None) -> Alike:
    """`find_alike` for texts whose fingerprints were made already.

    What most of the texts begin or end with, as instructions before each question, counts for nothing.
    """
    if progress:
        progress("near-duplicates", 0, 1)
    words, same = prints.words, prints.same
    distinct = np.flatnonzero((same == np.arange(len(same))) & (words.sizes > 0))
    own, digests = words, prints.digests
    some = words.of(distinct)
    if boilerplate := find_boilerplate(some.flat, some.sizes):
        own = Words(*boilerplate.without(words.flat, words.sizes))
        digests = digests_of(own)
        distinct = distinct[own.sizes[distinct] > 0]
    near: dict[int, list[tuple[int, float]]] = {}
    for first, later, similarity in _verified(own, _likely(digests, distinct)):
        near.setdefault(first, []).append((later, similarity))
        near.setdefault(later, []).append((first, similarity))
    for others in near.values():
        others.sort()
    if progress:
        progress("near-duplicates", 1, 1)
    return Alike(words, same, near)


def _verified(texts: Words, pairs: _Pairs) -> Iterator[tuple[int, int, float]]:
    """Which of the pairs of texts are alike, each with its Jaccard similarity, by the real shingles."""
    starts = texts.starts

    @lru_cache(_KNOWN_SHINGLES)
    def shingles(text: int) -> frozenset[int]:
        words = texts.flat[starts[text] : starts[text + 1]].astype(np.uint64)
        pairs = words[:-1] << np.uint64(32) | words[1:]
        return frozenset(chain(words.tolist(), pairs.tolist()))

    for one, two in _by_group(pairs, len(texts.sizes)).tolist():
        first, later = shingles(one), shingles(two)
        common = len(first & later)
        similarity = common / (len(first) + len(later) - common)
        if similarity >= SIMILAR:
            yield one, two, similarity


def _likely(digests: Digests, texts: NDArray[np.int64]) -> _Pairs:
    """The pairs of these texts (first, later) that are worth the exact count, in order."""
    found = [np.zeros((0, 2), dtype=np.int64)]
    found += [rows[_candidates(table)] for rows, table in digests.of(texts)]
    return np.unique(np.concatenate(found), axis=0)


def _by_group(pairs: _Pairs, rows: int) -> _Pairs:
    """The pairs, those of rows that hang together one after the other: their shingles are then made once."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ones = np.ones(len(pairs), dtype=bool)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(rows, rows))
    _, group = connected_components(graph, directed=False)
    return pairs[np.argsort(group[pairs[:, 0]], kind="stable")]


def _candidates(digests: NDArray[np.uint8]) -> _Pairs:
    """Pairs of rows (first, later) that agree in all of a band, and about as often as rows that are alike do."""
    rows = len(digests)
    columns = np.empty((digests.shape[1], rows), dtype=np.uint8)
    for at in range(0, rows, _CHUNK):
        columns[:, at : at + _CHUNK] = digests[at : at + _CHUNK].T
    # Numbers of 64 bits, with the band in the upper ones and the row in the others: sorting these is the quickest way.
    shift = np.uint64(max(rows.bit_length(), 64 - 8 * BAND))
    numbers, one_row = np.arange(rows, dtype=np.uint64), np.uint64(1) << shift

    def of_band(band: NDArray[np.int64]) -> NDArray[np.int64]:
        order = np.zeros(rows, dtype=np.uint64)
        for column in band:
            order <<= np.uint64(8)
            order |= columns[column]
        order <<= shift
        order |= numbers
        order.sort()
        shared = (order[1:] ^ order[:-1]) < one_row
        agreeing = (_agreeing(pairs, digests) for pairs in _buckets(order, shared, shift))
        return np.concatenate([np.zeros(0, dtype=np.int64), *agreeing])

    found = [np.zeros(0, dtype=np.int64)]
    with ThreadPoolExecutor(_THREADS) as pool:
        for some in pool.map(of_band, bands()):
            found.append(some)
            if sum(map(len, found)) > _MOST_AT_ONCE:
                found = [_once_each(np.concatenate(found))]
    pairs = _once_each(np.concatenate(found))
    return np.stack((pairs // max(rows, 1), pairs % max(rows, 1)), axis=1)


def _buckets(order: NDArray[np.uint64], shared: NDArray[np.bool_], shift: np.uint64) -> Iterator[_Pairs]:
    """The pairs of rows within each bucket, a run of numbers of which each is `shared` by the next one."""
    edges = np.flatnonzero(np.diff(shared, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2] + 1
    sizes = ends - starts
    for size in np.unique(sizes).tolist():
        members = order[starts[sizes == size][:, None] + np.arange(size)] & ((np.uint64(1) << shift) - np.uint64(1))
        one, two = _compared(size)
        yield np.stack((members[:, one], members[:, two]), axis=-1).reshape(-1, 2).astype(np.int64)


def _agreeing(pairs: _Pairs, digests: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Those of the pairs that are worth the exact count, each as one number."""
    found = [np.zeros(0, dtype=np.int64)]
    for at in range(0, len(pairs), _CHUNK):
        one, two = pairs[at : at + _CHUNK].T
        agree = np.bitwise_count((digests[one] == digests[two]).view(np.uint64)).sum(axis=1, dtype=np.uint8)
        likely = agree >= _WORTH_COUNTING * digests.shape[1]
        found.append(one[likely] * len(digests) + two[likely])
    return np.concatenate(found)


def _once_each(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers in order, each once. (`np.unique` hashes them first, which takes five times as long.)"""
    numbers.sort()
    return numbers[np.concatenate(([True], numbers[1:] != numbers[:-1]))] if len(numbers) else numbers


def _compared(size: int) -> tuple[_Pairs, _Pairs]:
    """Which rows of a bucket of that size are compared with which, by their places in it."""
    if size <= _ALL_PAIRS:
        one, two = np.triu_indices(size, 1)
        return one, two
    few = [(np.full(size - k - 1, k), np.arange(k + 1, size)) for k in range(_FIRST_FEW)]
    chain = (np.arange(size - 1), np.arange(1, size))
    firsts, laters = zip(*few, chain, strict=True)
    return np.concatenate(firsts), np.concatenate(laters)
