"""Problems that only show when rows are held against each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median

import numpy as np
from numpy.typing import NDArray

from ftworkbench.data.checks.answers import broken_answers
from ftworkbench.data.checks.blocks import NO_LABEL, Interned
from ftworkbench.data.checks.documents import Document, Documents, place_number
from ftworkbench.data.checks.duplicates import Alike
from ftworkbench.data.checks.languages import find_languages, language_name
from ftworkbench.data.checks.leaks import Leak, find_leaks
from ftworkbench.data.checks.outliers import find_outliers
from ftworkbench.data.checks.parts import FileRead
from ftworkbench.data.checks.suspects import find_suspects
from ftworkbench.data.checks.vectors import Vectors, spread
from ftworkbench.data.labels import Labels
from ftworkbench.data.problems import Problem
from ftworkbench.printable import one_line

# A near-duplicate must be this like another to contradict it: in short texts one word may change the answer. With
# other numbers the same question may well have another answer.
CONTRADICTS = 0.8
_SMALL_CLASS = 20
_SMALL_SHARE = 0.1
_MOST_SUSPECTS = 20
_MOST_OUTLIERS = 20
# Among so many rows, evenly spread, wrong labels and outliers are looked for: only the surest few are named anyway.
MOST_SUSPECTED = 100_000
_WORTH_SAYING = 0.02

Placed = tuple[int, Problem]


def find_duplicates(documents: Documents, alike: Alike) -> list[Placed]:
    """Rows that repeat or contradict an earlier one of their file, each with the file's number."""
    found: list[Placed] = []
    known = documents.several(alike.paired)
    for index, document in known.items():
        problem = _repetition(index, known, alike)
        if problem:
            found.append((document.file, problem))
    return found


def _repetition(index: int, known: Mapping[int, Document], alike: Alike) -> Problem | None:
    """The problem of a row with the rows before it: an open one before a settled one, then by how alike."""
    later = known[index]
    found: dict[tuple[bool, int], tuple[Document, float]] = {}
    for place, similarity in alike.partners(index):
        if place > index:
            continue
        first = known[place]
        if first.file != later.file or first.row == later.row:
            continue
        kind = _kind(first, later)
        if kind == "conflicting-duplicate" and not (similarity >= CONTRADICTS and alike.same_numbers(place, index)):
            continue
        found.setdefault((later.settled or not first.used, _RANKS[kind]), (first, similarity))
    if not found:
        return None
    settled, rank = min(found)
    (first, similarity), kind = found[settled, rank], list(_REPEATS)[rank]
    reason = _REPEATS[kind].format(like=_likeness(similarity), row=first.row)
    return Problem(kind, later.row, reason, other=first.row, settled=settled)


_REPEATS = {
    "exact-duplicate": "the same as row {row}",
    "near-duplicate": "{like} as row {row}, and the same answer",
    "conflicting-duplicate": "{like} as row {row}, but another answer",
}
_RANKS = {kind: rank for rank, kind in enumerate(_REPEATS)}


def _kind(first: Document, later: Document) -> str:
    if first.key == later.key:
        return "exact-duplicate"
    return "near-duplicate" if first.says == later.says else "conflicting-duplicate"


def _likeness(similarity: float) -> str:
    return "the same prompt" if similarity == 1.0 else f"nearly the same prompt ({similarity:.2f})"


def place_leaks(documents: Documents, held: Sequence[bool], alike: Alike, names: Sequence[str]) -> list[Placed]:
    """The held-out rows that stand in a file to train on, each with the first such row that is undecided."""
    kept = np.array(held, dtype=bool)[documents.files]
    found: dict[tuple[int, int], Problem] = {}
    pairs = find_leaks(documents.keys.tolist(), kept.tolist(), alike) if kept.any() and not kept.all() else ()
    for leak in pairs:
        document = documents[leak.held]
        problem = _leak(leak, document, documents[leak.train], names)
        before = found.get((document.file, document.row))
        if before is None or (before.settled and not problem.settled):
            found[document.file, document.row] = problem
    return [(file, problem) for (file, _), problem in found.items()]


def _leak(leak: Leak, held: Document, train: Document, names: Sequence[str]) -> Problem:
    settled = held.settled or train.settled
    reason = f"{leak.what} in {names[train.file]}, row {train.row}"
    return Problem("leak", held.row, reason, leak.sure and not settled, train.row, names[train.file], settled)


def place_broken_answers(documents: Documents) -> list[Placed]:
    """The rows whose answer breaks the form that nearly all answers of their file have."""
    found: list[Placed] = []
    for file in np.unique(documents.files).tolist():
        current = (documents.files == file) & ~documents.superseded
        reasons = broken_answers(documents.counted_answers(current))
        broken = np.array([*(name in reasons for name in documents.interned.names), "" in reasons], dtype=bool)
        for index in np.flatnonzero(current & broken[documents.answers]).tolist():
            document = documents[index]
            settled = document.rejected if document.edited else document.settled
            found.append((file, Problem("broken-answer", document.row, reasons[document.answer], settled=settled)))
    return found


