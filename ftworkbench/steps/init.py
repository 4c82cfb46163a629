"""Making a workspace: a folder with a recipe that is ready to run on the user's own data and model."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from ftworkbench.data.review.git import merge_ledgers_by_union
from ftworkbench.data.sources.files import write_whole
from ftworkbench.data.sources.hub import Fetched, fetch, named_dataset
from ftworkbench.data.sources.source import Source, open_source
from ftworkbench.errors import InputError
from ftworkbench.estimate.shape import read_shape
from ftworkbench.recipe.read import parse
from ftworkbench.recipe.samples import starter
from ftworkbench.recipe.tables import Data
from ftworkbench.workspace import Workspace

_LOOKED_AT = 200
_PATIENCE = 3.0  # seconds in which refused rows are counted: a file of gigabytes is `check`'s to read whole


@dataclass(frozen=True)
class Made:
    """The recipe that was written, the format that its data was recognised as, and the number of rows.

    `refused` are those of the first `read` rows that are no examples.
    """

    recipe: Path
    format: str
    rows: int
    read: int
    refused: int


def make_workspace(
    folder: Path,
    data: Path,
    model_id: str,
    *,
    test: Path | None = None,
    name: str | None = None,
    system: str | None = None,
    prompt_column: str | None = None,
    answer_column: str | None = None,
) -> Made:
    """Writes `folder`/NAME.toml for the examples in `data` and the model, and tells git how ledgers merge; nothing
    else, and nothing if that fails.

    The data stays where it is: the recipe names it; a dataset of the hub by its commit, with its own validation and
    test splits where they hold examples. Raises InputError where a recipe is there already, the data
    holds no example, or the model cannot be had.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; name a folder for the workspace")
    name = name or folder.resolve().name
    path = folder / f"{name}.toml"
    if Workspace(folder).recipes():
        raise InputError(f"{folder}: has a recipe already ({Workspace(folder).recipes()[0].name}); name another folder")
    hub = named_dataset(data)
    fetched = fetch(hub) if hub else None
    columns = Data(train=str(data), prompt_column=prompt_column, answer_column=answer_column)
    source = open_source(data, columns)
    try:
        while not source.index_some(1.0):
            pass
        rows = source.known
        _require_examples(source, rows)
        found = str(source.format)
        read, refused = _count_refused(source)
        if test is not None:
            open_source(test, columns).close()
    finally:
        source.close()
    read_shape(model_id, Workspace(folder), None)
    text = starter(
        _model_from(model_id, folder),
        _from(folder, data),
        validation=_own_split(fetched, "validation", columns) if fetched else None,
        test=_from(folder, test) if test else _own_split(fetched, "test", columns) if fetched else None,
        system=system,
        prompt_column=prompt_column,
        answer_column=answer_column,
    )
    parse(text, name, path.name)
    folder.mkdir(parents=True, exist_ok=True)
    merge_ledgers_by_union(Workspace(folder))
    write_whole(path, text.encode())
    return Made(path, found, rows, read, refused)


def _count_refused(source: Source) -> tuple[int, int]:
    """How many rows were read in the time that there is, and how many of them are no examples."""
    until = monotonic() + _PATIENCE
    read = refused = 0
    for row in source.rows():
        read += 1
        refused += row.refused
        if monotonic() > until:
            break
    return read, refused


def _own_split(fetched: Fetched, part: str, columns: Data) -> str | None:
    """The dataset's own validation or test split, where it has one with examples: the hub's may hide the answers."""
    beside = fetched.beside(part)
    if beside is None:
        return None
    with open_source(Path(str(beside)), columns) as source:
        rows = range(min(source.known, _LOOKED_AT))
        return str(beside) if any(source.row(index).example is not None for index in rows) else None


def _from(folder: Path, file: Path) -> str:
    """`file` as the recipe in `folder` names it: relative where it lies in or beside the folder, else absolute.

    A dataset of the hub is named by its commit.
    """
    hub = named_dataset(file)
    if hub is not None:
        return str(fetch(hub).dataset)
    relative = os.path.relpath(file.resolve(), folder.resolve())
    return str(file.resolve()) if relative.startswith("../..") else relative


def _model_from(model_id: str, folder: Path) -> str:
    path = Path(model_id).expanduser()
    return str(path.resolve()) if path.is_dir() else model_id


def _require_examples(source: Source, rows: int) -> None:
    if rows == 0:
        raise InputError(f"{source.path}: is empty")
    first = None
    for index in range(min(rows, _LOOKED_AT)):
        row = source.row(index)
        if row.example is not None:
            return
        first = first or row.problem
    reason = f"; row {first.row}: {first.reason}" if first else ""
    if first and first.kind in {"no-messages", "no-column"}:
        reason += "; name its columns with --prompt-column and --answer-column"
    raise InputError(f"{source.path}: none of the first {min(rows, _LOOKED_AT)} rows is an example{reason}")
