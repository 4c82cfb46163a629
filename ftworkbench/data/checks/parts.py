"""What one pass over a file finds: the rows of each block as read and as edited, their problems and their fates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ftworkbench.data.checks.blocks import Block, Interned, Texts, concatenated
from ftworkbench.data.checks.examine import examine_examples
from ftworkbench.data.checks.readers import read_blocks
from ftworkbench.data.example import Example, key_name
from ftworkbench.data.formats.format import Refused
from ftworkbench.data.problems import Problem
from ftworkbench.data.review.curate import FATES, effective
from ftworkbench.data.review.decisions import STATUSES, RowState
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.sources.source import Source

_KEY = re.compile("[0-9a-f]{16}")
_SAMPLES = 1_000
_ACCEPTED, _REJECTED = STATUSES.index("accepted"), STATUSES.index("rejected")
_KEPT, _EDITED, _REJECTED_FATE, _REFUSED = (FATES.index(fate) for fate in ("kept", "edited", "rejected", "refused"))


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


@dataclass(frozen=True)
class Part:
    """The documents of some consecutive rows, and the fate of each row but for what repeats an earlier one.

    `own` are the keys that the ledger knows their rows by; `current` is what each row comes to, by its key.
    """

    texts: Texts
    rows: NDArray[np.int64]
    own: NDArray[np.uint64]
    statuses: NDArray[np.int8]
    edited: NDArray[np.bool_]
    superseded: NDArray[np.bool_]
    current: NDArray[np.uint64]
    fates: NDArray[np.int8]
    vocabulary: dict[int, str]
    end: int


def parts_of(source: Source, read: FileRead, ledger: Ledger | None) -> Iterator[Part]:
    """All rows of a source, some at a time; what is wrong with single ones goes to `read`. Raises InputError."""
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


def _part(block: Block, start: int, source: Source, read: FileRead, decided: dict[int, RowState]) -> Part:
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
    superseded, by_edit = edited[texts.places], np.zeros(len(texts.places), dtype=bool)
    vocabulary = block.vocabulary
    if edits:
        versions = examine_examples(edits)
        for place, kind, reason in versions.noted:
            done = bool(statuses[place] == _REJECTED)
            read.problems.append(problem(kind, place, reason, settled=done))
        both = concatenated((texts, versions.texts), Interned())
        order = np.argsort(both.places, kind="stable")
        superseded = np.concatenate((superseded, np.zeros(len(edits), dtype=bool)))[order]
        by_edit = np.concatenate((by_edit, np.ones(len(edits), dtype=bool)))[order]
        texts, vocabulary = both.of(order), {**vocabulary, **versions.vocabulary}
    return Part(
        texts,
        numbers[texts.places],
        block.keys[texts.places],
        statuses[texts.places],
        by_edit,
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


def count_fates(read: FileRead, parts: Sequence[Part]) -> None:
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
