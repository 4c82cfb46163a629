"""MinHash of words and pairs of words (Broder, 1997), and its bands: texts that are alike agree in one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ftworkbench.data.checks.fingerprints import Words

NUMBERS = 128
BAND = 5
_BANDS = 64
_SEED = 42
# A text whose shingles fill fewer bins than the first is too short for one hash of each to say how alike texts are; one
# that fills more than the second is long enough. Texts that are alike fill about as many, so that none falls between.
_FEW, _ENOUGH = 22, 36
_EMPTY = np.iinfo(np.uint32).max
_WORDS_AT_ONCE = 100_000
_PLACES_AT_ONCE = 1 << 15
_MIX, _MIX_AGAIN = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_HALF, _TO_BIN, _TO_VALUE = np.uint64(32), np.uint64(64 - NUMBERS.bit_length() + 1), np.uint64(20)
# Sums of these are all bins, and none is near: an empty bin looks in two bins, then four, then eight.
_STEPS = tuple(37 * (1 << step) % NUMBERS for step in range(NUMBERS.bit_length() - 1))

_Rows = NDArray[np.int64]
_Bytes = NDArray[np.uint8]
_Hashes = NDArray[np.uint64]


@cache
def bands() -> NDArray[np.int64]:
    """Which BAND numbers of a digest are each band. Of texts with a likeness of 0.7 one in 2,000 agrees in none."""
    draw = np.random.default_rng(_SEED)
    whole = NUMBERS // BAND
    rounds = [draw.permutation(NUMBERS)[: whole * BAND].reshape(whole, BAND) for _ in range(-(-_BANDS // whole))]
    return np.concatenate(rounds)[:_BANDS]


@dataclass(frozen=True)
class Digests:
    """NUMBERS bytes for each text: two texts agree in about as many of them as they have shingles in common (Jaccard).

    By one hash of each shingle, which fills bins (`filled` of them), and of which empty ones copy others (Li, Owen and
    Zhang, 2012; Shrivastava and Li, 2014). `short` are those by NUMBERS hashes of each, of the texts that fill few.
    """

    filled: _Bytes
    long: _Bytes
    short: _Bytes

    def of(self, texts: _Rows) -> Iterator[tuple[_Rows, _Bytes]]:
        """Two tables of digests that can be held against each other, and of which of these texts each row is."""
        filled = self.filled[texts]
        long = np.flatnonzero(filled >= _FEW)
        yield texts[long], self.long if len(long) == len(self.long) else self.long[texts[long]]
        yield texts[_is_short(filled)], self._short_of(texts)

    def select(self, texts: _Rows) -> Digests:
        """The digests of these texts, in this order."""
        return Digests(self.filled[texts], self.long[texts], self._short_of(texts))

    def _short_of(self, texts: _Rows) -> _Bytes:
        """The rows of `short` for those of these texts that have one."""
        places = np.cumsum(_is_short(self.filled)) - 1
        found: _Bytes = self.short[places[texts[_is_short(self.filled[texts])]]]
        return found


def _is_short(filled: _Bytes) -> NDArray[np.bool_]:
    """Which texts fill so few bins that they have digests by many hashes."""
    return (filled > 0) & (filled <= _ENOUGH)


def digests_of(texts: Words) -> Digests:
    """The digests of texts. The same in every process."""
    ends = np.cumsum(texts.sizes)
    parts = []
    for some in np.split(np.arange(len(ends)), np.flatnonzero(np.diff(ends // _WORDS_AT_ONCE)) + 1):
        first = int(ends[some[0]] - texts.sizes[some[0]]) if len(some) else 0
        last = int(ends[some[-1]]) if len(some) else 0
        parts.append(_digests(Words(texts.flat[first:last], texts.sizes[some])))
    return joined_digests(parts)


def joined_digests(parts: Sequence[Digests]) -> Digests:
    """The digests of all parts, one after the other."""
    if not parts:
        return Digests(*(np.zeros(shape, dtype=np.uint8) for shape in (0, (0, NUMBERS), (0, NUMBERS))))
    return Digests(
        np.concatenate([part.filled for part in parts]),
        np.concatenate([part.long for part in parts]),
        np.concatenate([part.short for part in parts]),
    )


def _digests(texts: Words) -> Digests:
    words, pairs = _shingles(texts)
    bins = np.full((len(texts.sizes), NUMBERS), _EMPTY, dtype=np.uint32)
    first = np.repeat(np.arange(0, bins.size, NUMBERS, dtype=np.uint64), texts.sizes)
    for hashes in (words, pairs):
        np.minimum.at(bins.reshape(-1), first + (hashes >> _TO_BIN), (hashes >> _TO_VALUE).astype(np.uint32))
    there = np.where(bins == _EMPTY, np.uint8(0), np.uint8(0xFF))
    filled = np.count_nonzero(there, axis=1).astype(np.uint8)
    long = bins.astype(np.uint8) & there
    for step in _STEPS:
        if there.all():
            break
        long |= np.roll(long, -step, axis=1) & ~there
        there |= np.roll(there, -step, axis=1)
    few = np.flatnonzero(_is_short(filled))
    return Digests(filled, long, _by_many_hashes(words, pairs, texts, few))


def _shingles(texts: Words) -> tuple[_Hashes, _Hashes]:
    """The hash of each word, and of each with the next one; of the last word of a text that of the word again."""
    words = texts.flat.astype(np.uint64)
    pairs = np.empty_like(words)
    pairs[:-1] = (words[:-1] << _HALF | words[1:]) * _MIX
    words *= _MIX
    ends = np.cumsum(texts.sizes)[texts.sizes > 0] - 1
    pairs[ends] = words[ends]
    return _mixed(words), _mixed(pairs)


def _mixed(hashes: _Hashes) -> _Hashes:
    """The hashes, their upper halves mixed into the lower ones and these into the upper ones: in place."""
    hashes ^= hashes >> _HALF
    hashes *= _MIX_AGAIN
    return hashes


@cache
def _factors() -> NDArray[np.uint32]:
    return np.random.default_rng(_SEED).integers(0, 1 << 32, NUMBERS, dtype=np.uint32) | np.uint32(1)


def _by_many_hashes(words: _Hashes, pairs: _Hashes, texts: Words, chosen: _Rows) -> _Bytes:
    """The digests of the chosen texts by NUMBERS hashes of each shingle."""
    digests = np.zeros((len(chosen), NUMBERS), dtype=np.uint8)
    sizes, starts = texts.sizes[chosen], texts.starts[chosen]
    order = np.argsort(sizes, kind="stable")
    at = 0
    while at < len(order):
        # Texts of about one length, a column each: a shorter one has its last shingles more than once.
        end = at + max(_PLACES_AT_ONCE // int(sizes[order[at]]), 1)
        end = at + max(_PLACES_AT_ONCE // int(sizes[order[min(end, len(order)) - 1]]), 1)
        some = order[at:end]
        places = np.minimum(np.arange(sizes[some[-1]])[:, None], sizes[some] - 1) + starts[some]
        shingles = (np.concatenate((words[places], pairs[places])) >> _HALF).astype(np.uint32)
        hashes, least = np.empty_like(shingles), np.empty((NUMBERS, len(some)), dtype=np.uint32)
        for number, factor in enumerate(_factors()):
            np.multiply(shingles, factor, out=hashes)
            np.minimum.reduce(hashes, axis=0, out=least[number])
        digests[some] = (least >> np.uint32(8)).astype(np.uint8).T
        at += len(some)
    return digests
