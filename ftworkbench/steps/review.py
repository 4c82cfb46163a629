"""Exporting a data file as it was reviewed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ftworkbench.data.curate import curate, write_rows
from ftworkbench.data.ledger import Ledger
from ftworkbench.data.source import open_source
from ftworkbench.errors import InputError
from ftworkbench.workspace import Workspace


def export_reviewed(file: Path, out: Path, *, accepted_only: bool = False) -> dict[str, int]:
    """Writes the rows of `file` to `out` as the ledger beside it decided; the source's format and fields are kept.

    Gives counts by fate, which add up to all rows, and `written`. Raises InputError where `out` is there already.
    """
    if out.exists():
        raise InputError(f"{out}: is there already; name another file")
    if not out.parent.is_dir():
        raise InputError(f"{out.parent}: no such folder")
    ledger_path = Workspace(file.parent).ledger
    ledger = Ledger.open(ledger_path) if ledger_path.exists() else None
    with open_source(file) as source:
        curated = curate(source.rows(), ledger)
        if accepted_only:
            kept = [each for each in curated.kept if ledger and ledger.state(each.row.key).status == "accepted"]
            curated = replace(curated, kept=tuple(kept))
        written = write_rows(curated, out, source.format)
    return {**curated.fates, "written": written}
