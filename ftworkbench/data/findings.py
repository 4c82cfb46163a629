"""Problems that only show when rows are held against each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import compress
from statistics import median

from ftworkbench.data.documents import Document
from ftworkbench.data.duplicates import Alike
from ftworkbench.data.labels import Labels
from ftworkbench.data.leaks import Leak, find_leaks
from ftworkbench.data.packed import PackedTexts
from ftworkbench.data.problems import Problem
from ftworkbench.data.suspects import find_suspects
from ftworkbench.printable import one_line

# A near-duplicate must be this like another to contradict it: in short texts one word may change the answer. With
# other numbers the same question may well have another answer.
_CONTRADICTS = 0.8
_SMALL_CLASS = 20
_SMALL_SHARE = 0.1
_MOST_SUSPECTS = 20

Placed = tuple[int, Problem]


def find_duplicates(documents: Sequence[Document], alike: Alike) -> list[Placed]:
    """Rows that repeat or contradict an earlier one of their file, each with the file's number."""
    found: list[Placed] = []
    for index, later in enumerate(documents):
        problem = _repetition(index, documents, alike)
        if problem:
            found.append((later.file, problem))
    return found


def _repetition(index: int, documents: Sequence[Document], alike: Alike) -> Problem | None:
    """The problem of a row with the rows before it: an open one before a settled one, then by how alike."""
    later = documents[index]
    found: dict[tuple[bool, int], Problem] = {}
    for place, similarity in alike.partners(index):
        first = documents[place]
        if place > index or first.file != later.file or first.row == later.row:
            continue
        kind = _kind(first, later)
        if kind == "conflicting-duplicate" and not (similarity >= _CONTRADICTS and alike.same_numbers(place, index)):
            continue
        settled = later.settled or not first.used
        reason = f"{_REPEATS[kind].format(_likeness(similarity))} as row {first.row}"
        problem = Problem(kind, later.row, reason, other=first.row, settled=settled)
        found.setdefault((settled, list(_REPEATS).index(kind)), problem)
    return found[min(found)] if found else None


_REPEATS = {
    "exact-duplicate": "the same row",
    "near-duplicate": "{}, the same answer",
    "conflicting-duplicate": "{}, another answer",
}


def _kind(first: Document, later: Document) -> str:
    if first.key == later.key:
        return "exact-duplicate"
    return "near-duplicate" if first.says == later.says else "conflicting-duplicate"


def _likeness(similarity: float) -> str:
    return "the same prompt" if similarity == 1.0 else f"nearly the same prompt ({similarity:.2f})"


def place_leaks(
    documents: Sequence[Document], held: Sequence[bool], alike: Alike, names: Sequence[str]
) -> list[Placed]:
    """The held-out rows that stand in a file to train on, each with the first such row that is undecided."""
    kept = [held[document.file] for document in documents]
    found: dict[tuple[int, int], Problem] = {}
    for leak in find_leaks([document.key for document in documents], kept, alike):
        document = documents[leak.held]
        problem = _leak(leak, document, documents[leak.train], names)
        before = found.get((document.file, document.row))
        if before is None or (before.settled and not problem.settled):
            found[document.file, document.row] = problem
    return [(file, problem) for (file, _), problem in found.items()]


def _leak(leak: Leak, held: Document, train: Document, names: Sequence[str]) -> Problem:
    settled = held.settled or train.settled
    reason = f"{leak.what} in {names[train.file]}, row {train.row}"
    return Problem("leak", held.row, reason, not settled, train.row, names[train.file], settled)


def class_sizes(documents: Sequence[Document], held: Sequence[bool], labels: Labels) -> Counter[str]:
    """How many rows of the files to train on carry each label, as they were read."""
    rows = {(document.file, document.row): document for document in reversed(documents)}
    found = [labels.of(one.answer) for one in rows.values() if not held[one.file]]
    return Counter(label for label in found if label is not None)


def small_classes(sizes: Counter[str]) -> set[str]:
    """The labels with too few rows: under 20 or a tenth of the usual, and under half of the usual."""
    if len(sizes) < 2:
        return set()
    usual = median(sizes.values())
    limit = min(max(_SMALL_CLASS, _SMALL_SHARE * usual), usual / 2)
    return {label for label, size in sizes.items() if size < limit}


def place_small_classes(documents: Sequence[Document], sizes: Counter[str], labels: Labels) -> list[Placed]:
    """The rows, held out ones too, whose label has too few rows to train on."""
    small = small_classes(sizes)
    found: dict[tuple[int, int], Problem] = {}
    for document in documents:
        label = labels.of(document.answer)
        if label in small and not document.superseded:
            reason = f'"{one_line(label, 40)}" has {sizes[label]} rows to train on'
            problem = Problem("small-class", document.row, reason, settled=document.settled)
            found.setdefault((document.file, document.row), problem)
    return [(file, problem) for (file, _), problem in found.items()]


def place_suspects(
    documents: Sequence[Document], prompts: PackedTexts, labels: Labels, known: set[tuple[int, int]]
) -> list[Placed]:
    """The rows whose label looks wrong, in each file the surest first; rows in `known` are left to their problem.

    `prompts` are those of the documents that have an `answer`.
    """
    chosen = [
        (document, label if (document.file, document.row) not in known else None)
        for document in documents
        if document.answer
        for label in [labels.of(document.answer)]
    ]
    named = [(document, label) for document, label in chosen if label is not None]
    suspects = find_suspects(
        lambda: compress(prompts, [label is not None for _, label in chosen]),
        [label for _, label in named],
        [document.used for document, _ in named],
    )
    found: dict[tuple[int, int], Placed] = {}
    open_ones: Counter[int] = Counter()
    for suspect in suspects:
        document, label = named[suspect.index]
        place = (document.file, document.row)
        if place in found or open_ones[document.file] >= _MOST_SUSPECTS:
            continue
        reason = f'labelled "{one_line(label, 40)}", but reads like "{one_line(suspect.likelier, 40)}"'
        problem = Problem("wrong-label", document.row, reason, settled=document.settled)
        found[place] = (document.file, problem)
        open_ones[document.file] += not document.settled
    return list(found.values())
