"""What a check looks at: each row's text and answer, as read and as edited, and what was decided about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.typing import NDArray

from ftworkbench.aside import Progress
from ftworkbench.data.checks.blocks import NO_LABEL, Interned
from ftworkbench.data.checks.parts import FileRead, Part, count_fates, parts_of
from ftworkbench.data.checks.prints import Fingerprints
from ftworkbench.data.example import key_name
from ftworkbench.data.review.decisions import STATUSES
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.sources.source import open_source

if TYPE_CHECKING:
    from ftworkbench.recipe.tables import Data

_SLICE = 0.05
_PLACES = 1 << 40
_ACCEPTED, _REJECTED = STATUSES.index("accepted"), STATUSES.index("rejected")


@dataclass(frozen=True, slots=True)
class Document:
    """A row's example in one version. `edited`: an edit made it; `superseded`: an edit stands in for it.

    `settled`: nothing is open here, but for what an edit itself has broken.

    `says` is the same for answers that say the same; `answer` is empty where it is too long to be a label.
    """

    file: int
    row: int
    key: int
    says: int
    answer: str
    rejected: bool
    edited: bool
    superseded: bool
    settled: bool

    @property
    def used(self) -> bool:
        return not (self.rejected or self.superseded)


def place_number(file: int, row: int) -> int:
    """One number for a row of a file."""
    return file * _PLACES + row


class Documents(Sequence[Document]):
    """All documents, by column: in the order of the files and of their rows, an edited version after the one read."""

    def __init__(self) -> None:
        self.interned = Interned()
        self.files = np.zeros(0, dtype=np.int32)
        self.rows = np.zeros(0, dtype=np.int64)
        self.keys = np.zeros(0, dtype=np.uint64)
        self.own = np.zeros(0, dtype=np.uint64)
        self.says = np.zeros(0, dtype=np.uint64)
        self.answers = np.zeros(0, dtype=np.int32)
        self.statuses = np.zeros(0, dtype=np.int8)
        self.edited = np.zeros(0, dtype=bool)
        self.superseded = np.zeros(0, dtype=bool)

    def add(self, file: int, parts: Sequence[Part]) -> None:
        """Adds the documents of a file."""
        self.files = np.append(self.files, np.full(sum(len(part.rows) for part in parts), file, dtype=np.int32))
        self.rows = np.concatenate([self.rows, *(part.rows for part in parts)])
        self.keys = np.concatenate([self.keys, *(part.texts.keys for part in parts)])
        self.own = np.concatenate([self.own, *(part.own for part in parts)])
        self.says = np.concatenate([self.says, *(part.texts.says for part in parts)])
        self.answers = np.concatenate([self.answers, *(self.interned.numbers(part.texts) for part in parts)])
        self.statuses = np.concatenate([self.statuses, *(part.statuses for part in parts)])
        self.edited = np.concatenate([self.edited, *(part.edited for part in parts)])
        self.superseded = np.concatenate([self.superseded, *(part.superseded for part in parts)])

    @property
    def places(self) -> NDArray[np.int64]:
        """The `place_number` of each document's row."""
        return np.asarray(self.files.astype(np.int64) * _PLACES + self.rows)

    def keys_of(self, rows: Sequence[tuple[int, int]]) -> list[str]:
        """The key that the ledger knows each of these rows (file, number) by; empty where it has no document."""
        if not len(self):
            return [""] * len(rows)
        places, wanted = self.places, np.array([place_number(*row) for row in rows], dtype=np.int64)
        found = np.minimum(np.searchsorted(places, wanted), len(self) - 1)
        keys, there = self.own[found].tolist(), (places[found] == wanted).tolist()
        return [key_name(key) if known else "" for key, known in zip(keys, there, strict=True)]

    @property
    def first(self) -> NDArray[np.bool_]:
        """Which documents are their row's first version: as it was read, where it could be."""
        found = np.ones(len(self), dtype=bool)
        found[1:] = np.diff(self.places) != 0
        return found

    @property
    def used(self) -> NDArray[np.bool_]:
        """Which documents are what their row comes to, and not rejected."""
        return np.asarray((self.statuses != _REJECTED) & ~self.superseded)

    def counted_answers(self, chosen: NDArray[np.bool_]) -> dict[str, int]:
        """How many of the chosen documents give each answer; the empty one are all that are too long to be labels."""
        names = self.interned.names
        counts = np.bincount(self.answers[chosen] + 1, minlength=len(names) + 1).tolist()
        return {answer: count for answer, count in zip(["", *names], counts, strict=True) if count}

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Document: ...
    @overload
    def __getitem__(self, index: slice) -> list[Document]: ...
    def __getitem__(self, index: int | slice) -> Document | list[Document]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        return self.several(np.array([index]))[index]

    def several(self, places: NDArray[np.int64]) -> dict[int, Document]:
        """The documents at these places, by their places."""
        names = self.interned.names
        superseded = self.superseded[places]
        statuses = self.statuses[places]
        columns = (
            self.files[places],
            self.rows[places],
            self.keys[places],
            self.says[places],
            statuses == _REJECTED,
            self.edited[places],
            superseded,
            superseded | (statuses == _ACCEPTED) | (statuses == _REJECTED),
        )
        rows = zip(
            places.tolist(), self.answers[places].tolist(), *(column.tolist() for column in columns), strict=True
        )
        return {
            place: Document(file, row, key, says, "" if answer == NO_LABEL else names[answer], *rest)
            for place, answer, file, row, key, says, *rest in rows
        }


@dataclass
class Collection:
    """All documents of the files, and what their prompts are compared by: `prints` knows them by the same places.

    `vocabulary` has the word of each hash, where rows are labelled.
    """

    files: list[FileRead] = field(default_factory=list)
    documents: Documents = field(default_factory=Documents)
    prints: Fingerprints = field(default_factory=Fingerprints)
    vocabulary: dict[int, str] = field(default_factory=dict)


def read_documents(
    paths: Sequence[Path], data: Data | None, ledger: Ledger | None, progress: Progress | None
) -> Collection:
    """Reads the files once. Problems of single rows are found on the way. Raises InputError."""
    found = Collection()
    for number, path in enumerate(paths):
        read = FileRead(path)
        found.files.append(read)
        with open_source(path, data) as source:
            read.format = str(source.format)
            while not source.index_some(_SLICE):
                if progress:
                    progress(f"indexing {path.name}", source.known, source.known)
            parts = []
            for part in parts_of(source, read, ledger):
                parts.append(part)
                found.prints.add_words(part.texts.words, part.texts.prints, part.texts.digests)
                found.vocabulary.update(part.vocabulary)
                if progress:
                    progress(f"reading {path.name}", part.end, source.known)
            read.rows, read.cut = source.known, source.cut
        found.documents.add(number, parts)
        count_fates(read, parts)
    return found
