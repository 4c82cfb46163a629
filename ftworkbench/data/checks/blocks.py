"""What a check keeps of many rows in a row, as columns: a few bytes for each, whatever they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ftworkbench.data.checks.fingerprints import Words, joined
from ftworkbench.data.checks.minhash import Digests, joined_digests

NO_LABEL = -1


class Noted(NamedTuple):
    """Something about the row at a place: the kind of problem, and why."""

    place: int
    kind: str
    reason: str


@dataclass(frozen=True)
class Texts:
    """Columns of readable rows. `places` are theirs among all rows; `says` is the same for answers that say the same.

    `answers` are places in `names`, the answers that may be labels; NO_LABEL where one is too long for that. `words`
    are those of the prompts, `prints` one number for the words of each, `digests` tell how alike they are.
    """

    places: NDArray[np.int64]
    keys: NDArray[np.uint64]
    says: NDArray[np.uint64]
    answers: NDArray[np.int32]
    words: Words
    prints: NDArray[np.uint64]
    digests: Digests
    names: Sequence[str]

    def of(self, chosen: NDArray[np.int64]) -> Texts:
        """These of them, in this order."""
        return Texts(
            self.places[chosen],
            self.keys[chosen],
            self.says[chosen],
            self.answers[chosen],
            self.words.of(chosen),
            self.prints[chosen],
            self.digests.select(chosen),
            self.names,
        )


@dataclass(frozen=True)
class Block:
    """Consecutive rows: `keys` of all of them, and what there is to know of those that can be read.

    `noted` are what is wrong with single rows. `vocabulary` has the word of each hash, where answers may be labels.
    `samples` are the prompts of some rows.
    """

    keys: NDArray[np.uint64]
    texts: Texts
    noted: list[Noted]
    vocabulary: dict[int, str] = field(default_factory=dict)
    samples: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return len(self.keys)


class Interned:
    """Texts that come again, each kept once under its number."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, name: str) -> int:
        found = self._numbers.get(name)
        if found is None:
            found = self._numbers[name] = len(self.names)
            self.names.append(name)
        return found

    def numbers(self, texts: Texts) -> NDArray[np.int32]:
        """The numbers here of the answers of `texts`."""
        mine = np.array([*map(self.number, texts.names), NO_LABEL], dtype=np.int32)
        return mine[texts.answers]


def concatenated(parts: Sequence[Texts], interned: Interned) -> Texts:
    """The rows of all parts, one part after the other, their answers numbered as `interned` does."""
    answers = [interned.numbers(part) for part in parts]
    return Texts(
        np.concatenate([part.places for part in parts]),
        np.concatenate([part.keys for part in parts]),
        np.concatenate([part.says for part in parts]),
        np.concatenate(answers),
        joined([part.words for part in parts]),
        np.concatenate([part.prints for part in parts]),
        joined_digests([part.digests for part in parts]),
        interned.names,
    )
