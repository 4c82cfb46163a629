"""Talking to a session: requests are appended to its folder, answers come as events. Several may talk.

A request is a line of `requests.jsonl`: {"v": 1, "id", "t", "op", ...}.

| op | fields | answered by |
| --- | --- | --- |
| `generate` | `systems`, `messages`, `max_new_tokens`, `temperature`, `top_p`, `seed` | `answer` events by system |
| `tokens` | `messages`, `tools` | one `answer` event, of system "" |
| `rows` | `file`, `settings` | `progress`, then one `answer` event, of system "", with `rows` and `path` |
| `close` | | the session ends |

Each of `systems` is {"name", "system", "shots", "adapter"}; events call it by its name. `adapter` is false (the base
answers), true (the adapter of the session's training job), or the name of one (see jobs.adapters); `messages` in a
system take the place of the request's. It has answered when its `answer` event has `done` or `error`. `rows` writes
what the tokenizer makes of each row of `file`, relative to the workspace, into the session's folder at `path`, a line a
row; `settings` is kept beside it as it was given.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ftworkbench.errors import JobError
from ftworkbench.jobs.events import Event
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.follow import Tail
from ftworkbench.jobs.state import ALIVE, phase


def ask(job: Job, op: str, **fields: Any) -> str:
    """Asks a session, and gives the request's id. Raises JobError where it does not run any more."""
    found = phase(job)
    if found not in ALIVE:
        raise JobError(f"{job.short}: the session is {found}; open another")
    request = os.urandom(6).hex()
    line = {**fields, "v": 1, "id": request, "t": round(time.time(), 3), "op": op}
    text = json.dumps(line, allow_nan=False).encode("ascii") + b"\n"
    descriptor = os.open(job.requests, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            text = b"\n" + text  # the last request was cut short by a crash
        if os.write(descriptor, text) != len(text):
            raise JobError(f"{job.short}: the request could not be written; is the disk full?")
    finally:
        os.close(descriptor)
    return request


def answers(
    job: Job,
    request: str,
    systems: Sequence[str] = ("",),
    *,
    poll: float = 0.1,
    timeout: float | None = None,
    heard: Callable[[list[Event]], None] | None = None,
) -> Iterator[Event]:
    """The `answer` events of a request as they come, until each of `systems` (names) has answered.

    `heard` gets all events of the session, from its first, as they come. Raises JobError where the session ends
    before, or neither answer nor progress came for `timeout` seconds, not counting those that it waits in the queue.
    """
    tail = Tail(job.events)
    open_systems = set(systems)
    heard_at = time.monotonic()
    while True:
        found = phase(job)
        alive = found in ALIVE
        if found == "queued":
            heard_at = time.monotonic()
        events = tail.poll()
        if events and heard is not None:
            heard(events)
        for event in events:
            if event.kind == "progress":
                heard_at = time.monotonic()
            if event.kind != "answer" or event.fields.get("request") != request:
                continue
            heard_at = time.monotonic()
            if event.fields.get("done") or event.fields.get("error"):
                open_systems.discard(str(event.fields.get("system") or ""))
            yield event
        if not open_systems:
            return
        if not alive:
            raise JobError(f"{job.short}: the session is {phase(job)} and has not answered; see {job.log}")
        if timeout is not None and time.monotonic() - heard_at > timeout:
            raise JobError(f"{job.short}: the session has not answered for {timeout:g} s")
        time.sleep(poll)


class Requests:
    """The requests of a session that its worker has not been given yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def poll(self) -> list[dict[str, Any]]:
        """The requests since the last call. Lines that are no requests are skipped, one cut short waits."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                text = file.read()
        except FileNotFoundError:
            return []
        end = text.rfind(b"\n") + 1
        self._offset += end
        return [found for found in map(_request, text[:end].split(b"\n")) if found is not None]


def _request(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict) and isinstance(found.get("id"), str) and isinstance(found.get("op"), str):
        return found
    return None
