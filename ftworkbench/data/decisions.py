"""Review decisions as records of the ledger, and what they come to when they are replayed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from ftworkbench.data.example import Message
from ftworkbench.data.rules import ROLES

DECISIONS = ("accept", "reject", "skip", "edit", "tag", "untag")
STATUSES = ("unreviewed", "accepted", "rejected", "skipped")
_STATUS_AFTER = {"accept": "accepted", "reject": "rejected", "skip": "skipped", "edit": "accepted"}


@dataclass(frozen=True)
class Decision:
    """One record of the ledger. For `undo` and `redo`, `of` is the id of the decision that they concern."""

    id: str
    t: float
    by: str
    do: str
    key: str = ""
    messages: tuple[Message, ...] | None = None
    tag: str = ""
    why: str = ""
    of: str = ""

    def as_json(self) -> dict[str, Any]:
        """The record as it is written: without the fields that say nothing."""
        record: dict[str, Any] = {"v": 1, "id": self.id, "t": self.t, "by": self.by, "do": self.do}
        record.update({name: value for name in ("key", "tag", "why", "of") if (value := getattr(self, name))})
        if self.messages is not None:
            record["messages"] = list(self.messages)
        return record


@dataclass(frozen=True)
class RowState:
    """What the ledger says of a row. `messages` are those of the last edit, which stand in for the row's."""

    status: str = "unreviewed"
    messages: tuple[Message, ...] | None = None
    tags: frozenset[str] = frozenset()


UNREVIEWED = RowState()


def read_decision(record: Any) -> Decision | None:
    """The decision that a parsed line holds; None for what this version does not know."""
    if not isinstance(record, Mapping):
        return None
    texts = {name: record.get(name, "") for name in ("id", "by", "do", "key", "tag", "why", "of")}
    t = record.get("t")
    if not all(isinstance(text, str) for text in texts.values()) or not isinstance(t, int | float):
        return None
    needed = "of" if texts["do"] in {"undo", "redo"} else "key" if texts["do"] in DECISIONS else None
    if needed is None or not texts["id"] or not texts[needed]:
        return None
    if texts["do"] != "edit":
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
    status, messages, tags = "unreviewed", None, set()
    for decision in decisions:
        status = _STATUS_AFTER.get(decision.do, status)
        if decision.do == "edit":
            messages = decision.messages
        elif decision.do == "tag":
            tags.add(decision.tag)
        elif decision.do == "untag":
            tags.discard(decision.tag)
    return RowState(status, messages, frozenset(tags))
