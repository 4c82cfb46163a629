"""The records of a file, by their index: what is asked of all of them, and those of a list loaded whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ftworkbench.data.example import dump_json
from ftworkbench.data.rules import Refused

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

BOM = b"\xef\xbb\xbf"


class Records(Protocol):
    """The records of a file, by 0-based index; those before `known` can be had at once.

    `number` is what a record is called by, and `place` where it stands, in words. `spans` are about so many bytes
    each, all known records in order; None where records are no lines of files that another process can open.
    """

    @property
    def known(self) -> int: ...
    @property
    def complete(self) -> bool: ...
    @property
    def cut(self) -> str: ...

    def grew(self) -> bool: ...
    def index_some(self, seconds: float) -> bool: ...
    def spans(self, size: int) -> list[Span] | None: ...
    def number(self, index: int) -> int: ...
    def numbers(self, first: int, count: int) -> NDArray[int64]: ...
    def index_of(self, number: int) -> int | None: ...
    def place(self, index: int) -> str: ...
    def raw(self, index: int) -> bytes: ...
    def value(self, index: int) -> Any: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Span:
    """Whole lines of a file, from one byte to another: `count` records, the first of them by its index."""

    path: str
    start: int
    stop: int
    first: int
    count: int

    def read(self) -> bytes:
        """The lines, with their ends. Raises OSError."""
        with open(self.path, "rb") as file:
            file.seek(self.start)
            return file.read(self.stop - self.start)


def filled_lines(lines: bytes) -> list[bytes]:
    """The lines that are records: those that are not blank."""
    return [line for line in lines.split(b"\n") if line.strip()]


def in_order(first: int, count: int) -> NDArray[int64]:
    """The numbers of so many records from an index on, where they are their places, from 1."""
    import numpy as np

    return np.arange(first + 1, first + count + 1)


@dataclass(frozen=True)
class Broken:
    """A record that its file does not give as one: what stands there, and what is wrong with it."""

    raw: bytes
    refused: Refused


class ListRecords:
    """Records of a sequence: a list that was loaded whole, or one that is read as it is asked for."""

    complete = True
    cut = ""

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values
        self.known = len(values)

    def index_some(self, seconds: float) -> bool:
        return True

    def grew(self) -> bool:
        return False

    def spans(self, size: int) -> None:
        return None

    def number(self, index: int) -> int:
        """The place in the list, from 1."""
        return index + 1

    def numbers(self, first: int, count: int) -> NDArray[int64]:
        return in_order(first, count)

    def index_of(self, number: int) -> int | None:
        return number - 1 if 1 <= number <= self.known else None

    def place(self, index: int) -> str:
        return f"row {index + 1}"

    def raw(self, index: int) -> bytes:
        """The record as JSON."""
        value = self._values[index]
        return value.raw if isinstance(value, Broken) else dump_json(value)

    def value(self, index: int) -> Any:
        return self._values[index]

    def close(self) -> None:
        self._values = ()
