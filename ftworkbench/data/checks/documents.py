"""What a check looks at: each row's text and answer, as read and as edited, and what was decided about it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.typing import NDArray

from ftworkbench.aside import Progress
from ftworkbench.data.checks.blocks import NO_LABEL, Block, Interned, Texts, concatenated
from ftworkbench.data.checks.examine import examine_examples
from ftworkbench.data.checks.fingerprints import Fingerprints
from ftworkbench.data.checks.readers import read_blocks
from ftworkbench.data.example import Example
from ftworkbench.data.formats.format import Refused
from ftworkbench.data.problems import Problem
from ftworkbench.data.review.curate import FATES, effective
from ftworkbench.data.review.decisions import STATUSES, RowState
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.sources.source import Source, open_source

if TYPE_CHECKING:
    from ftworkbench.recipe.tables import Data


_SLICE = 0.05
_KEY = re.compile("[0-9a-f]{16}")
_SAMPLES = 1_000
_PLACES = 1 << 40
_ACCEPTED, _REJECTED = STATUSES.index("accepted"), STATUSES.index("rejected")


@dataclass(frozen=True, slots=True)
class Document:
    """A row's example in one version. `superseded`: an edit stands in for it; `settled`: nothing is open here.

    `says` is the same for answers that say the same; `answer` is empty where it is too long to be a label.
    """

    file: int
    row: int
    key: int
    says: int
    answer: str
    rejected: bool
    superseded: bool
    settled: bool

    @property
    def used(self) -> bool:
        return not (self.rejected or self.superseded)


def place_number(file: int, row: int) -> int:
    """One number for a row of a file."""
    return file * _PLACES + row


def key_name(key: int) -> str:
    """A row's key as the ledger has it."""
    return f"{key:016x}"


class Documents(Sequence[Document]):
    """All documents, by column: in the order of the files and of their rows, an edited version after the one read."""

    def __init__(self) -> None:
        self.interned = Interned()
        self.files = np.zeros(0, dtype=np.int32)
        self.rows = np.zeros(0, dtype=np.int64)
        self.keys = np.zeros(0, dtype=np.uint64)
        self.says = np.zeros(0, dtype=np.uint64)
        self.answers = np.zeros(0, dtype=np.int32)
        self.statuses = np.zeros(0, dtype=np.int8)
        self.superseded = np.zeros(0, dtype=bool)

    def add(self, file: int, parts: Sequence[_Part]) -> None:
        """Adds the documents of a file."""
        self.files = np.append(self.files, np.full(sum(len(part.rows) for part in parts), file, dtype=np.int32))
        self.rows = np.concatenate([self.rows, *(part.rows for part in parts)])
        self.keys = np.concatenate([self.keys, *(part.texts.keys for part in parts)])
        self.says = np.concatenate([self.says, *(part.texts.says for part in parts)])
        self.answers = np.concatenate([self.answers, *(self.interned.numbers(part.texts) for part in parts)])
        self.statuses = np.concatenate([self.statuses, *(part.statuses for part in parts)])
        self.superseded = np.concatenate([self.superseded, *(part.superseded for part in parts)])

    @property
    def places(self) -> NDArray[np.int64]:
        """The `place_number` of each document's row."""
        return np.asarray(self.files.astype(np.int64) * _PLACES + self.rows)

    def keys_of(self, rows: Sequence[tuple[int, int]]) -> list[str]:
        """The key of each of these rows (file, number) as it was read, as the ledger knows it; empty of no document."""
        if not len(self):
            return [""] * len(rows)
        places, wanted = self.places, np.array([place_number(*row) for row in rows], dtype=np.int64)
        found = np.minimum(np.searchsorted(places, wanted), len(self) - 1)
        keys, there = self.keys[found].tolist(), (places[found] == wanted).tolist()
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

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Document: ...
    @overload
    def __getitem__(self, index: slice) -> list[Document]: ...
    def __getitem__(self, index: int | slice) -> Document | list[Document]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        answer, status = int(self.answers[index]), int(self.statuses[index])
        superseded = bool(self.superseded[index])
        return Document(
            int(self.files[index]),
            int(self.rows[index]),
            int(self.keys[index]),
            int(self.says[index]),
            "" if answer == NO_LABEL else self.interned.names[answer],
            status == _REJECTED,
            superseded,
            superseded or status in {_ACCEPTED, _REJECTED},
        )


@dataclass
class FileRead:
    """What one pass over a file found. `samples` are prompts, evenly spread, each with the number of its row."""

    path: Path
    format: str = ""
    rows: int = 0
    reviewed: int = 0
    cut: str = ""
    fates: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FATES, 0))
    problems: list[Problem] = field(default_factory=list)
    samples: list[tuple[int, str]] = field(default_factory=list)
    languages: str = ""


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
            for part in _parts(source, read, ledger):
                parts.append(part)
                found.prints.add_words(part.texts.words, part.texts.prints)
                found.vocabulary.update(part.vocabulary)
                if progress:
                    progress(f"reading {path.name}", part.end, source.known)
            read.rows, read.cut = source.known, source.cut
        found.documents.add(number, parts)
        _count_fates(read, parts)
    return found


