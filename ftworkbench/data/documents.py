"""What a check looks at: each row's text and answer, as read and as edited, and what was decided about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ftworkbench.data.curate import FATES, effective
from ftworkbench.data.decisions import UNREVIEWED
from ftworkbench.data.example import Example, content_text
from ftworkbench.data.formats import Refused
from ftworkbench.data.ledger import Ledger
from ftworkbench.data.personal import find_personal
from ftworkbench.data.problems import Problem
from ftworkbench.data.source import Row, open_source

if TYPE_CHECKING:
    from ftworkbench.recipe.tables import Data

Progress = Callable[[str, int, int], None]

_SLICE = 0.05


@dataclass(frozen=True, slots=True)
class Document:
    """A row's example in one version. `superseded`: an edit stands in for it; `settled`: nothing is open here."""

    file: int
    row: int
    key: str
    prompt: str
    answer: str
    status: str
    superseded: bool = False

    @property
    def rejected(self) -> bool:
        return self.status == "rejected"

    @property
    def used(self) -> bool:
        return not (self.rejected or self.superseded)

    @property
    def settled(self) -> bool:
        return self.superseded or self.status in {"accepted", "rejected"}


@dataclass
class FileRead:
    """What one pass over a file found."""

    path: Path
    format: str = ""
    rows: int = 0
    reviewed: int = 0
    fates: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FATES, 0))
    problems: list[Problem] = field(default_factory=list)


def read_documents(
    paths: Sequence[Path], data: Data | None, ledger: Ledger | None, progress: Progress | None
) -> tuple[list[FileRead], list[Document]]:
    """Reads the files once. Problems of single rows are found on the way. Raises InputError."""
    files: list[FileRead] = []
    documents: list[Document] = []
    for number, path in enumerate(paths):
        read = FileRead(path)
        files.append(read)
        used: set[str] = set()
        with open_source(path, data) as source:
            read.format = str(source.format)
            while progress and not source.index_some(_SLICE):
                progress(f"indexing {path.name}", source.known, source.known)
            for row in source.rows():
                if progress and row.number % 1000 == 0:
                    progress(f"reading {path.name}", row.number, source.known)
                documents += _versions(number, row, read, ledger, used)
            read.rows = source.known
    return files, documents


def _versions(number: int, row: Row, read: FileRead, ledger: Ledger | None, used: set[str]) -> list[Document]:
    """The versions of a row that can be looked at; counts the row's fate and notes its own problems."""
    state = ledger.state(row.key) if ledger else UNREVIEWED
    edited = state.messages is not None
    read.reviewed += state.status in {"accepted", "rejected"}
    current: Example | None = None
    try:
        current = effective(row, state)
    except Refused as refused:
        if edited:
            read.problems.append(Problem(refused.kind, row.number, f"as edited: {refused.reason}"))
    decided = state.status in {"accepted", "rejected"}
    if row.problem:
        settled = decided and not (edited and current is None)
        read.problems.append(Problem(row.problem.kind, row.number, row.problem.reason, settled=settled))
    read.fates[_fate(current, state.status, edited, used)] += 1
    found: list[Document] = []
    if row.example is not None:
        found.append(_document(number, row, row.example, state.status, superseded=edited))
        _note_personal(read, row, row.example, settled=decided)
    if edited and current is not None:
        found.append(_document(number, row, current, state.status, superseded=False))
        _note_personal(read, row, current, settled=state.status == "rejected")
    return found


def _fate(current: Example | None, status: str, edited: bool, used: set[str]) -> str:
    if status == "rejected":
        return "rejected"
    if current is None:
        return "refused"
    if current.key in used:
        return "duplicate"
    used.add(current.key)
    return "edited" if edited else "kept"


def _document(file: int, row: Row, example: Example, status: str, *, superseded: bool) -> Document:
    return Document(file, row.number, example.key, example.prompt_text, example.answer, status, superseded)


def _note_personal(read: FileRead, row: Row, example: Example, *, settled: bool) -> None:
    # A system prompt is the same in every row, and the company's own address may stand in it.
    said = "\n".join(content_text(message) for message in example.messages if message["role"] != "system")
    found = find_personal(said)
    if found:
        reason = "; ".join(map(str, found[:3]))
        read.problems.append(Problem("personal-data", row.number, reason, settled=settled))
