"""Why a job is lost, as far as it can be told."""

from __future__ import annotations

import time
from functools import lru_cache

from ftworkbench.figures import duration
from ftworkbench.files import read_json
from ftworkbench.jobs.cgroup import memory_kills
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.kernel import kernel_words
from ftworkbench.jobs.state import LAUNCH_GRACE, SILENCE, State, has_process, last_word, read_state, silence
from ftworkbench.machine import boot_id, host, process_state

_HOW = {
    "T": "its process {pid} is stopped (SIGSTOP): `kill -CONT {pid}` lets it go on",
    "D": "its process {pid} hangs in the kernel, in a disk, a network or a card",
}


def why_lost(job: Job) -> str:
    """What became of a lost job, in one line, the kernel's own words among it; for a job that is lost."""
    state = read_state(job)
    if state is None:
        return "its state.json is missing or unreadable"
    if state.host != host():
        return f"nothing was heard from {state.host} for {_ago(job)}"
    if state.boot_id != boot_id():
        return "this machine was started anew while it ran"
    if state.pid is None:
        return f"its process did not start within {LAUNCH_GRACE:g} s; see worker.log"
    if has_process(state):
        how = _HOW.get(process_state(state.pid) or "", "its process {pid} is there")
        return f"{how.format(pid=state.pid)}; it gave no sign of life for {_ago(job)}"
    said = _kernel_said(state, last_word(job)) or _group_said(job)
    return f"its process is gone: {said or 'it never wrote that it had ended, so it was killed, or it crashed'}"


def _ago(job: Job) -> str:
    return duration(silence(job, time.time()))


@lru_cache(maxsize=256)
def _kernel_said(state: State, last: float) -> str:
    """The kernel is asked once for each process that is gone; of what it said, what came after the last phase."""
    return kernel_words(state.pid, state.t, last + SILENCE)


def _group_said(job: Job) -> str:
    """A word on memory where its group has lost processes to the lack of it since the worker began."""
    before = read_json(job.heartbeat)
    if not isinstance(before, dict) or not isinstance(before.get("memory_kills"), int):
        return ""
    more = (memory_kills(str(before.get("group") or "")) or 0) - before["memory_kills"]
    return "the kernel killed it, or another of this container, for lack of memory" if more > 0 else ""
