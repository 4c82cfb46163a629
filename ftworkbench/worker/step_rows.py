"""Which rows a batch is made of. TRL's collator knows tokens only, so a row is known again by its tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ftworkbench.worker.rows import Rows

BATCH_ROWS = "rows"


class RowCollator:
    """A collator that also gives the keys of the rows in a batch, as a list under "rows"; packed ones, too.

    `row_keys` are the keys of the rows that examples come from, by the example's. `longest` is where packing goes on
    with a row in another sequence. Of rows with the same tokens the first is named.
    """

    def __init__(
        self, collate: Callable[[list[Any]], dict[str, Any]], rows: Rows, row_keys: Mapping[str, str], longest: int
    ) -> None:
        self._collate = collate
        self._keys: dict[int, str] = {}
        for key, each in zip(rows.keys, rows.encoded, strict=True):
            for start in range(0, len(each.input_ids), longest):
                self._keys.setdefault(_print(each.input_ids[start : start + longest]), row_keys.get(key, key))

    def __call__(self, examples: list[Mapping[str, Any]]) -> dict[str, Any]:
        batch = self._collate(list(examples))
        keys = (self._keys.get(_print(part)) for each in examples for part in _parts(each))
        return {**batch, BATCH_ROWS: list(dict.fromkeys(key for key in keys if key is not None))}


def _print(tokens: Sequence[int]) -> int:
    return hash(tuple(tokens))


def _parts(example: Mapping[str, Any]) -> Iterator[Sequence[int]]:
    """The rows of a sequence: those that were packed into it, or the one that it is."""
    tokens, start = example["input_ids"], 0
    for length in example.get("seq_lengths") or [len(tokens)]:
        yield tokens[start : start + length]
        start += length
