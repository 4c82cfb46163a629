"""What the frozen test rows of a workspace ask, so that it comes into no training by a way round."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache

from ftworkbench.data.example import Example
from ftworkbench.data.review.curate import effective
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.rules import Refused
from ftworkbench.data.sources.source import Row, open_source
from ftworkbench.data.splits.split import find_split, frozen_sha256
from ftworkbench.errors import WorkbenchError
from ftworkbench.evaluate.votes import asked_text
from ftworkbench.recipe.read import load
from ftworkbench.recipe.tables import Data
from ftworkbench.workspace import Workspace


def prompts_of_test_rows(workspace: Workspace) -> frozenset[str]:
    """What each row asks that is a frozen test row of any recipe here now, and its last turn alone (see asked_text).

    Rows whose file is gone, or cannot be read any more, are not known.
    """
    found: frozenset[str] = frozenset()
    for path in sorted(workspace.splits.glob("*.json")):
        with suppress(WorkbenchError, OSError):
            found |= _asked(workspace, path.stem, frozen_sha256(workspace, path.stem))
    return found


@lru_cache(maxsize=8)
def _asked(workspace: Workspace, name: str, sha256: str | None) -> frozenset[str]:
    """Those of one recipe. What the rows of a split with this hash say is sealed by it, so they are read once."""
    data = _data_of(workspace, name)
    split = find_split(workspace, name, data)
    if split is None:
        return frozenset()
    data = replace(data, train=split.settings["train"], test=split.settings.get("test"))
    members, ledger = {key for key, _ in split.members["test"]}, Ledger.open(workspace.ledger)
    with open_source(workspace.root / (data.test or data.train), data) as source:
        examples = [each for row in source.rows() if row.key in members for each in _examples(row, ledger)]
    return frozenset({asked_text(turns) for each in examples for turns in (each.prompt, each.prompt[-1:])} - {""})


def _data_of(workspace: Workspace, name: str) -> Data:
    """How the rows of a recipe are read; by what they look like, where it cannot be read itself any more."""
    try:
        return load(workspace.root / f"{name}.toml").data
    except WorkbenchError:
        return Data(train="")


def _examples(row: Row, ledger: Ledger) -> Iterator[Example]:
    """A row as it was read, and as it was edited."""
    if row.example is not None:
        yield row.example
    with suppress(Refused):
        yield effective(row, ledger.state(row.key))
