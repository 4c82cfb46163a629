"""Exporting a data file as it was reviewed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ftworkbench.data.review.curate import curate, write_rows
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.sources.source import open_source
from ftworkbench.errors import InputError
from ftworkbench.recipe.tables import Data
from ftworkbench.steps.recipe import open_recipe
from ftworkbench.workspace import Workspace, names_recipe


def export_reviewed(named: Path, out: Path, *, accepted_only: bool = False) -> dict[str, int]:
    """Writes rows to `out` as they were decided; the source's format and fields are kept.

    `named` is a recipe or workspace, whose training file and ledger count, or a data file, with the ledger beside it.
    Gives counts by fate, which add up to all rows, and `written`. Raises InputError where `out` is there already, or
    no row is left to write.
    """
    if out.exists():
        raise InputError(f"{out}: is there already; name another file")
    if not out.parent.is_dir():
        raise InputError(f"{out.parent}: no such folder")
    file, data, ledger_path = _named(named)
    ledger = Ledger.open(ledger_path) if ledger_path.exists() else None
    with open_source(file, data) as source:
        curated = curate(source.rows(), ledger)
        if accepted_only:
            kept = [each for each in curated.kept if ledger and ledger.state(each.row.key).status == "accepted"]
            curated = replace(curated, kept=tuple(kept))
        if not curated.kept:
            fates = ", ".join(f"{count} {fate}" for fate, count in curated.fates.items() if count)
            raise InputError(f"{file}: no row is left to write ({fates or 'it is empty'})")
        written = write_rows(curated, out, source.format)
    return {**curated.fates, "written": written}


def _named(path: Path) -> tuple[Path, Data | None, Path]:
    """The data file, how to read it, and the ledger that decides about it."""
    if names_recipe(path):
        opened = open_recipe(path)
        return opened.workspace.root / opened.recipe.data.train, opened.recipe.data, opened.workspace.ledger
    return path, None, Workspace(path.parent).ledger
