"""Exporting a data file as it was reviewed."""

from __future__ import annotations

from pathlib import Path

from ftworkbench.data.curate import curate
from ftworkbench.data.export import write_rows
from ftworkbench.data.ledger import Ledger
from ftworkbench.data.source import open_source
from ftworkbench.errors import InputError
from ftworkbench.workspace import Workspace


def export_reviewed(file: Path, out: Path, *, accepted_only: bool = False) -> dict[str, int]:
    """Writes the rows of `file` to `out` as the ledger beside it decided; the source's format and fields are kept.

    Gives counts: rows, written, edited, rejected, refused, unaccepted. Raises InputError where `out` is there already.
    """
    if out.exists():
        raise InputError(f"{out}: is there already; name another file")
    if not out.parent.is_dir():
        raise InputError(f"{out.parent}: no such folder")
    ledger = Ledger.open(Workspace(file.parent).ledger)
    source = open_source(file)
    try:
        curated = curate(source.rows(), ledger)
        kept = curated.kept
        if accepted_only:
            kept = tuple(each for each in kept if ledger.state(each.row.key).status == "accepted")
        write_rows(kept, out, source.format)
    finally:
        source.close()
    rejected = sum(1 for fate in curated.fates if not fate.kept and fate.why == "rejected")
    return {
        "rows": len(curated.fates),
        "written": len(kept),
        "edited": sum(1 for each in kept if each.edited),
        "rejected": rejected,
        "refused": len(curated.fates) - len(curated.kept) - rejected,
        "unaccepted": len(curated.kept) - len(kept),
    }