@dataclass(frozen=True)
class _Part:
    """The documents of some consecutive rows, and the fate of each row but for what repeats an earlier one.

    `current` is what each row comes to, by its key.
    """

    texts: Texts
    rows: NDArray[np.int64]
    statuses: NDArray[np.int8]
    superseded: NDArray[np.bool_]
    current: NDArray[np.uint64]
    fates: NDArray[np.int8]
    vocabulary: dict[int, str]
    end: int


_KEPT, _EDITED, _REJECTED_FATE, _REFUSED = (FATES.index(fate) for fate in ("kept", "edited", "rejected", "refused"))


def _parts(source: Source, read: FileRead, ledger: Ledger | None) -> Iterator[_Part]:
    decided = _decided(ledger)
    start, every = 0, max(source.known // _SAMPLES, 1)
    for block in read_blocks(source, every):
        yield _part(block, start, source, read, decided)
        rows = source.numbers(start, block.rows)[block.texts.places[::every]].tolist()
        read.samples += zip(rows, block.samples, strict=True)
        start += block.rows


def _decided(ledger: Ledger | None) -> dict[int, RowState]:
    keys = ledger.keys() if ledger else ()
    return {int(key, 16): ledger.state(key) for key in keys if _KEY.fullmatch(key)} if ledger else {}


def _part(block: Block, start: int, source: Source, read: FileRead, decided: dict[int, RowState]) -> _Part:
    """Applies what was decided to the rows of a block, and notes their own problems."""
    numbers = source.numbers(start, block.rows)
    texts = block.texts
    readable = np.zeros(block.rows, dtype=bool)
    readable[texts.places] = True
    fates = np.where(readable, _KEPT, _REFUSED).astype(np.int8)
    current, statuses = block.keys.copy(), np.zeros(block.rows, dtype=np.int8)
    edited, mended = np.zeros(block.rows, dtype=bool), np.zeros(block.rows, dtype=bool)
    edits: list[tuple[int, Example]] = []

    def problem(kind: str, place: int, reason: str, *, settled: bool = False) -> Problem:
        return Problem(kind, int(numbers[place]), reason, settled=settled, key=key_name(int(block.keys[place])))

    for place in _places_of(decided, block.keys):
        state = decided[int(block.keys[place])]
        statuses[place] = STATUSES.index(state.status)
        if state.messages is None:
            continue
        edited[place] = True
        try:
            example = effective(source.row(start + place), state)
        except Refused as refused:
            fates[place] = _REFUSED
            read.problems.append(problem(refused.kind, place, f"as edited: {refused.reason}"))
            continue
        mended[place], fates[place], current[place] = True, _EDITED, int(example.key, 16)
        edits.append((place, example))
    fates[statuses == _REJECTED] = _REJECTED_FATE
    settled = (statuses == _ACCEPTED) | (statuses == _REJECTED)
    read.reviewed += int(settled.sum())
    for place, kind, reason in block.noted:
        done = bool(settled[place] and (kind == "personal-data" or not edited[place] or mended[place]))
        read.problems.append(problem(kind, place, reason, settled=done))
    superseded = edited[texts.places]
    vocabulary = block.vocabulary
    if edits:
        versions = examine_examples(edits)
        for place, kind, reason in versions.noted:
            done = bool(statuses[place] == _REJECTED)
            read.problems.append(problem(kind, place, reason, settled=done))
        both = concatenated((texts, versions.texts), Interned())
        order = np.argsort(both.places, kind="stable")
        superseded = np.concatenate((superseded, np.zeros(len(edits), dtype=bool)))[order]
        texts, vocabulary = both.of(order), {**vocabulary, **versions.vocabulary}
    return _Part(
        texts,
        numbers[texts.places],
        statuses[texts.places],
        superseded,
        current,
        fates,
        vocabulary,
        start + block.rows,
    )


def _places_of(decided: dict[int, RowState], keys: NDArray[np.uint64]) -> list[int]:
    """Where the rows are that something was decided about."""
    if not decided:
        return []
    found: list[int] = np.flatnonzero(np.isin(keys, np.fromiter(decided, np.uint64, len(decided)))).tolist()
    return found


def _count_fates(read: FileRead, parts: Sequence[_Part]) -> None:
    """Counts how many rows met which fate: of rows that are used and say the same, the first one is."""
    if not parts:
        return
    fates = np.concatenate([part.fates for part in parts])
    keys = np.concatenate([part.current for part in parts])
    used = np.flatnonzero((fates == _KEPT) | (fates == _EDITED))
    again = np.ones(len(used), dtype=bool)
    again[np.unique(keys[used], return_index=True)[1]] = False
    fates[used[again]] = FATES.index("duplicate")
    counts = np.bincount(fates, minlength=len(FATES)).tolist()
    read.fates = dict(zip(FATES, counts, strict=True))
