"""Held-out rows that stand, wholly or nearly, in the rows that are trained on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ftworkbench.data.checks.duplicates import Alike
from ftworkbench.data.checks.passages import eight_grams

_NEARLY_ALL = 0.8
_HELD_OUT = frozenset(
    {"test", "tests", "testset", "valid", "validation", "val", "eval", "evaluation", "held", "heldout", "dev", "devset"}
)
_WORD = re.compile("[a-z]+")  # `latest` and `device` hold nothing out


@dataclass(frozen=True)
class Leak:
    """A held-out example and one to train on that are too much alike; both by their place in the list.

    `sure`: nearly all of the held-out one stands there.
    """

    held: int
    train: int
    what: str
    sure: bool = True


def held_out(paths: Sequence[Path]) -> list[bool]:
    """Which of the files are held out: by their names; where none has such a name, all after the first."""
    named = [not _HELD_OUT.isdisjoint(_WORD.findall(path.name.lower())) for path in paths]
    return named if any(named) else [index > 0 for index in range(len(paths))]


def find_leaks(keys: Sequence[object], held: Sequence[bool], alike: Alike) -> Iterator[Leak]:
    """Each pair of a held-out example and one to train on that say the same, ask the same, or nearly; then the
    held-out ones that stand in another text, as a quotation does.

    `keys` are those of the examples, in the order in which `alike` knows them.
    """
    found: set[int] = set()
    for index in alike.paired.tolist():
        if not held[index]:
            continue
        for other, similarity in alike.partners(index):
            if not held[other]:
                found.add(index)
                yield Leak(index, other, _what(keys[index] == keys[other], similarity))
    words = alike.words
    for one in eight_grams(words.flat, words.starts, np.array(held, dtype=bool)) if any(held) else ():
        if one.held not in found:
            yield Leak(
                one.held, one.train, f"{one.share:.0%} of its words stand, in this order,", one.share >= _NEARLY_ALL
            )


def _what(same: bool, similarity: float) -> str:
    if same:
        return "the same row stands"
    if similarity == 1.0:
        return "the same prompt stands"
    return f"nearly the same prompt ({similarity:.2f}) stands"
