"""How many rows of a file have which status, kept up while rows are read and decided about."""

from __future__ import annotations

import threading
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ftworkbench.data.example import key_name
from ftworkbench.data.review.ledger import Ledger, RowState
from ftworkbench.tui.rows import short_answer

if TYPE_CHECKING:
    from numpy import uint64
    from numpy.typing import NDArray

    from ftworkbench.data.checks.blocks import Block

# The filter line completes with labels, where there are not more of them than this.
_MOST_LABELS = 200
_LOST = ("rejected", "refused")
_FEW = 8  # keys that are counted one by one, in a file that is still being read


class Tally:
    """The keys of the rows that were read, in order, and how many of them are what.

    A row counts as its status; as `refused` where it cannot be used and nobody has mended or judged it.
    """

    def __init__(self, ledger: Ledger, label: str | None) -> None:
        self._ledger = ledger
        self._label = label
        self.keys = array("Q")
        self.counts: Counter[str] = Counter()
        self.labels: set[str] = set()
        self._refused: set[int] = set()
        self._sorted: NDArray[uint64] | None = None
        self._copies = 0
        self._lost_copies = 0
        self._lock = threading.Lock()

    @property
    def complete(self) -> bool:
        """Whether all rows have been counted."""
        return self._sorted is not None

    def add(self, block: Block) -> None:
        """Counts the next rows. Called from a thread, for each block once, in order."""
        import numpy

        readable = numpy.zeros(block.rows, dtype=bool)
        readable[block.texts.places] = True
        for name in block.texts.names[: _MOST_LABELS - len(self.labels)] if self._label is not None else ():
            self.labels.add(short_answer(name, self._label))
        decided = self._ledger.keys()
        known = numpy.fromiter((int(key, 16) for key in decided), numpy.uint64, len(decided))
        told = numpy.isin(block.keys, known) | ~readable
        with self._lock:
            self._refused.update(block.keys[~readable].tolist())
            self.keys.frombytes(block.keys.tobytes())
            self.counts["unreviewed"] += int((~told).sum())
            self.counts.update(map(self._class_of, block.keys[told].tolist()))

    def cut(self, known: int) -> None:
        """Forgets rows past so many: the last line of a file that grows was none yet."""
        with self._lock:
            del self.keys[known:]

    def find_copies(self) -> None:
        """Finds the rows that say what an earlier one says: of those the first alone is used."""
        import numpy

        self._sorted = numpy.sort(numpy.array(self.keys, dtype=numpy.uint64))
        self._copies = len(self._sorted) - int(numpy.count_nonzero(numpy.diff(self._sorted))) - bool(self.keys)
        self.recount()

    def recount(self) -> None:
        """Counts anew: when all rows are read, and when somebody else wrote to the ledger."""
        with self._lock:
            counts: Counter[str] = Counter()
            lost = 0
            decided = self._ledger.keys()
            keys = list({*(int(key, 16) for key in decided), *self._refused})
            for key, rows in zip(keys, self._rows_with(keys), strict=True):
                what = self._class_of(key)
                counts[what] += rows
                lost += max(rows - 1, 0) if what in _LOST else 0
            counts["unreviewed"] += len(self.keys) - sum(counts.values())
            self.counts, self._lost_copies = counts, lost

    def class_of(self, key: str, state: RowState) -> str:
        """What a row with that key counts as in that state."""
        unusable = int(key, 16) in self._refused and state.messages is None and state.status != "rejected"
        return "refused" if unusable else state.status

    def _class_of(self, key: int) -> str:
        name = key_name(key)
        return self.class_of(name, self._ledger.state(name))

    def classes(self, keys: Iterable[str]) -> dict[str, str]:
        """What the rows with these keys count as now, by key."""
        return {key: self.class_of(key, self._ledger.state(key)) for key in keys}

    def move(self, before: Mapping[str, str]) -> None:
        """Counts the rows with these keys as what they are now, no longer as `before` says."""
        after = self.classes(before)
        moved = [key for key, was in before.items() if after[key] != was]
        with self._lock:
            for key, rows in zip(moved, self._rows_with([int(key, 16) for key in moved]), strict=True):
                self.counts[before[key]] -= rows
                self.counts[after[key]] += rows
                if (before[key] in _LOST) != (after[key] in _LOST):
                    self._lost_copies += max(rows - 1, 0) * (1 if after[key] in _LOST else -1)

    def rows_of(self, keys: Iterable[str]) -> list[int]:
        """All rows with these keys, of those that were read, in order."""
        import numpy

        wanted = numpy.array([int(key, 16) for key in keys], dtype=numpy.uint64)
        if not len(wanted):
            return []
        with self._lock:  # the keys cannot grow while they are looked at
            found: list[int] = numpy.flatnonzero(numpy.isin(numpy.array(self.keys), wanted)).tolist()
        return found

    def _rows_with(self, keys: Sequence[int]) -> list[int]:
        """How many rows have each of these keys."""
        import numpy

        if self._sorted is None and len(keys) <= _FEW:
            known = numpy.frombuffer(self.keys, dtype=numpy.uint64) if self.keys else numpy.zeros(0, numpy.uint64)
            return [int(numpy.count_nonzero(known == key)) for key in keys]
        ordered = numpy.sort(numpy.array(self.keys, dtype=numpy.uint64)) if self._sorted is None else self._sorted
        wanted = numpy.array(keys, dtype=numpy.uint64)
        found: list[int] = (ordered.searchsorted(wanted, "right") - ordered.searchsorted(wanted, "left")).tolist()
        return found

    def copies(self, key: str) -> list[int]:
        """All rows with that key, where there is more than one; nothing while the rows are still being counted."""
        return self.rows_of([key]) if self.complete and self._rows_with([int(key, 16)])[0] > 1 else []

    def summary(self, known: int, *, complete: bool) -> str:
        """How many rows are kept, and what was decided, in words."""
        counted = sum(self.counts.values())
        kept = counted - self.counts["rejected"] - self.counts["refused"] - (self._copies - self._lost_copies)
        accepted, rejected = self.counts["accepted"], self.counts["rejected"]
        decided = f" · {accepted + rejected:,} decided: {accepted:,} ✔ {rejected:,} ✘" if accepted + rejected else ""
        later = f" · {self.counts['skipped']:,} later" if self.counts["skipped"] else ""
        sofar = "" if complete and counted == known else " so far"
        return f"{kept:,} of {known:,} kept{decided}{later}{sofar}"
