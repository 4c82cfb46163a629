"""The ledger of review decisions: append-only lines, each on disk before its decision counts as made."""

from __future__ import annotations

import getpass
import hashlib
import secrets
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from ftworkbench.data.example import Message, dump_json
from ftworkbench.data.review.acts import Act, Acts
from ftworkbench.data.review.decisions import (
    DECISIONS,
    STATUSES,
    UNREVIEWED,
    Decision,
    RowState,
    fold,
    read_decision,
    sound_messages,
)
from ftworkbench.data.review.lines import AppendedLines
from ftworkbench.errors import InputError, WorkbenchError

__all__ = ["STATUSES", "Decision", "Ledger", "RowState"]

_CLOCK_TICK = 1e-6


class Ledger:
    """Decisions about rows, by the row's key, and what they come to.

    Undo and redo are records too, so that they work across restarts; they concern what `by` decided, an act on many
    rows as a whole. Records count in the order of their time, so that two ledgers merge by the union of their lines.
    Several threads may use one: while one of them writes, the others see what was decided before.
    """

    def __init__(self, path: Path, by: str | None = None) -> None:
        self.path = path
        self.by = by or _user()
        self._lines = AppendedLines(path, lambda line: _parse(line) is not None)
        self._lock = threading.RLock()
        self._read_beside = False  # others' records came in with own ones; `refresh` has not told yet
        self._forget()

    @classmethod
    def open(cls, path: Path, by: str | None = None) -> Ledger:
        """The ledger at `path`, which need not exist. Raises InputError where it cannot be read."""
        ledger = cls(path, by)
        ledger.refresh()
        return ledger

    def _forget(self) -> None:
        self.unread = 0
        self._records: dict[str, Decision] = {}
        self._last = (0.0, "")
        self._clear()

    def _clear(self) -> None:
        self._by_key: dict[str, list[Decision]] = {}
        self._states: dict[str, RowState] = {}
        self._acts = Acts(self._records, self.by)

    def state(self, key: str) -> RowState:
        """What has been decided about the row with this key."""
        return self._states.get(key, UNREVIEWED)

    def history(self, key: str) -> tuple[Decision, ...]:
        """The decisions about a row that stand, oldest first."""
        return tuple(filter(self._acts.stands, self._by_key.get(key, ())))

    def keys(self) -> tuple[str, ...]:
        """The keys of all rows that have a state."""
        return tuple(self._states)

    def tags(self) -> tuple[str, ...]:
        """All tags in use, sorted."""
        states = tuple(self._states.values())  # in one go: another thread may add to them
        return tuple(sorted({tag for state in states for tag in state.tags}))

    def counts(self, keys: Iterable[str]) -> dict[str, int]:
        """How many of these rows have each status; each key counts as often as it comes."""
        found = dict.fromkeys(STATUSES, 0)
        for key in keys:
            found[self.state(key).status] += 1
        return found

    def decide(
        self,
        key: str,
        do: str,
        *,
        messages: Sequence[Message] | None = None,
        tag: str | None = None,
        why: str = "",
    ) -> Decision:
        """Records a decision; when this returns it is on disk.

        Raises InputError for one that makes no sense, WorkbenchError where it could not be saved.
        """
        (decision,) = self.decide_all([key], do, messages=messages, tag=tag, why=why)
        return decision

    def decide_all(
        self,
        keys: Iterable[str],
        do: str,
        *,
        messages: Sequence[Message] | None = None,
        tag: str | None = None,
        why: str = "",
    ) -> list[Decision]:
        """Records the same decision about many rows as one act: all on disk, or none. Raises as `decide`."""
        if do not in DECISIONS:
            raise InputError(f'"{do}" is no decision; use one of {", ".join(DECISIONS)}')
        if (do == "edit") != (messages is not None) or (do == "edit" and not sound_messages(messages)):
            raise InputError("an edit, and only an edit, comes with the whole new messages")
        if (do in {"tag", "untag"}) != bool(tag):
            raise InputError("tag and untag, and only they, come with a tag")
        edited = tuple(dict(message) for message in messages) if messages is not None else None
        fields = {"do": do, "messages": edited, "tag": tag or "", "why": why}
        return self._append([{**fields, "key": key} for key in keys])

    def tag_all(self, keys: Iterable[str], given: Sequence[str], taken: Sequence[str] = ()) -> list[Decision]:
        """Gives the rows tags and takes others away, as one act, where that changes anything. Raises as `decide`."""
        if not all([*given, *taken]):
            raise InputError("a tag is empty")
        wanted = [(key, self.state(key).tags) for key in dict.fromkeys(keys)]
        records = [{"do": "tag", "key": key, "tag": tag} for tag in given for key, has in wanted if tag not in has]
        records += [{"do": "untag", "key": key, "tag": tag} for tag in taken for key, has in wanted if tag in has]
        return self._append(records)

    def look_again(self, keys: Iterable[str], tag: str) -> list[Decision]:
        """Gives the rows the tag, and leaves those that were accepted for later, as one act. Raises as `decide`.

        So they are undecided again; their edits stay, and so do they, as nothing but a rejection takes a row out.
        """
        states = {key: self.state(key) for key in keys}
        records = [{"do": "tag", "key": key, "tag": tag} for key, state in states.items() if tag not in state.tags]
        records += [{"do": "skip", "key": key} for key, state in states.items() if state.status == "accepted"]
        return self._append(records)

    @property
    def to_undo(self) -> Act | None:
        """What `undo` would take back: the last act of `by` that stands; None where there is none."""
        return self._acts.to_undo

    @property
    def to_redo(self) -> Act | None:
        """What `redo` would make again: the act of `by` that was taken back last; None where there is none."""
        return self._acts.to_redo

    def undo(self) -> Act | None:
        """Takes back the last act of `by` that stands, and gives it; None where there is none. Raises as `decide`."""
        return self._step("undo")

    def redo(self) -> Act | None:
        """Makes again the act that was taken back last, and gives it; None where there is none. Raises as `decide`."""
        return self._step("redo")

    def _step(self, do: str) -> Act | None:
        with self._lock:
            act = self.to_undo if do == "undo" else self.to_redo
            if act is not None:
                self._append([{"do": do, "of": act.id}])
            return act

    def sha256(self) -> str:
        """The hash of the file as it is; that of nothing where there is none."""
        return hashlib.sha256(self.path.read_bytes() if self.path.exists() else b"").hexdigest()

    def close(self) -> None:
        self._lines.close()

    def refresh(self) -> bool:
        """Reads what was appended to the file since; True where that changed anything. Raises InputError.

        What others wrote and came in with an own decision is told too. Where another thread is at it, or writes, it
        comes back at once.
        """
        if not self._lock.acquire(blocking=False):
            return False
        try:
            changed = self._refresh() or self._read_beside
            self._read_beside = False
            return changed
        finally:
            self._lock.release()

    def _refresh(self) -> bool:
        try:
            lines, anew = self._lines.read_new()
        except OSError as error:
            raise InputError(f"{self.path}: {error.strerror}") from None
        if anew:
            self._forget()
        read = [_parse(line) for line in lines]
        self.unread += read.count(None)
        return self._take([decision for decision in read if decision]) or anew

    def _take(self, decisions: Sequence[Decision]) -> bool:
        """Adds records, in the order of their time; True where any was new."""
        new = sorted({one.id: one for one in decisions if one.id not in self._records}.values(), key=_moment)
        if not new:
            return False
        self._records.update((decision.id, decision) for decision in new)
        if _moment(new[0]) < self._last:
            new = sorted(self._records.values(), key=_moment)
            self._clear()
        self._last = _moment(new[-1])
        for key in {key for decision in new for key in self._replay(decision)}:
            self._settle(key)
        return True

    def _replay(self, decision: Decision) -> list[str]:
        """Counts one record in; gives the keys of the rows whose states it changes."""
        if decision.do not in DECISIONS:
            return [one.key for one in self._acts.step(decision)]
        self._by_key.setdefault(decision.key, []).append(decision)
        self._acts.add(decision)
        return [decision.key]

    def _settle(self, key: str) -> None:
        state = fold(self.history(key))
        if state == UNREVIEWED:
            self._states.pop(key, None)
        else:
            self._states[key] = state

    def _append(self, records: Sequence[Mapping[str, Any]]) -> list[Decision]:
        """Writes records as one act, and takes them in with all that was written since."""
        with self._lock:
            return self._append_alone(records)

    def _append_alone(self, records: Sequence[Mapping[str, Any]]) -> list[Decision]:
        first = max(time.time(), self._last[0] + _CLOCK_TICK)
        act = secrets.token_hex(8) if len(records) > 1 else ""
        decisions = [
            Decision(id=secrets.token_hex(8), t=first + place * _CLOCK_TICK, by=self.by, act=act, **record)
            for place, record in enumerate(records)
        ]
        if not decisions:
            return []
        try:
            self._lines.append([dump_json(decision.as_json()) for decision in decisions])
        except OSError as error:
            what = "the decision was" if len(decisions) == 1 else f"the {len(decisions)} decisions were"
            raise WorkbenchError(f"{self.path}: {what} not saved: {error.strerror}") from None
        known = len(self._records)
        self._refresh()
        self._read_beside |= len(self._records) != known + len(decisions)
        return decisions


def _moment(decision: Decision) -> tuple[float, str]:
    return decision.t, decision.id


def _parse(line: bytes) -> Decision | None:
    try:
        return read_decision(orjson.loads(line))
    except orjson.JSONDecodeError:
        return None


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"
