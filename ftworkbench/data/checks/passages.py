"""Held-out texts that stand, in whole or in good part, within texts to train on: by runs of eight words.

The measure of contamination that most model cards use (runs of 8 to 13 words; Brown et al., 2020, appendix C). It finds
a question that is quoted in a longer text, which a likeness of whole texts misses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

RUN = 8
_SHARE = 0.5
# One run in common is a turn of phrase in a short text.
_FEWEST_WORDS = 13
# A run in more rows to train on than these is boilerplate: a template, not a leak.
_MOST_ROWS = 3
_MOST_SHARE = 0.01
# One that comes so many times as often is, too, in however few rows: so the rows of most templates are never counted.
_SURELY = 4
_ROWS_LOOKED_AT = 16
_CHUNK = 1 << 17
_FACTORS = tuple(map(np.uint64, (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)))
_FEWEST_BITS, _MOST_BITS, _BITS_APART = 16, 27, 4

_Places = NDArray[np.int64]
_Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Covered:
    """A held-out text, the text to train on that has most of its runs, and the share of its words in any such text."""

    held: int
    train: int
    share: float


def eight_grams(flat: NDArray[np.uint32], starts: _Places, held: NDArray[np.bool_]) -> list[Covered]:
    """The held-out texts of whose words at least half stand in texts to train on, in runs of eight or more.

    `flat` has the hashes of the words, one text's after the other's; `starts` where each text begins, and at last
    where all end; `held` which texts are held out. Runs that stand in more than 3 texts to train on, and in more than
    1% of them, do not count. In the order of the held-out texts.
    """
    parts = list(_runs(flat, starts, held))
    if not parts or held.all():
        return []
    hashes, places = (np.concatenate(column) for column in zip(*parts, strict=True))
    wanted, number = np.unique(hashes, return_inverse=True)
    numbers, rows = _found(flat, starts, ~held, wanted)
    limit = max(_MOST_ROWS, int(_MOST_SHARE * np.count_nonzero(~held)))
    numbers, rows = _rare(numbers, rows, len(wanted), limit)
    stands = np.zeros(len(wanted), dtype=bool)
    stands[numbers] = True
    there = stands[number]
    covered = _covered(places[there], starts)
    sizes = np.diff(starts)
    found = np.flatnonzero(held & (covered >= np.maximum(_SHARE * sizes, _FEWEST_WORDS)))
    texts = np.searchsorted(starts, places, side="right") - 1
    chosen = there & np.isin(texts, found)
    best = _best(texts[chosen], number[chosen], numbers, rows)
    return [Covered(text, best[text], float(covered[text] / sizes[text])) for text in found.tolist()]


def _runs(flat: NDArray[np.uint32], starts: _Places, chosen: NDArray[np.bool_]) -> Iterator[tuple[_Hashes, _Places]]:
    """The runs of eight words of the chosen texts, some at a time: their hashes, and where each begins."""
    texts = np.flatnonzero(chosen)
    if not len(texts):
        return
    first, end = int(texts[0]), int(texts[-1]) + 1
    marks = np.unique(np.searchsorted(starts, np.arange(starts[first], starts[end], _CHUNK)))
    for begin, stop in pairwise([first, *marks[(marks > first) & (marks < end)].tolist(), end]):
        word, after = int(starts[begin]), int(starts[stop])
        if after - word < RUN:
            continue
        hashes = _hashes(flat[word:after])
        whole = np.repeat(chosen[begin:stop], np.diff(starts[begin : stop + 1]))
        last = starts[begin + 1 : stop + 1] - word
        for back in range(1, RUN):
            whole[last[last >= back] - back] = False
        places = np.flatnonzero(whole)
        yield hashes[places], places + word


def _hashes(words: NDArray[np.uint32]) -> _Hashes:
    """The hash of the run that begins at each word, 0 for the last seven: of two, of four, of eight words."""
    hashes = words.astype(np.uint64)
    for step, factor in zip((1, 2, 4), _FACTORS, strict=True):
        mixed = hashes[:-step] * factor
        mixed ^= mixed >> np.uint64(29)
        mixed += hashes[step:]
        hashes = mixed
    hashes *= _FACTORS[0]
    return np.concatenate((hashes, np.zeros(RUN - 1, dtype=np.uint64)))


def _found(
    flat: NDArray[np.uint32], starts: _Places, chosen: NDArray[np.bool_], wanted: _Hashes
) -> tuple[_Places, _Places]:
    """Where the wanted runs stand in these texts: the number of the run, and the text, in the order of the texts."""
    bits = min(max(len(wanted).bit_length() + _BITS_APART, _FEWEST_BITS), _MOST_BITS)
    shift = np.uint64(64 - bits)
    maybe = np.zeros(1 << bits, dtype=bool)
    maybe[wanted >> shift] = True
    numbers, rows = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for hashes, places in _runs(flat, starts, chosen):
        some = np.flatnonzero(maybe[hashes >> shift])
        number = np.searchsorted(wanted, hashes[some]).clip(max=len(wanted) - 1)
        there = wanted[number] == hashes[some]
        numbers.append(number[there])
        rows.append(np.searchsorted(starts, places[some[there]], side="right") - 1)
    return np.concatenate(numbers), np.concatenate(rows)


def _rare(numbers: _Places, rows: _Places, count: int, limit: int) -> tuple[_Places, _Places]:
    """The runs that stand in at most so many texts, each once for a text; by run, then by text."""
    often = np.bincount(numbers, minlength=count)
    kept = often[numbers] <= _SURELY * limit
    numbers, rows = numbers[kept], rows[kept]
    order = np.argsort(numbers, kind="stable")
    numbers, rows = numbers[order], rows[order]
    first = np.ones(len(numbers), dtype=bool)
    first[1:] = (numbers[1:] != numbers[:-1]) | (rows[1:] != rows[:-1])
    numbers, rows = numbers[first], rows[first]
    kept = np.bincount(numbers, minlength=count)[numbers] <= limit
    return numbers[kept], rows[kept]


def _covered(places: _Places, starts: _Places) -> _Places:
    """How many words of each text lie in the runs that begin at these places."""
    steps = np.zeros(starts[-1] + 1, dtype=np.int32)
    steps[places] += 1
    steps[places + RUN] -= 1
    counts = np.concatenate(([0], np.cumsum(np.cumsum(steps[:-1]) > 0)))
    return np.asarray(counts[starts[1:]] - counts[starts[:-1]])


def _best(held: _Places, asked: _Places, numbers: _Places, rows: _Places) -> dict[int, int]:
    """For each held-out text the text that has most of its runs, the first of them; of each run 16 texts are tried.

    `held` and `asked` are texts and the runs in them, `numbers` and `rows` the runs and the texts to train on.
    """
    first = np.searchsorted(numbers, asked)
    tried = np.minimum(np.searchsorted(numbers, asked, side="right") - first, _ROWS_LOOKED_AT)
    ends = np.cumsum(tried)
    at = np.arange(ends[-1] if len(ends) else 0) + np.repeat(first - (ends - tried), tried)
    pairs, counts = np.unique(np.stack((np.repeat(held, tried), rows[at])), axis=1, return_counts=True)
    best: dict[int, int] = {}
    for place in np.lexsort((pairs[1], -counts)).tolist():
        best.setdefault(int(pairs[0, place]), int(pairs[1, place]))
    return best
