"""Drawing train, validation and test from curated rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ftworkbench.data.checks.duplicates import find_alike
from ftworkbench.data.checks.leaks import find_leaks
from ftworkbench.data.labels import Labels, find_labels
from ftworkbench.data.review.curate import Kept, curate
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.sources.source import Row, open_source
from ftworkbench.errors import InputError
from ftworkbench.workspace import Workspace

if TYPE_CHECKING:
    from ftworkbench.recipe.tables import Data

PARTS = ("train", "validation", "test")
Drawn = dict[str, list[Kept]]
_NAMED = 3


@dataclass(frozen=True)
class Pools:
    """The rows of each data file: `files` names it, `rows` are all rows, `kept` the curated ones.

    A part that has no file of its own has no pool here; its rows come from train's.
    """

    files: dict[str, str]
    rows: dict[str, list[Row]]
    kept: dict[str, list[Kept]]

    def by_key(self) -> dict[str, Kept]:
        """The curated rows by the row's key."""
        return {kept.row.key: kept for part in PARTS for kept in self.kept.get(part, ())}

    def place(self, key: str) -> str | None:
        """File and row of a key, in words; None where no file has it."""
        for part, rows in self.rows.items():
            for row in rows:
                if row.key == key:
                    return f"{self.files[part]}, row {row.number}"
        return None


def read_pools(workspace: Workspace, data: Data, ledger: Ledger, *, copies: bool = False) -> Pools:
    """Reads and curates the data files of a recipe, with or without copies of the same row. Raises InputError."""
    named = {"train": data.train, "validation": data.validation, "test": data.test}
    files = {part: name for part, name in named.items() if name}
    rows: dict[str, list[Row]] = {}
    for part, name in files.items():
        with open_source(workspace.root / name, data) as source:
            rows[part] = list(source.rows())
    return Pools(files, rows, {part: list(curate(some, ledger, copies=copies).kept) for part, some in rows.items()})


def draw(pools: Pools, data: Data, ledger: Ledger) -> Drawn:
    """The rows of each part. Raises InputError where a leak between the files is undecided."""
    groups = _groups(pools, ledger)
    drawn: Drawn = {part: list(pools.kept.get(part, ())) for part in PARTS}
    _one_place_each(drawn)
    labels = find_labels([kept.example.answer for kept in drawn["train"]], data.label)
    pool = _Pool(drawn["train"], groups, labels, data.seed)
    if data.limit is not None and data.limit < len(pool.rows):
        pool.rows = pool.take(data.limit)
    size = len(pool.rows)
    for part, fraction in (("test", data.test_fraction), ("validation", data.validation_fraction)):
        if part not in pools.files:
            drawn[part] = pool.take(round(fraction * size))
    drawn["train"] = pool.rows
    return drawn


def _groups(pools: Pools, ledger: Ledger) -> dict[str, int]:
    """The group of near-duplicates that each row is in, by its content. Refuses undecided leaks."""
    placed = [(part, kept) for part in PARTS for kept in pools.kept.get(part, ())]
    examples = [kept.example for _, kept in placed]
    alike = find_alike([example.prompt_text for example in examples])
    found: dict[int, str] = {}
    for leak in find_leaks([example.key for example in examples], [part != "train" for part, _ in placed], alike):
        if not leak.sure:
            continue
        (part, held), (_, train) = placed[leak.held], placed[leak.train]
        decided = {ledger.state(held.row.key).status, ledger.state(train.row.key).status}
        if "accepted" not in decided:
            names = Path(pools.files[part]).name, Path(pools.files["train"]).name
            where = f"{names[0]} row {held.row.number} is {names[1]} row {train.row.number}"
            found.setdefault(leak.held, where)
    if found:
        first = "; ".join(list(found.values())[:_NAMED])
        more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise InputError(
            f"held-out rows that stand in train too: {len(found)}. Reject one of each two in the workbench, or accept "
            f"one to keep both ({first}{more})"
        )
    return {example.key: group for example, group in zip(examples, alike.groups().tolist(), strict=True)}


def _one_place_each(drawn: Drawn) -> None:
    """Leaves a row that stands in several files in one part alone: test before validation before train."""
    taken: set[str] = set()
    for part in reversed(PARTS):
        drawn[part] = [kept for kept in drawn[part] if kept.example.key not in taken]
        taken.update(kept.example.key for kept in drawn[part])


class _Pool:
    """Rows to draw from: by whole groups, with the share of each label kept, in an order that the seed gives.

    The order depends on what a row says, not on where it stands, so that re-sorting a file changes nothing.
    """

    def __init__(self, rows: Iterable[Kept], groups: dict[str, int], labels: Labels | None, seed: int) -> None:
        self.rows = list(rows)
        self._groups = groups
        self._labels = labels
        self._seed = seed

    def take(self, count: int) -> list[Kept]:
        """Takes `count` rows out of the pool; fewer where a group of near-duplicates will not fit."""
        strata = self._strata()
        quotas = _quotas({label: sum(map(len, some)) for label, some in strata.items()}, count)
        taken: set[str] = set()
        for label, some in strata.items():
            free = quotas[label]
            for group in some:
                if len(group) <= free:
                    free -= len(group)
                    taken.update(one.example.key for one in group)
        drawn = [one for one in self.rows if one.example.key in taken]
        self.rows = [one for one in self.rows if one.example.key not in taken]
        return drawn

    def _strata(self) -> dict[str, list[list[Kept]]]:
        """The groups of rows under the label that most rows of the group have, shuffled by the seed."""
        groups: dict[int, list[Kept]] = {}
        for one in self.rows:
            groups.setdefault(self._groups[one.example.key], []).append(one)
        strata: dict[str, list[tuple[bytes, list[Kept]]]] = {}
        for group in groups.values():
            names = sorted(self._label(one) for one in group)
            label = max(names, key=names.count)
            order = hashlib.sha256(f"{self._seed}:{min(one.example.key for one in group)}".encode()).digest()
            strata.setdefault(label, []).append((order, group))
        return {
            label: [group for _, group in sorted(strata[label], key=lambda pair: pair[0])] for label in sorted(strata)
        }

    def _label(self, kept: Kept) -> str:
        return (self._labels.of(kept.example.answer) if self._labels else None) or ""


def _quotas(sizes: dict[str, int], count: int) -> dict[str, int]:
    """How many of `count` rows each label gets, by largest remainders; a label keeps one row at least."""
    total = sum(sizes.values())
    shares = {label: count * size / total for label, size in sizes.items()} if total else {}
    quotas = {label: int(share) for label, share in shares.items()}
    rest = sorted(shares, key=lambda label: (quotas[label] - shares[label], label))
    for label in rest[: max(count - sum(quotas.values()), 0)]:
        quotas[label] += 1
    return {label: min(quota, max(sizes[label] - 1, 0)) for label, quota in quotas.items()}
