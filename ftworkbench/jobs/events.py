"""What happened to a job: `events.jsonl`, one JSON object a line, append-only.

| kind | fields |
| --- | --- |
| `phase` | `phase`, `why`; `step` with `running` of a resumed attempt: the step that it went back to |
| `progress` | `what`, `done`, `total`, `unit`; with `unit` "steps" it is the job's own step and steps |
| `metric` | `step`, `epoch`, `values: {name: number}`, finite numbers only |
| `evaluation` | `step`, `name`, `values` |
| `sample` | `step`, `row`, `prompt`, `answer`, `system` |
| `answer` | `request`, `system`, and `delta`, or `done` with totals, or `error` |
| `checkpoint` | `step`, `path`, `sha256` |
| `notice` | `level` (info, warning, error), `text`, `code`, `step`, `rows` |
"""

from __future__ import annotations

import errno
import json
import math
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ftworkbench.files import DISK_FULL

VERSION = 1
_SYNCED = frozenset({"phase", "checkpoint"})
_MEASURED = frozenset({"metric", "evaluation"})
_OWN = ("v", "seq", "t", "attempt", "kind")
_BLOCK = 1 << 16


@dataclass(frozen=True)
class Event:
    """`seq` counts the events of a job, over all its attempts; `t` is in seconds since the epoch."""

    seq: int
    t: float
    attempt: int
    kind: str
    fields: dict[str, Any] = field(default_factory=dict)


def _plain(value: Any) -> Any:
    """`value` as JSON can hold it: numbers of other libraries as Python's, what is not finite as None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    item = getattr(value, "item", None)
    return _plain(item()) if callable(item) else str(value)


def _split_finite(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The finite values, and a text for each of the others."""
    finite, others = {}, []
    for name, value in values.items():
        number = value.item() if hasattr(value, "item") else value
        if isinstance(number, float) and not math.isfinite(number):
            others.append(f"{name} is {number}")
        else:
            finite[name] = number
    return finite, others


class EventLog:
    """The events of one attempt, appended by one write each. Threads may share it; `seq` goes on.

    Where the disk is full, `wait` is called and the event is tried again; without one it raises.
    """

    def __init__(self, path: Path, attempt: int, wait: Callable[[], None] | None = None) -> None:
        self._attempt = attempt
        self.wait = wait
        self._lock = threading.Lock()
        last = _last_event(path)
        self._seq = last.seq if last else 0
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._cut = _ends_cut(self._file)

    @property
    def attempt(self) -> int:
        return self._attempt

    def emit(self, kind: str, **fields: Any) -> None:
        """Appends one event. Values of a metric or evaluation that are not finite become a notice instead.

        Raises OSError where the file takes no more (the next event then begins a line of its own).
        """
        if kind in _MEASURED and isinstance(fields.get("values"), Mapping):
            values, others = _split_finite(fields["values"])
            if others:
                self._notice_not_finite(others, fields)
            if others and not values:
                return
            fields = {**fields, "values": values}
        self._append(kind, fields)

    def _notice_not_finite(self, others: list[str], fields: Mapping[str, Any]) -> None:
        step = fields.get("step")
        at = "" if step is None else f" at step {step}"
        text = f"{', '.join(others)}{at}"
        self._append("notice", {"level": "error", "code": "not-finite", "text": text, "step": step})

    def _append(self, kind: str, fields: Mapping[str, Any]) -> None:
        with self._lock:
            seq = self._seq + 1
            now = round(time.time(), 3)
            head = {"v": VERSION, "seq": seq, "t": now, "attempt": self._attempt, "kind": kind}
            body = {key: _plain(value) for key, value in fields.items() if key not in head}
            line = json.dumps({**head, **body}, allow_nan=False).encode("ascii") + b"\n"
            self._seq = seq
            while not self._written(line):
                assert self.wait is not None
                self.wait()
            if kind in _SYNCED:
                os.fsync(self._file)

    def _written(self, line: bytes) -> bool:
        """Writes the line, and says whether it could; False only where the disk is full and there is time to wait."""
        try:
            begun = b"\n" + line if self._cut else line
            self._cut = True
            written = os.write(self._file, begun)
            if written != len(begun):
                text = f"{written} of an event's {len(begun)} bytes were written; is the disk full?"
                raise OSError(errno.ENOSPC, text)
        except OSError as error:
            if self.wait is None or error.errno not in DISK_FULL:
                raise
            return False
        self._cut = False
        return True

    def close(self) -> None:
        os.close(self._file)


def _ends_cut(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"


def _last_event(path: Path) -> Event | None:
    """The last whole event of the file, read from its end."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    with file:
        start = file.seek(0, os.SEEK_END)
        tail = b""
        while start:
            step = min(_BLOCK, start)
            start -= step
            file.seek(start)
            tail = file.read(step) + tail
            for line in reversed(tail.split(b"\n")[1 if start else 0 :]):
                event = _parse(line)
                if event:
                    return event
    return None


def _loads(line: bytes) -> Any:
    """The JSON of a line: by orjson, which is quicker, where it takes it (it takes no half of a surrogate pair)."""
    import orjson

    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return json.loads(line)


def _parse(line: bytes) -> Event | None:
    """The event in a line; None where there is none. Kinds and fields that nobody knows yet are kept."""
    if not line.strip():
        return None
    try:
        found = _loads(line)
        return Event(
            int(found["seq"]),
            float(found["t"]),
            int(found.get("attempt", 1)),
            str(found["kind"]),
            {key: value for key, value in found.items() if key not in _OWN},
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def read_events(path: Path, offset: int = 0, most: int | None = None) -> tuple[list[Event], int]:
    """The events after byte `offset`, of the next `most` bytes or a line at least, and the offset to go on from.

    A last line without its newline waits for the next call; lines that are no events are skipped. A file
    that is not there yet has no events.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            text = file.read() if most is None else file.read(most) + file.readline()
    except FileNotFoundError:
        return [], offset
    end = text.rfind(b"\n") + 1
    events = [event for event in map(_parse, text[:end].split(b"\n")) if event is not None]
    return events, offset + end


def read_last_events(path: Path, most: int = _BLOCK) -> tuple[list[Event], bool]:
    """The events in the last `most` bytes of the file, and whether these are all that it has."""
    try:
        with path.open("rb") as file:
            start = max(file.seek(0, os.SEEK_END) - most, 0)
            file.seek(max(start - 1, 0))
            text = file.read(most + 1)
    except FileNotFoundError:
        return [], True
    first = text.find(b"\n") + 1 if start else 0
    lines = text[first : text.rfind(b"\n") + 1].split(b"\n")
    return [event for event in map(_parse, lines) if event is not None], not start
