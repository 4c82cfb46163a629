"""What texts are compared by, in place of the texts: their words as hashes, and one number for all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SEED = 42
_APART = "\x1e"
_POSITIONS = 1 << 12
# Words; a CJK character stands for a word, as there are no spaces to find words by.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")
_AFTER_DIGITS = ":"  # in the order of bytes, where letters come later


def words(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation."""
    return _WORD.findall(text.lower())


def _lowered(byte: int) -> int:
    """What a byte of UTF-8 becomes where words are told apart: a small letter, a digit, or a space between words."""
    if byte >= 0x80 or byte == ord(_APART) or chr(byte).isalnum():
        return ord(chr(byte).lower()) if byte < 0x80 else byte
    return ord(" ")


_FOLDED = bytes(map(_lowered, range(256)))


@dataclass(frozen=True)
class Words:
    """The words of texts as hashes, one text's after the other's; `sizes` says how many each text has.

    A word's hash is odd where it begins with a digit.
    """

    flat: NDArray[np.uint32]
    sizes: NDArray[np.int64]

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where the words of each text begin in `flat`, and at last where all end."""
        return np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(self.sizes)))

    def of(self, texts: NDArray[np.int64]) -> Words:
        """The words of these texts, in this order."""
        sizes = self.sizes[texts]
        ends = np.cumsum(sizes)
        within = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - sizes, sizes)
        return Words(self.flat[np.repeat(self.starts[texts], sizes) + within], sizes)


NO_WORDS = Words(np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.int64))


def joined(parts: Sequence[Words]) -> Words:
    """The words of all parts, one after the other."""
    if not parts:
        return NO_WORDS
    return Words(np.concatenate([part.flat for part in parts]), np.concatenate([part.sizes for part in parts]))


def hash_words(texts: Sequence[str], vocabulary: dict[int, str] | None = None) -> Words:
    """The words of the texts as hashes; `vocabulary` gets the word of each hash. The same in every process."""
    import polars

    if not texts:
        return NO_WORDS
    plain = [text if text.isascii() else " ".join(words(text)) for text in texts]
    whole = _APART.join(plain)
    if whole.count(_APART) >= len(plain):
        whole = _APART.join(text.replace(_APART, " ") for text in plain)
    split = polars.Series(_decoded(whole.encode("utf-8", "replace").translate(_FOLDED)).split(_APART)).str.split(" ")
    found = split.explode()
    there = (found.str.len_bytes() > 0).to_numpy()
    counts = split.list.len().to_numpy().astype(np.int64)
    sizes = np.add.reduceat(there.astype(np.int64), np.cumsum(counts) - counts)
    found = found.filter(polars.Series(there))
    if vocabulary is not None:
        distinct = found.unique()
        vocabulary.update(zip(_hashed(distinct).tolist(), distinct.to_list(), strict=True))
    return Words(_hashed(found), sizes)


def _hashed(found: Any) -> NDArray[np.uint32]:
    """The hash of each word of a series."""
    digits = (found < _AFTER_DIGITS).to_numpy()
    hashes: NDArray[np.uint64] = found.hash(seed=_SEED).to_numpy()
    return np.asarray((hashes >> np.uint64(33)).astype(np.uint32) << np.uint32(1) | digits)


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")


@cache
def _weights() -> NDArray[np.uint64]:
    return np.random.default_rng(_SEED).integers(0, 1 << 64, _POSITIONS, dtype=np.uint64) | np.uint64(1)


def prints_of(texts: Words) -> NDArray[np.uint64]:
    """A number for each text: the same for the same words in the same order, else another; 0 for no words.

    Each word times a random odd number of its place, added up (multilinear hashing).
    """
    filled = np.flatnonzero(texts.sizes)
    prints = np.zeros(len(texts.sizes), dtype=np.uint64)
    if len(filled):
        starts = texts.starts[:-1]
        places = (np.arange(len(texts.flat)) - np.repeat(starts, texts.sizes)) & (_POSITIONS - 1)
        weighed = (texts.flat.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)) * _weights()[places]
        prints[filled] = np.add.reduceat(weighed, starts[filled]) | np.uint64(1)
    return prints
