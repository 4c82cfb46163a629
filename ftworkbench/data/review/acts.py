"""Decisions by the act that they were made in: which acts were taken back, and which can be undone and redone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ftworkbench.data.review.decisions import Decision


@dataclass(frozen=True)
class Act:
    """What was decided at once: one decision, or the same ones about a range of rows."""

    decisions: tuple[Decision, ...]

    @property
    def id(self) -> str:
        """What an undo names: the act's own id, or that of its only decision."""
        return self.decisions[0].act or self.decisions[0].id

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the rows that it is about, each once, in the order in which they were decided."""
        return tuple(dict.fromkeys(decision.key for decision in self.decisions))

    @property
    def key(self) -> str:
        """The key of its first row."""
        return self.decisions[0].key


class Acts:
    """The acts of a ledger, while its records are replayed in the order of their time; `by` undoes its own alone.

    `records` are all records of the ledger by their ids.
    """

    def __init__(self, records: Mapping[str, Decision], by: str) -> None:
        self._records = records
        self._by = by
        self._ranges: dict[str, list[Decision]] = {}
        self._undone: set[str] = set()
        # As stacks from which any act can be taken: the last one of a dict is its end.
        self._undoable: dict[str, None] = {}
        self._redoable: dict[str, None] = {}

    def add(self, decision: Decision) -> None:
        """Counts a decision in. A new one of `by` ends what could be redone."""
        if decision.act:
            self._ranges.setdefault(decision.act, []).append(decision)
        if decision.by == self._by:
            self._undoable[decision.act or decision.id] = None
            self._redoable.clear()

    def step(self, record: Decision) -> Sequence[Decision]:
        """Counts an undo or a redo in; gives the decisions that it is about, none where they are not known."""
        found = self._decisions(record.of)
        if not found:
            return ()
        source, goal = self._undoable, self._redoable
        if record.do == "undo":
            self._undone.add(record.of)
        else:
            self._undone.discard(record.of)
            source, goal = goal, source
        if record.of in source:
            del source[record.of]
            goal[record.of] = None
        return found

    def stands(self, decision: Decision) -> bool:
        """Whether the decision was not taken back, nor the act that it belongs to."""
        return decision.id not in self._undone and decision.act not in self._undone

    @property
    def to_undo(self) -> Act | None:
        """The last act of `by` that stands."""
        return self._last(self._undoable)

    @property
    def to_redo(self) -> Act | None:
        """The act of `by` that was taken back last."""
        return self._last(self._redoable)

    def _last(self, stack: dict[str, None]) -> Act | None:
        return Act(tuple(self._decisions(next(reversed(stack))))) if stack else None

    def _decisions(self, of: str) -> Sequence[Decision]:
        single = self._records.get(of)
        return self._ranges.get(of) or ([single] if single and single.key else [])
