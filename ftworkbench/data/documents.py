"""What a check looks at: each row's text and answer, as read and as edited, and what was decided about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ftworkbench.data.curate import FATES, effective
from ftworkbench.data.decisions import UNREVIEWED
from ftworkbench.data.example import Example, content_text
from ftworkbench.data.fingerprints import Fingerprints
from ftworkbench.data.formats import Refused
from ftworkbench.data.labels import may_be_label, said_by
from ftworkbench.data.ledger import Ledger
from ftworkbench.data.packed import PackedTexts
from ftworkbench.data.personal import find_personal
from ftworkbench.data.problems import Problem
from ftworkbench.data.source import Row, open_source

if TYPE_CHECKING:
    from ftworkbench.recipe.tables import Data

Progress = Callable[[str, int, int], None]

_SLICE = 0.05


@dataclass(frozen=True, slots=True)
class Document:
    """A row's example in one version. `superseded`: an edit stands in for it; `settled`: nothing is open here.

    `says` is the same for answers that say the same; `answer` is empty where it is too long to be a label.
    """

    file: int
    row: int
    key: str
    says: int
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
    cut: str = ""
    fates: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FATES, 0))
    problems: list[Problem] = field(default_factory=list)


@dataclass
class Collection:
    """All documents of the files, what their prompts are compared by, and the prompts of those with an `answer`."""

    files: list[FileRead] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    prints: Fingerprints = field(default_factory=Fingerprints)
    prompts: PackedTexts = field(default_factory=PackedTexts)

    def add(self, row: Row, example: Example, status: str, *, superseded: bool) -> None:
        """Adds a version of a row of the last file."""
        answer, prompt = example.answer, example.prompt_text
        said, label = said_by(answer), answer if may_be_label(answer) else ""
        self.prints.add(prompt)
        if label:
            self.prompts.add(prompt)
        file = len(self.files) - 1
        self.documents.append(Document(file, row.number, example.key, said, label, status, superseded))


def read_documents(
    paths: Sequence[Path], data: Data | None, ledger: Ledger | None, progress: Progress | None
) -> Collection:
    """Reads the files once. Problems of single rows are found on the way. Raises InputError."""
    found = Collection()
    for path in paths:
        read = FileRead(path)
        found.files.append(read)
        used: set[str] = set()
        with open_source(path, data) as source:
            read.format = str(source.format)
            while progress and not source.index_some(_SLICE):
                progress(f"indexing {path.name}", source.known, source.known)
            for index, row in enumerate(source.rows(), 1):
                if progress and index % 1000 == 0:
                    progress(f"reading {path.name}", index, source.known)
                _add_versions(found, row, read, ledger, used)
            read.rows, read.cut = source.known, source.cut
    return found


def _add_versions(found: Collection, row: Row, read: FileRead, ledger: Ledger | None, used: set[str]) -> None:
    """Adds the versions of a row that can be looked at; counts the row's fate and notes its own problems."""
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
    if row.example is not None:
        found.add(row, row.example, state.status, superseded=edited)
        _note_personal(read, row, row.example, settled=decided)
    if edited and current is not None:
        found.add(row, current, state.status, superseded=False)
        _note_personal(read, row, current, settled=state.status == "rejected")


def _fate(current: Example | None, status: str, edited: bool, used: set[str]) -> str:
    if status == "rejected":
        return "rejected"
    if current is None:
        return "refused"
    if current.key in used:
        return "duplicate"
    used.add(current.key)
    return "edited" if edited else "kept"


def _note_personal(read: FileRead, row: Row, example: Example, *, settled: bool) -> None:
    # A system prompt is the same in every row, and the company's own address may stand in it.
    said = "\n".join(content_text(message) for message in example.messages if message["role"] != "system")
    found = find_personal(said)
    if found:
        reason = "; ".join(map(str, found[:3]))
        read.problems.append(Problem("personal-data", row.number, reason, settled=settled))
