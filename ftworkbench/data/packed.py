"""Many texts kept for a second look, in a fraction of the room that they take as text."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import orjson

from ftworkbench.data.example import dump_json

_CHUNK = 1_000
_FAST = 1


class PackedTexts:
    """Texts in the order in which they are added, compressed a thousand at a time."""

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._packed: list[bytes] = []

    def add(self, text: str) -> None:
        self._waiting.append(text)
        if len(self._waiting) == _CHUNK:
            self._packed.append(zlib.compress(dump_json(self._waiting), _FAST))
            self._waiting = []

    def __iter__(self) -> Iterator[str]:
        for packed in self._packed:
            yield from orjson.loads(zlib.decompress(packed))
        yield from self._waiting
