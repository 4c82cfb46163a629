"""The rows that a frozen split holds out, and what it means to decide otherwise about one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ftworkbench.data.review.curate import effective
from ftworkbench.data.rules import Refused
from ftworkbench.tui.widgets.row_view import Finding

if TYPE_CHECKING:
    from ftworkbench.data.review.ledger import RowState
    from ftworkbench.data.sources.source import Row
    from ftworkbench.steps.recipe import Opened
    from ftworkbench.tui.review import Review


@dataclass(frozen=True)
class Frozen:
    """The validation and test rows of a recipe's split: part and content of each, by its key.

    `stamp` changes when the split is frozen anew; None while none is.
    """

    recipe: str = ""
    stamp: int | None = None
    rows: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)

    def change(self, row: Row, state: RowState) -> str:
        """`a test row … was rejected`, in words; empty where the row is as it was frozen, or is none of these."""
        part, content = self.rows.get(row.key, ("", ""))
        if not part:
            return ""
        if state.status == "rejected":
            return f"a {part} row of the frozen split, rejected since"
        try:
            same = effective(row, state).key == content
        except Refused:
            same = False
        return "" if same else f"a {part} row of the frozen split, edited since"

    @property
    def _way_on(self) -> str:
        again = f"`ftworkbench split {self.recipe} --again`"
        void = "with --void where a verdict depends on it"
        return f"undo it (u), or {again} ({void}): then baseline and training have to be done anew"

    def finding(self, row: Row, state: RowState) -> Finding | None:
        """What stands on the row's page about it."""
        change = self.change(row, state)
        if not change:
            return None
        return Finding(change, "nothing can be trained or measured by this split any more", self._way_on, blocks=False)

    def warning(self, review: Review, rows: Sequence[int]) -> str:
        """What to say after deciding about these rows; empty where the split still holds."""
        changes = [change for index in rows if (change := self.change(review.row(index), review.state(index)))]
        if not changes:
            return ""
        what = f"this is {changes[0]}" if len(rows) == 1 else f"{len(changes):,} of these are rows of the frozen split"
        return f"{what}: nothing can be trained or measured until you {self._way_on}"


def read_frozen(opened: Opened) -> Frozen:
    """What the recipe's split holds out. Raises InputError where the split cannot be read. For a thread."""
    from ftworkbench.data.splits.split import find_split

    name, workspace = opened.recipe.name, opened.workspace
    stamp = stamp_of(opened)
    split = find_split(workspace, name, opened.recipe.data) if stamp is not None else None
    if split is None:
        return Frozen(opened.path.name)
    held = {key: (part, content) for part in ("validation", "test") for key, content in split.members[part]}
    return Frozen(opened.path.name, stamp, held)


def stamp_of(opened: Opened) -> int | None:
    """When the recipe's split was written; None where none is frozen."""
    try:
        return (opened.workspace.splits / f"{opened.recipe.name}.json").stat().st_mtime_ns
    except OSError:
        return None
