"""Labels that a row's wording speaks against.

A ridge regression from hashed words and parts of words (TF-IDF) to the labels; each row is judged by the fit
without it, which the hat matrix gives without fitting again (Allen's PRESS, 1974).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ftworkbench.data.duplicates import words

FEWEST_ROWS = 30
_DIMENSIONS = 2048
_RIDGE = 1.0
_PIECE = 4
_CHUNK = 5000
_MOST_FITTED = 20_000
_MOST_WORDS = 200
_KNOWN_WORDS = 1 << 16

_Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Suspect:
    """A text whose label looks wrong: by how much another label is likelier, from 0 to about 1, and which."""

    index: int
    score: float
    likelier: str


def find_suspects(texts: Sequence[str], labels: Sequence[str], trusted: Sequence[bool]) -> list[Suspect]:
    """The texts for which another label is likelier than their own, the surest first.

    What is likely is learnt from the `trusted` texts alone. Empty where they are too few or have one label.
    """
    fitted = [index for index, good in enumerate(trusted) if good]
    names = sorted({labels[index] for index in fitted})
    if len(fitted) < FEWEST_ROWS or len(names) < 2:
        return []
    fitted = fitted[:: -(-len(fitted) // _MOST_FITTED)]
    number = {name: place for place, name in enumerate(names)}
    targets = np.eye(len(names), dtype=np.float32)[[number[labels[index]] for index in fitted]]
    model = _fit([texts[index] for index in fitted], targets)
    inside = np.zeros(len(texts), dtype=bool)
    inside[fitted] = True
    found: list[Suspect] = []
    for at in range(0, len(texts), _CHUNK):
        chunk = range(at, min(at + _CHUNK, len(texts)))
        own = np.array([number.get(labels[index], -1) for index in chunk])
        likely = model.without_itself([texts[index] for index in chunk], own, inside[chunk.start : chunk.stop])
        found += _judged(chunk, own, likely, names)
    return sorted(found, key=lambda suspect: (-suspect.score, suspect.index))


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


def _fit(texts: Sequence[str], targets: _Floats) -> _Ridge:
    chunks = range(0, len(texts), _CHUNK)
    seen = np.zeros(_DIMENSIONS, dtype=np.float64)
    for at in chunks:
        seen += (_counts(texts[at : at + _CHUNK]) != 0).sum(axis=0)
    rarity = np.log((1 + len(texts)) / (1 + seen)).astype(np.float32)
    means: _Floats = targets.mean(axis=0)
    gram = np.zeros((_DIMENSIONS, _DIMENSIONS), dtype=np.float32)
    moment = np.zeros((_DIMENSIONS, targets.shape[1]), dtype=np.float32)
    features = np.zeros((0, _DIMENSIONS), dtype=np.float32)
    for at in chunks:
        features = _weighed(_counts(texts[at : at + _CHUNK]), rarity)
        gram += features.T @ features
        moment += features.T @ (targets[at : at + _CHUNK] - means)
    inverse = _inverse_of_few(features) if len(texts) < _DIMENSIONS else _inverse(gram)
    return _Ridge(rarity, means, inverse @ moment, inverse)


def _inverse(gram: _Floats) -> _Floats:
    return np.asarray(np.linalg.inv(gram + np.eye(len(gram), dtype=np.float32) * _RIDGE), dtype=np.float32)


def _inverse_of_few(features: _Floats) -> _Floats:
    """What `_inverse(features.T @ features)` is, through the smaller matrix of the rows (Woodbury)."""
    inner = features.T @ _inverse(features @ features.T) @ features
    return np.asarray((np.eye(_DIMENSIONS) - inner) / _RIDGE, dtype=np.float32)


def _counts(texts: Sequence[str]) -> _Floats:
    """Signed counts of the hashed features of each text."""
    hashed = [_hashes(text) for text in texts]
    hashes = np.fromiter((one for row in hashed for one in row), dtype=np.uint32)
    rows = np.repeat(np.arange(len(texts)), [len(row) for row in hashed])
    signs = np.where(hashes >> 31, 1.0, -1.0)
    places = rows * _DIMENSIONS + (hashes % _DIMENSIONS)
    flat = np.bincount(places, weights=signs, minlength=len(texts) * _DIMENSIONS)
    return np.asarray(flat, dtype=np.float32).reshape(len(texts), _DIMENSIONS)


def _hashes(text: str) -> list[int]:
    """The hashes of its words, pairs of words, and runs of four letters, which forgive a typing slip."""
    tokens = words(text)[:_MOST_WORDS]
    found = [crc32(f"p {first} {second}".encode()) for first, second in pairwise(tokens)]
    for token in tokens:
        found += _word_hashes(token)
    return found


@lru_cache(_KNOWN_WORDS)
def _word_hashes(token: str) -> tuple[int, ...]:
    edged = f"<{token}>"
    pieces = [edged[at : at + _PIECE] for at in range(max(1, len(edged) - _PIECE + 1))]
    return (crc32(f"w {token}".encode()), *(crc32(f"c {piece}".encode()) for piece in pieces))


def _weighed(counts: _Floats, rarity: _Floats) -> _Floats:
    """TF-IDF rows of length 1."""
    weighed = np.sign(counts) * np.log1p(np.abs(counts)) * rarity
    lengths = np.linalg.norm(weighed, axis=1, keepdims=True)
    return np.asarray(weighed / np.maximum(lengths, 1e-9), dtype=np.float32)
