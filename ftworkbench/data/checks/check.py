"""The check of data files: every row's fate, what is wrong with which row, and what the data rules advise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ftworkbench.aside import Progress
from ftworkbench.data.checks.advice import RULES, advise
from ftworkbench.data.checks.blocks import NO_LABEL
from ftworkbench.data.checks.documents import Documents, read_documents
from ftworkbench.data.checks.duplicates import compare_prints
from ftworkbench.data.checks.findings import (
    MOST_SUSPECTED,
    Labelled,
    Placed,
    class_sizes,
    find_duplicates,
    place_broken_answers,
    place_languages,
    place_leaks,
    place_outliers,
    place_small_classes,
    place_suspects,
    small_classes,
)
from ftworkbench.data.checks.leaks import held_out
from ftworkbench.data.checks.parts import FileRead
from ftworkbench.data.checks.vectors import Counted, vectors_of
from ftworkbench.data.labels import labels_of
from ftworkbench.data.problems import KINDS, Advice, Problem
from ftworkbench.data.review.coverage import Coverage, coverage_of
from ftworkbench.data.review.ledger import Ledger

if TYPE_CHECKING:
    from ftworkbench.recipe.tables import Check, Data

_BY_SURENESS = {"wrong-label", "outlier"}
_ORDER = {kind: place for place, kind in enumerate(KINDS)}


@dataclass(frozen=True)
class FileReport:
    """What was found in one file. Every row has a fate: `kept` (with an edit or without), or lost as `fates` say.

    The advice speaks of the rows that are kept, `coverage` of those that were reviewed. `problems` are all that were
    found, by kind; wrong labels and outliers come the surest first, others by row.
    """

    path: Path
    format: str
    rows: int
    kept: int
    refused: int
    problems: tuple[Problem, ...]
    advice: tuple[Advice, ...]
    fates: dict[str, int]
    labels: dict[str, int]
    coverage: Coverage | None = None

    @property
    def open(self) -> tuple[Problem, ...]:
        """The problems that nothing was decided about yet."""
        return tuple(problem for problem in self.problems if not problem.settled)

    @property
    def blocks(self) -> bool:
        """Whether something open in this file must be decided before training."""
        return any(problem.blocks for problem in self.open)

    def of_row(self, number: int) -> tuple[Problem, ...]:
        """The problems of a row."""
        return tuple(problem for problem in self.problems if problem.row == number)

    def as_json(self) -> dict[str, Any]:
        by_kind: dict[str, list[Problem]] = {}
        for problem in self.problems:
            by_kind.setdefault(problem.kind, []).append(problem)
        return {
            "path": str(self.path),
            "format": self.format,
            "rows": self.rows,
            "kept": self.kept,
            "refused": self.refused,
            "duplicates": self.fates["duplicate"],
            "rejected": self.fates["rejected"],
            "problems": [_kind_json(kind, problems) for kind, problems in by_kind.items()],
            "fates": self.fates,
            "labels": self.labels,
            "advice": [{"kind": advice.kind, "text": advice.text} for advice in self.advice],
            **({"coverage": self.coverage.as_json()} if self.coverage else {}),
        }


def _kind_json(kind: str, problems: Sequence[Problem]) -> dict[str, Any]:
    rows = list(dict.fromkeys(problem.row for problem in problems))
    return {
        "kind": kind,
        "count": len(rows),
        "rows": rows,
        "blocks": any(problem.blocks and not problem.settled for problem in problems),
        "open": len({problem.row for problem in problems if not problem.settled}),
        "todo": KINDS[kind].todo,
        "reasons": [problem.reason for problem in problems],
    }


@dataclass(frozen=True)
class Report:
    """What was found in all files together."""

    files: tuple[FileReport, ...]

    @property
    def blocks(self) -> bool:
        """Whether something open must be decided before training."""
        return any(file.blocks for file in self.files)

    def as_json(self) -> dict[str, Any]:
        """The object that `check --json` prints."""
        return {"files": [file.as_json() for file in self.files], "blocks": self.blocks}


def check_files(
    paths: Sequence[Path],
    data: Data | None = None,
    ledger: Ledger | None = None,
    progress: Progress | None = None,
    rules: Check = RULES,
) -> Report:
    """Checks files that belong together; leaks are looked for from the held-out ones into the others.

    With a ledger, what it has decided is settled. `rules` are the thresholds of the advice. `progress` gets what is
    being done, how much of it is done, and of how much. Raises InputError where a file cannot be read.
    """
    paths = list(dict.fromkeys(Path(path) for path in paths))
    collection = read_documents(paths, data, ledger, progress)
    files, documents = collection.files, collection.documents
    held = held_out(paths)
    names = [path.name for path in paths]
    words = collection.prints.words
    vectors = vectors_of(
        Counted(words.flat, words.starts, collection.vocabulary or None), np.flatnonzero(documents.used)
    )
    # Each takes a while, mostly in libraries that leave Python to others meanwhile.
    with ThreadPoolExecutor(1) as beside:
        outliers = beside.submit(place_outliers, documents, vectors, np.array(held, dtype=bool)[documents.files])
        languages = [beside.submit(place_languages, file) for file in files]
        alike = compare_prints(collection.prints, progress)
        placed = [*find_duplicates(documents, alike), *place_leaks(documents, held, alike, names)]
        placed += place_broken_answers(documents)
        labelled = _labelled(documents, held, data)
        if progress:
            progress("outliers", 0, 1)
        placed += outliers.result()
        placed += [(number, problem) for number, found in enumerate(languages) for problem in found.result()]
    if labelled:
        sizes = class_sizes(documents, held, labelled)
        placed += place_small_classes(documents, sizes, labelled)
        if progress:
            progress("wrong labels", 0, 1)
        known = _said_elsewhere(placed, documents, sizes, labelled)
        placed += place_suspects(documents, vectors, labelled, known)
        if progress:
            progress("wrong labels", 1, 1)
    for file, problem in _with_keys(placed, documents, names):
        files[file].problems.append(problem)
    unread = ledger.unread if ledger else 0
    reports = []
    for number, read in enumerate(files):
        counts = _class_counts(number, documents, labelled)
        report = _report(read, counts, rules if not held[number] else None, unread)
        if ledger and read.reviewed and not held[number]:
            report = replace(report, coverage=_coverage(number, documents, labelled, ledger, data.seed if data else 0))
        reports.append(report)
    return Report(tuple(reports))


def _coverage(number: int, documents: Documents, labelled: Labelled | None, ledger: Ledger, seed: int) -> Coverage:
    """What was reviewed of the rows of a file, as they were read."""
    rows = np.flatnonzero(documents.first & (documents.files == number))
    names = [*labelled.names, None] if labelled else [None]
    numbers = labelled.numbers[rows].tolist() if labelled else [NO_LABEL] * len(rows)
    return coverage_of(documents.keys[rows], [names[label] for label in numbers], ledger, seed)


def _labelled(documents: Documents, held: Sequence[bool], data: Data | None) -> Labelled | None:
    train = ~np.array(held, dtype=bool)[documents.files]
    labels = labels_of(documents.counted_answers(train), data.label if data else None)
    return Labelled(documents, labels) if labels else None


def _with_keys(placed: Sequence[Placed], documents: Documents, names: Sequence[str]) -> list[Placed]:
    """The same problems, with the keys of the rows that they are about."""
    keys = documents.keys_of([(file, problem.row) for file, problem in placed])
    others = documents.keys_of(
        [
            (names.index(problem.other_path) if problem.other_path else file, problem.other or 0)
            for file, problem in placed
        ]
    )
    return [
        (file, problem.with_keys(key, other)) for (file, problem), key, other in zip(placed, keys, others, strict=True)
    ]


def _said_elsewhere(
    placed: Sequence[Placed], documents: Documents, sizes: Counter[str], labelled: Labelled
) -> set[tuple[int, int]]:
    """Rows whose label is in question already: contradicted by another row, repeated, or of a small class."""
    doubtful = {"conflicting-duplicate", "exact-duplicate"}
    said = {(file, problem.row) for file, problem in placed if problem.kind in doubtful}
    few = np.flatnonzero(labelled.among(small_classes(sizes)))
    return said | set(zip(documents.files[few].tolist(), documents.rows[few].tolist(), strict=True))


def _class_counts(number: int, documents: Documents, labelled: Labelled | None) -> dict[str, int]:
    """The rows of each label in a file, as they are used."""
    if labelled is None:
        return {}
    return dict(labelled.counted((documents.files == number) & documents.used).most_common())


def _report(file: FileRead, labels: dict[str, int], rules: Check | None, unread: int) -> FileReport:
    """What was found in a file; with `rules`, which one to train on has, the advice too."""
    kept = file.fates["kept"] + file.fates["edited"]
    advice = list(advise(kept, file.reviewed, file.rows, labels, rules)) if rules else []
    if rules and file.rows > MOST_SUSPECTED:
        advice.append(Advice("sampled", f"outliers and wrong labels were sought among {MOST_SUSPECTED:,} rows"))
    if rules and file.languages:
        advice.append(
            Advice("languages", f"the rows are in several languages ({file.languages}): is that as it should be?")
        )
    if file.cut:
        advice.append(Advice("cut-off", file.cut))
    if rules and unread:
        advice.append(Advice("unread-ledger", f"{unread} lines of the ledger cannot be read: look at them"))
    ranked = {id(problem): place for place, problem in enumerate(file.problems)}
    problems = sorted(
        file.problems,
        key=lambda one: (_ORDER[one.kind], ranked[id(one)] if one.kind in _BY_SURENESS else one.row),
    )
    return FileReport(
        path=file.path,
        format=file.format,
        rows=file.rows,
        kept=kept,
        refused=file.fates["refused"],
        problems=tuple(problems),
        advice=tuple(advice),
        fates=file.fates,
        labels=labels,
    )
