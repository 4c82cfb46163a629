"""What the kernel says of a process and of its cards, in plain words, where its log may be read.

The lines are those of mm/oom_kill.c and of the fault handlers of Linux, and NVIDIA's driver's "NVRM: Xid"; the meaning
of an Xid is NVIDIA's (docs.nvidia.com/deploy/xid-errors).
"""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_SECONDS = 3.0
# Each with how its lines begin: seconds since the epoch, or since the boot.
_LOGS = (
    ("journalctl", "--dmesg", "--boot", "--output=short-unix", "--no-pager", "--quiet"),
    ("dmesg",),
)
_STAMP = re.compile(r"(?:<\d+>)?\[?\s*(\d+\.\d+)\]?\s+(?:\S+\s+kernel:\s+)?(.*)")
_KILLED = re.compile(r"(Memory cgroup out|Out) of memory:? (?:Killed|Kill) process (\d+)|\bKilled process (\d+) \(")
_TASK = re.compile(r"oom-kill:constraint=(\w+).*\bpid=(\d+)")
_CRASHED = re.compile(
    r"\b\S+\[(\d+)\]:? (segfault|general protection fault|trap invalid opcode)\b.*?(?: in ([^\s\[]+))?(?:\[|$)"
)
_XID = re.compile(r"NVRM: Xid \(([^)]+)\): (\d+)(?:, pid='?(\d+|<unknown>)'?)?")
_XIDS = {
    13: "the GPU met a fault in a kernel that it ran",
    31: "a GPU kernel touched memory that is not its own",
    43: "the GPU stopped working for the process",
    45: "the GPU's work was broken off",
    48: "the GPU's memory is damaged: an error of two bits",
    61: "the GPU's own controller failed",
    62: "the GPU's own controller failed",
    63: "the GPU put a damaged part of its memory out of use: reset it",
    64: "the GPU could not put a damaged part of its memory out of use",
    74: "NVLink failed between the GPUs",
    79: "the GPU fell off the bus",
    92: "the GPU's memory has many errors of one bit",
    94: "the GPU's memory has an error, which ended the process alone",
    95: "the GPU's memory has an error, which reached other processes: reset it",
    109: "the GPU could not switch to other work in time",
    119: "the GPU's own processor (GSP) did not answer",
    120: "the GPU's own processor (GSP) failed",
    140: "the GPU's memory has errors that could not be mended",
    154: "the GPU wants to be reset, or the machine to be started anew",
}
# Faults that a process brings on itself: that of another one is not ours.
_ITS_OWN = frozenset({13, 31, 43, 45, 94, 109})


@dataclass(frozen=True)
class Line:
    """A line of the kernel's log. `t` in seconds since the epoch."""

    t: float
    text: str


@dataclass(frozen=True)
class _Log:
    """`t` is when it was read."""

    t: float = 0.0
    lines: tuple[Line, ...] = ()


_known = [_Log()]


def kernel_words(pid: int | None, since: float, until: float = math.inf) -> str:
    """What the kernel said since then (seconds since the epoch) of process `pid`, and of the cards; "" for nothing.

    A log that was read after `until` is not read again. Takes a few seconds at most, and never raises.
    """
    if _known[0].t <= until:
        _known[0] = _read_log()
    return words_of(_known[0].lines, pid, since)


def words_of(lines: Iterable[Line], pid: int | None, since: float) -> str:
    """`kernel_words` of these lines."""
    said: list[str] = []
    for line in lines:
        found = _word(line.text, pid) if line.t >= since else None
        if found and found not in said:
            said.append(found)
    if any("limit" in each for each in said):  # the same, said better
        said = [each for each in said if each != _OUT_OF_MEMORY]
    return "; ".join(said)


_OUT_OF_MEMORY = "the kernel killed it: out of memory"


def _word(text: str, pid: int | None) -> str | None:
    if match := _KILLED.search(text):
        limit = " (its container's or its group's limit)" if (match[1] or "").startswith("Memory cgroup") else ""
        return _OUT_OF_MEMORY + limit if int(match[2] or match[3]) == pid else None
    if match := _TASK.search(text):
        limit = " (its container's or its group's limit)" if match[1] == "CONSTRAINT_MEMCG" else ""
        return _OUT_OF_MEMORY + limit if int(match[2]) == pid else None
    if match := _XID.search(text):
        number, who = int(match[2]), match[3] or ""
        if number in _ITS_OWN and who.isdigit() and int(who) != pid:
            return None
        return f"{_XIDS.get(number, 'the GPU met a fault')} (Xid {number})"
    if (match := _CRASHED.search(text)) and int(match[1]) == pid:
        where = f" in {match[3]}" if match[3] else ""
        return f"it crashed{where} ({match[2]})"
    return None


def _read_log() -> _Log:
    """The kernel's log since the boot, now; nothing where it may not be read."""
    now = time.time()
    for command in _LOGS:
        text = _read(command)
        if text and (lines := tuple(parse(text, _booted()))):
            return _Log(now, lines)
    return _Log(now)


def parse(text: str, booted: float) -> Iterator[Line]:
    """The lines of `journalctl -o short-unix` or `dmesg`; `booted` is in seconds since the epoch."""
    for each in text.splitlines():
        if match := _STAMP.match(each):
            stamp = float(match[1])
            # What counts from the boot is short of a year's seconds for decades less than what counts from 1970.
            yield Line(stamp if stamp > booted / 2 else booted + stamp, match[2])


def _booted() -> float:
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def _read(command: tuple[str, ...]) -> str:
    if shutil.which(command[0]) is None:
        return ""
    try:
        found = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    return found.decode("utf-8", "replace")
