"""Review decisions as records of the ledger, and what they come to when they are replayed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from ftworkbench.data.example import Message, key_of
from ftworkbench.data.rules import ROLES

DECISIONS = ("accept", "reject", "skip", "edit", "tag", "untag")
NEAR_FAILURE = "near-failure"
"""The tag of training rows that lie near a test row that failed."""
DECIDED = ("accepted", "rejected")
STATUSES = ("unreviewed", "accepted", "rejected", "skipped")
_TEXTS = ("id", "by", "do", "key", "tag", "why", "of", "act")
_STATUS_AFTER = {"accept": "accepted", "reject": "rejected", "skip": "skipped", "edit": "accepted"}


@dataclass(frozen=True)
class Decision:
    """One record of the ledger. `act` is what decisions share that were made at once, about a range of rows.

    For `undo` and `redo`, `of` is the id of the act that they concern, or of the decision where it was made alone.
    """

    id: str
    t: float
    by: str
    do: str
    key: str = ""
    messages: tuple[Message, ...] | None = None
    tag: str = ""
    why: str = ""
    of: str = ""
    act: str = ""

    def as_json(self) -> dict[str, Any]:
        """The record as it is written: without the fields that say nothing."""
        record: dict[str, Any] = {"v": 1, "id": self.id, "t": self.t, "by": self.by, "do": self.do}
        record.update({name: value for name in ("key", "tag", "why", "of", "act") if (value := getattr(self, name))})
        if self.messages is not None:
            record["messages"] = list(self.messages)
        return record


@dataclass(frozen=True)
class RowState:
    """What the ledger says of a row. `messages` are those of the last edit, which stand in for the row's.

    `alone`: the decision that its status comes from was made about this row alone, not about a range of rows.
    """

    status: str = "unreviewed"
    messages: tuple[Message, ...] | None = None
    tags: frozenset[str] = frozenset()
    alone: bool = False

    @property
    def edit_key(self) -> str:
        """What the edit is known by, a hash of its messages; empty where the row is as it was read."""
        return "" if self.messages is None else key_of(list(self.messages))


UNREVIEWED = RowState()


def read_decision(record: Any) -> Decision | None:
    """The decision that a parsed line holds; None for what this version does not know."""
    if not isinstance(record, Mapping):
        return None
    texts = {"by": "", **{name: record[name] for name in _TEXTS if name in record}}
    t, do = record.get("t"), texts.get("do")
    if not {*map(type, texts.values())} <= {str} or not isinstance(t, int | float) or not texts.get("id"):
        return None
    needed = "of" if do in {"undo", "redo"} else "key" if do in DECISIONS else None
    if needed is None or not texts.get(needed):
        return None
    if do != "edit":
        return Decision(t=float(t), **texts)
    messages = record.get("messages")
    return Decision(t=float(t), messages=tuple(messages), **texts) if sound_messages(messages) else None


def sound_messages(messages: Any) -> TypeGuard[Sequence[Message]]:
    """Whether these are messages: a list of objects, each with a known role and a text."""
    return (
        isinstance(messages, list | tuple)
        and bool(messages)
        and all(isinstance(message, Mapping) for message in messages)
        and all(m.get("role") in ROLES and isinstance(m.get("content"), str) for m in messages)
    )


def fold(decisions: Iterable[Decision]) -> RowState:
    """What the decisions about one row come to, the oldest first. An edit accepts the row."""
    status, messages, tags, alone = "unreviewed", None, set(), False
    for decision in decisions:
        if decision.do in _STATUS_AFTER:
            status, alone = _STATUS_AFTER[decision.do], not decision.act
        if decision.do == "edit":
            messages = decision.messages
        elif decision.do == "tag":
            tags.add(decision.tag)
        elif decision.do == "untag":
            tags.discard(decision.tag)
    return RowState(status, messages, frozenset(tags), alone)
