"""What a screen has worked out about the rows of a file: a check, and an order by likeness."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ftworkbench.aside import Progress
from ftworkbench.steps.check import check_paths, check_recipe
from ftworkbench.steps.last_check import Checked, keep_check
from ftworkbench.steps.recipe import Opened
from ftworkbench.steps.token_check import with_tokens

if TYPE_CHECKING:
    from ftworkbench.recipe.tables import Data


@dataclass(frozen=True)
class ToCheck:
    """The files of a recipe, or one file; with `tokens`, by the recipe's tokenizer too."""

    opened: Opened | None
    path: Path
    tokens: bool = False


@dataclass(frozen=True)
class ToCluster:
    """A file, and how it is read."""

    path: Path
    data: Data | None


def check_rows(wanted: ToCheck, progress: Progress) -> Checked:
    """The check of all of it, which is kept. Raises WorkbenchError."""
    began = time.time()
    if wanted.opened is None:
        report = check_paths([wanted.path], None, progress)
    else:
        report = check_recipe(wanted.opened, progress)
        report = with_tokens(wanted.opened, report, progress).report if wanted.tokens else report
    checked = Checked(report, began)
    keep_check(checked, None if wanted.opened is None else wanted.opened.recipe)
    return checked


def cluster_rows(wanted: ToCluster, progress: Progress) -> list[int]:
    """The rows by their index, as the file has them: those that read alike together, those without a prompt last.

    Raises WorkbenchError.
    """
    import numpy

    from ftworkbench.data.checks.clusters import find_clusters
    from ftworkbench.data.checks.documents import read_documents
    from ftworkbench.data.checks.vectors import Counted, vectors_of
    from ftworkbench.data.sources.source import open_source

    found = read_documents([wanted.path], wanted.data, None, progress)
    progress("clusters", 0, 1)
    with open_source(wanted.path, wanted.data) as source:
        while not source.index_some(1.0):
            pass
        numbers = source.numbers(0, source.known)
    indexes = numpy.searchsorted(numbers, found.documents.rows)
    words = found.prints.words
    order = indexes[find_clusters(vectors_of(Counted(words.flat, words.starts, found.vocabulary))).order()]
    rest = numpy.setdiff1d(numpy.arange(len(numbers)), order)
    return [*order.tolist(), *rest.tolist()]
