"""The state of a job: its phase, and the process that works on it, if that is still there."""

from __future__ import annotations

import math
import os
import time
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, fields, replace

from ftworkbench.files import locked, read_json, write_json
from ftworkbench.jobs.folder import Job
from ftworkbench.machine import boot_id, host, process_start

ALIVE = frozenset({"queued", "loading", "running", "saving"})
ENDED = frozenset({"done", "stopped", "failed"})
LAUNCH_GRACE = 30.0  # seconds that a queued job may have no process yet
SILENCE = 60.0  # seconds without a word after which a job counts as lost


@dataclass(frozen=True, kw_only=True)
class State:
    """`start` is the process's start in clock ticks since boot; `t` when this was written, in seconds."""

    phase: str
    pid: int | None = None
    start: int | None = None
    boot_id: str = ""
    host: str = ""
    attempt: int = 1
    why: str = ""
    t: float = 0.0


def own_state(phase: str, attempt: int, why: str = "") -> State:
    """The state of a job that this very process works on."""
    pid = os.getpid()
    return State(
        phase=phase,
        pid=pid,
        start=process_start(pid),
        boot_id=boot_id(),
        host=host(),
        attempt=attempt,
        why=why,
        t=time.time(),
    )


def read_state(job: Job) -> State | None:
    """The state as last written, less fields unknown to this version; None where it cannot be read."""
    found = read_json(job.state)
    if not isinstance(found, dict) or not isinstance(found.get("phase"), str):
        return None
    known = {field.name for field in fields(State)}
    return State(**{key: value for key, value in found.items() if key in known})


def state_guard(job: Job) -> AbstractContextManager[None]:
    """Held while a state is read and then written by what was read."""
    return locked(job.path / ".state.lock")


def put_state(job: Job, state: State) -> None:
    """Writes the state; the caller holds the guard."""
    write_json(job.state, {"v": 1, **asdict(state)})


def write_state(job: Job, state: State) -> None:
    """Replaces the job's state. Where `t` is 0 it becomes now."""
    with state_guard(job):
        put_state(job, state if state.t else replace(state, t=time.time()))


def last_word(job: Job) -> float:
    """When the job's worker last wrote anything, seconds since the epoch; 0 where it never did."""
    latest = 0.0
    for path in (job.events, job.heartbeat, job.state):
        try:
            latest = max(latest, path.stat().st_mtime)
        except OSError:
            continue
    return latest


def _is_lost(job: Job, state: State, now: float) -> bool:
    if state.host != host():
        return now - max(last_word(job), state.t) > SILENCE
    if state.boot_id != boot_id():
        return True
    if state.pid is None:
        return now - state.t > LAUNCH_GRACE
    return not has_process(state) or silence(job, now) > SILENCE


def silence(job: Job, now: float) -> float:
    """Seconds since a worker that beats was last heard of; 0 where it never began to beat.

    A process that is stopped, or hangs in the kernel, is there and does nothing. While the machine slept nobody beat:
    silence counts from when it woke, if this process saw that.
    """
    return min(now - last_word(job), _awake()) if job.heartbeat.exists() else 0.0


_slept = [math.nan, -math.inf]  # the seconds that the machine has slept since its boot, and when that grew


def _awake() -> float:
    """Seconds since this process saw that the machine had slept; infinite where it never did."""
    now = time.monotonic()
    slept = time.clock_gettime(time.CLOCK_BOOTTIME) - now
    if slept > _slept[0] + 1:
        _slept[1] = now
    _slept[0] = slept
    return now - _slept[1]


def has_process(state: State) -> bool:
    """Whether the process that the state names still runs, on this host."""
    if state.pid is None:
        return False
    started = process_start(state.pid)
    return started is not None and started == state.start


def hangs(job: Job) -> bool:
    """Whether a lost job still has a process on this host, which may go on with its work."""
    state = read_state(job)
    return state is not None and state.phase in ALIVE and state.host == host() and has_process(state)


def phase(job: Job, now: float | None = None) -> str:
    """The job's phase: as written, or `lost` where nobody works on it any more without having ended it.

    On this host the process tells, by pid, start time and boot, and its silence; of another host only silence can.
    `now` is in seconds since the epoch.
    """
    state = read_state(job)
    while True:
        if state is None:
            return "lost"
        if state.phase in ENDED or not _is_lost(job, state, time.time() if now is None else now):
            return state.phase
        again = read_state(job)  # the worker may have ended between the two looks
        if again == state:
            return "lost"
        state = again
