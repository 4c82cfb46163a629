"""The rows as decided: rejected ones out, edits applied, refused ones out and counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ftworkbench.data.example import Example, dump_json
from ftworkbench.data.formats.format import Format, Refused, read_example
from ftworkbench.data.formats.writing import write_record
from ftworkbench.data.review.decisions import UNREVIEWED, RowState
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.rules import check_example
from ftworkbench.data.sources.files import write_whole
from ftworkbench.data.sources.source import Row

FATES = ("kept", "edited", "rejected", "refused", "duplicate")


@dataclass(frozen=True)
class Kept:
    """A row that is used, and the example that it comes to with its edits."""

    row: Row
    example: Example


@dataclass(frozen=True)
class Curated:
    """The rows that are used, in order, and how many rows met which fate; the fates add up to all rows.

    `edited` rows are used too. A `duplicate` says word for word what an earlier used row says.
    """

    kept: tuple[Kept, ...] = ()
    fates: dict[str, int] = field(default_factory=dict)


def effective(row: Row, state: RowState = UNREVIEWED) -> Example:
    """The example that the row comes to: as edited, else as read. Raises Refused where it is none."""
    if state.messages is not None:
        start = row.example or row.draft or Example(())
        return check_example(start.edited(state.messages))
    if row.example is None:
        problem = row.problem
        raise Refused(problem.kind, problem.reason) if problem else Refused("no-messages", "no messages")
    return row.example


def curate(rows: Iterable[Row], ledger: Ledger | None = None, *, copies: bool = False) -> Curated:
    """Applies what the ledger decides to the rows. Of rows that say the same the first is used, or all."""
    kept: list[Kept] = []
    fates = dict.fromkeys(FATES, 0)
    seen: set[str] = set()
    for row in rows:
        state = ledger.state(row.key) if ledger else UNREVIEWED
        if state.status == "rejected":
            fates["rejected"] += 1
            continue
        try:
            example = effective(row, state)
        except Refused:
            fates["refused"] += 1
            continue
        if example.key in seen and not copies:
            fates["duplicate"] += 1
            continue
        seen.add(example.key)
        kept.append(Kept(row, example))
        fates["kept" if state.messages is None else "edited"] += 1
    return Curated(tuple(kept), fates)


def write_rows(curated: Curated, path: Path, form: Format) -> int:
    """Writes the rows that are used into `path`, in this format, whole or not at all; gives how many.

    A row that was not edited is written as it was read, every field of it. A `.json` file gets an array, any
    other one row a line. Raises InputError where a row cannot be said in the format.
    """
    lines = [_line(kept, form) for kept in curated.kept]
    if path.suffix == ".json":
        body = b"[\n" + b",\n".join(lines) + b"\n]\n"
    else:
        body = b"".join(line + b"\n" for line in lines)
    write_whole(path, body)
    return len(lines)


def _line(kept: Kept, form: Format) -> bytes:
    original = kept.example.original
    record = original.encode("utf-8") if isinstance(original, str) else original
    try:
        as_read = record is not None and read_example(record, form) == kept.example
    except Refused:
        as_read = False
    if not as_read:
        record = write_record(kept.example, form, kept.row.number)
    return record if isinstance(record, bytes) else dump_json(record)