class Labelled:
    """The label of each document: its place in `names`, NO_LABEL where it has none."""

    def __init__(self, documents: Documents, labels: Labels) -> None:
        interned = Interned()
        found = [labels.of(answer) for answer in documents.interned.names]
        numbers = [NO_LABEL if label is None else interned.number(label) for label in found]
        self.names = interned.names
        self.numbers = np.array([*numbers, NO_LABEL], dtype=np.int32)[documents.answers]

    def counted(self, chosen: NDArray[np.bool_]) -> Counter[str]:
        """How many of the chosen documents carry each label."""
        numbers = self.numbers[chosen & (self.numbers != NO_LABEL)]
        counts = np.bincount(numbers, minlength=len(self.names)).tolist()
        return Counter({name: count for name, count in zip(self.names, counts, strict=True) if count})

    def among(self, names: set[str]) -> NDArray[np.bool_]:
        """Which documents carry one of these labels."""
        return np.array([*(name in names for name in self.names), False], dtype=bool)[self.numbers]


def class_sizes(documents: Documents, held: Sequence[bool], labelled: Labelled) -> Counter[str]:
    """How many rows of the files to train on carry each label: as they were read, or where none did, as edited."""
    train = ~np.array(held, dtype=bool)[documents.files]
    now, read = labelled.counted(train & ~documents.superseded), labelled.counted(train & documents.first)
    return Counter({**now, **read})


def small_classes(sizes: Counter[str]) -> set[str]:
    """The labels with too few rows: under 20 or a tenth of the usual, and under half of the usual."""
    if len(sizes) < 2:
        return set()
    usual = median(sizes.values())
    limit = min(max(_SMALL_CLASS, _SMALL_SHARE * usual), usual / 2)
    return {label for label, size in sizes.items() if size < limit}


def place_small_classes(documents: Documents, sizes: Counter[str], labelled: Labelled) -> list[Placed]:
    """The rows, held out ones too, whose label has too few rows to train on."""
    read = labelled.counted(~documents.edited)
    found: dict[tuple[int, int], Problem] = {}
    for index in np.flatnonzero(labelled.among(small_classes(sizes)) & ~documents.superseded).tolist():
        document, label = documents[index], labelled.names[labelled.numbers[index]]
        reason = f'"{one_line(label, 40)}" has {sizes[label]} row{"s" * (sizes[label] != 1)} to train on'
        # A label that edits alone gave may well be a slip of theirs, though an edit accepts its row.
        settled = document.settled if label in read else document.rejected
        problem = Problem("small-class", document.row, reason, settled=settled)
        found.setdefault((document.file, document.row), problem)
    return [(file, problem) for (file, _), problem in found.items()]


def place_suspects(
    documents: Documents, vectors: Vectors, labelled: Labelled, known: set[tuple[int, int]]
) -> list[Placed]:
    """The rows whose label looks wrong, in each file the surest first; rows in `known` are left to their problem."""
    elsewhere = np.isin(documents.places, [place_number(*place) for place in known])
    rows = spread(np.flatnonzero((labelled.numbers != NO_LABEL) & ~elsewhere), MOST_SUSPECTED)
    suspects = find_suspects(vectors, rows, labelled.numbers[rows], labelled.names, documents.used[rows])
    found: dict[tuple[int, int], Placed] = {}
    open_ones: Counter[int] = Counter()
    files = np.unique(documents.files[rows]).tolist()
    for suspect in suspects:
        if all(open_ones[file] >= _MOST_SUSPECTS for file in files):
            break
        document, label = documents[suspect.index], labelled.names[labelled.numbers[suspect.index]]
        place = (document.file, document.row)
        if place in found or open_ones[document.file] >= _MOST_SUSPECTS:
            continue
        reason = f'labelled "{one_line(label, 40)}", but reads like "{one_line(suspect.likelier, 40)}"'
        problem = Problem("wrong-label", document.row, reason, settled=document.settled)
        found[place] = (document.file, problem)
        open_ones[document.file] += not document.settled
    return list(found.values())


def place_languages(file: FileRead) -> list[Problem]:
    """The rows in another language than nearly all others, and what languages there are, among the sampled ones."""
    found = find_languages([text for _, text in file.samples])
    total = sum(found.counts.values())
    counts = sorted(found.counts.items(), key=lambda one: -one[1])
    if sum(count >= _WORTH_SAYING * total for _, count in counts) > 1:
        file.languages = ", ".join(f"{language_name(code)} {count / total:.0%}" for code, count in counts[:4])
    return [
        Problem("other-language", file.samples[one.index][0], f"reads like {language_name(one.language)}, nearly all "
                f"others like {language_name(found.main)}")
        for one in found.foreign
    ]  # fmt: skip


def place_outliers(documents: Documents, vectors: Vectors, held: NDArray[np.bool_]) -> list[Placed]:
    """The rows to train on that are unlike all others, the farthest first; of rows that say the same the first."""
    first = np.zeros(len(documents), dtype=bool)
    first[np.unique(documents.keys, return_index=True)[1]] = True
    found = []
    rows = spread(np.flatnonzero(first & ~documents.superseded & ~held), MOST_SUSPECTED)
    for outlier in find_outliers(vectors, rows, _MOST_OUTLIERS):
        document = documents[outlier.index]
        reason = f"even the ten rows nearest to it are only {outlier.likeness:.0%} like it; most have far nearer ones"
        found.append((document.file, Problem("outlier", document.row, reason, settled=document.settled)))
    return found
