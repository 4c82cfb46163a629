"""Labels that a row's wording speaks against.

A ridge regression from hashed words and parts of words (TF-IDF) to the labels; each row is judged by the fit
without it, which the hat matrix gives without fitting again (Allen's PRESS, 1974).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, compress, islice
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ftworkbench.data.fingerprints import words

FEWEST_ROWS = 30
_DIMENSIONS = 2048
_RIDGE = 1.0
_PIECE = 4
_CHUNK = _DIMENSIONS  # no less: a fit on fewer texts than dimensions is made from one chunk
_MOST_FITTED = 20_000
_MOST_WORDS = 200
_KNOWN_WORDS = 1 << 16
_PAIR = np.uint32(0x9E3779B1)
_MOST_COUNTED = 1 << 12

_Floats = NDArray[np.float32]
# What a count weighs, by its place: a word that comes again says less each time.
_WEIGHTS = np.log1p(np.abs(np.arange(-_MOST_COUNTED, _MOST_COUNTED + 1))).astype(np.float32)
_WEIGHTS[:_MOST_COUNTED] *= -1


@dataclass(frozen=True)
class Suspect:
    """A text whose label looks wrong: by how much another label is likelier, from 0 to about 1, and which."""

    index: int
    score: float
    likelier: str


def find_suspects(texts: Callable[[], Iterable[str]], labels: Sequence[str], trusted: Sequence[bool]) -> list[Suspect]:
    """The texts for which another label is likelier than their own, the surest first. `texts` is called twice.

    What is likely is learnt from the `trusted` texts alone. Empty where they are too few or have one label.
    """
    fitted = [index for index, good in enumerate(trusted) if good]
    names = sorted({labels[index] for index in fitted})
    if len(fitted) < FEWEST_ROWS or len(names) < 2:
        return []
    fitted = fitted[:: -(-len(fitted) // _MOST_FITTED)]
    number = {name: place for place, name in enumerate(names)}
    targets = np.eye(len(names), dtype=np.float32)[[number[labels[index]] for index in fitted]]
    inside = np.zeros(len(labels), dtype=bool)
    inside[fitted] = True
    model = _fit(compress(texts(), inside), targets)
    found: list[Suspect] = []
    at = 0
    for some in _chunks(texts()):
        chunk = range(at, at + len(some))
        own = np.array([number.get(labels[index], -1) for index in chunk])
        likely = model.without_itself(some, own, inside[chunk.start : chunk.stop])
        found += _judged(chunk, own, likely, names)
        at = chunk.stop
    return sorted(found, key=lambda suspect: (-suspect.score, suspect.index))


def _chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    source = iter(texts)
    while some := list(islice(source, _CHUNK)):
        yield some


def _judged(chunk: range, own: NDArray[np.int64], likely: _Floats, names: list[str]) -> list[Suspect]:
    places = np.arange(len(own))
    mine = np.where(own >= 0, likely[places, own], 0.0)
    others = likely.copy()
    others[places[own >= 0], own[own >= 0]] = -np.inf
    best = others.argmax(axis=1)
    scores = others[places, best] - mine
    return [Suspect(chunk[place], float(scores[place]), names[best[place]]) for place in np.flatnonzero(scores > 0)]


@dataclass(frozen=True)
class _Ridge:
    rarity: _Floats
    means: _Floats
    weights: _Floats
    inverse: _Floats

    def without_itself(self, texts: Sequence[str], own: NDArray[np.int64], inside: NDArray[np.bool_]) -> _Floats:
        """How likely each label is, for a text of the fit as if it had not been in it."""
        features = _weighed(_counts(texts), self.rarity)
        likely: _Floats = features @ self.weights + self.means
        fitted = features[inside]
        leverage = np.einsum("ij,ij->i", fitted @ self.inverse, fitted)
        pull = np.zeros(len(texts), dtype=np.float32)
        pull[inside] = leverage / np.maximum(1 - leverage, 1e-3)
        targets = np.eye(len(self.means), dtype=np.float32)[np.maximum(own, 0)]
        return likely - pull[:, None] * (targets - likely)


def _fit(texts: Iterable[str], targets: _Floats) -> _Ridge:
    # As counts, which are small, the texts of the fit are kept between the two passes.
    counts = [_counts(some) for some in _chunks(texts)]
    seen = sum((np.count_nonzero(some, axis=0) for some in counts), start=np.zeros(_DIMENSIONS, dtype=np.int64))
    rarity = np.log((1 + len(targets)) / (1 + seen)).astype(np.float32)
    means: _Floats = targets.mean(axis=0)
    gram = np.zeros((_DIMENSIONS, _DIMENSIONS), dtype=np.float32)
    moment = np.zeros((_DIMENSIONS, targets.shape[1]), dtype=np.float32)
    features = np.zeros((0, _DIMENSIONS), dtype=np.float32)
    at = 0
    for some in counts:
        features = _weighed(some, rarity)
        gram += features.T @ features
        moment += features.T @ (targets[at : at + len(some)] - means)
        at += len(some)
    inverse = _inverse_of_few(features) if len(targets) < _DIMENSIONS else _inverse(gram)
    return _Ridge(rarity, means, inverse @ moment, inverse)


def _inverse(gram: _Floats) -> _Floats:
    return np.asarray(np.linalg.inv(gram + np.eye(len(gram), dtype=np.float32) * _RIDGE), dtype=np.float32)


def _inverse_of_few(features: _Floats) -> _Floats:
    """What `_inverse(features.T @ features)` is, through the smaller matrix of the rows (Woodbury)."""
    inner = features.T @ _inverse(features @ features.T) @ features
    return np.asarray((np.eye(_DIMENSIONS) - inner) / _RIDGE, dtype=np.float32)


def _counts(texts: Sequence[str]) -> NDArray[np.int16]:
    """Signed counts of the hashed features of each text: its words, pairs of words, and runs of four letters.

    The runs forgive a typing slip.
    """
    from scipy.sparse import coo_array

    tokens = [words(text)[:_MOST_WORDS] for text in texts]
    parts = [_word_hashes(token) for token in chain.from_iterable(tokens)]
    lengths = np.fromiter(map(len, tokens), dtype=np.int64, count=len(tokens))
    sizes = np.fromiter(map(len, parts), dtype=np.int64, count=len(parts)) // array("I").itemsize
    of_words = np.frombuffer(b"".join(parts), dtype=np.uint32)
    rows_of_words = np.repeat(np.arange(len(texts)), lengths)
    single = of_words[np.cumsum(sizes) - sizes]
    together = np.flatnonzero(rows_of_words[1:] == rows_of_words[:-1])
    pairs = (single[together] * _PAIR) ^ single[together + 1]
    hashes = np.concatenate((of_words, pairs * _PAIR))
    rows = np.concatenate((np.repeat(rows_of_words, sizes), rows_of_words[together]))
    signs = np.where(hashes >> np.uint32(31), 1, -1).astype(np.int16)
    shape = (len(texts), _DIMENSIONS)
    return np.asarray(coo_array((signs, (rows, hashes % np.uint32(_DIMENSIONS))), shape=shape).toarray())


@lru_cache(_KNOWN_WORDS)
def _word_hashes(token: str) -> bytes:
    """The hash of a word, then those of its runs of letters, 4 bytes each."""
    edged = f"<{token}>"
    pieces = [edged[at : at + _PIECE] for at in range(max(1, len(edged) - _PIECE + 1))]
    return array("I", [crc32(f"w {token}".encode()), *(crc32(f"c {piece}".encode()) for piece in pieces)]).tobytes()


def _weighed(counts: NDArray[np.int16], rarity: _Floats) -> _Floats:
    """TF-IDF rows of length 1."""
    weighed = _WEIGHTS[counts.clip(-_MOST_COUNTED, _MOST_COUNTED) + _MOST_COUNTED] * rarity
    lengths = np.linalg.norm(weighed, axis=1, keepdims=True)
    return np.asarray(weighed / np.maximum(lengths, 1e-9), dtype=np.float32)
