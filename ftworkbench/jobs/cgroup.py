"""What a process's control group says of memory: the word of a container, where the kernel's own log is not to be read.

See "memory.events" in the kernel's Documentation/admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")


def own_group() -> str:
    """The path of this process's group in the second hierarchy of groups; "" where there is none."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return ""
    return next((line.removeprefix("0::") for line in lines if line.startswith("0::")), "")


def memory_kills(group: str, root: Path = _ROOT) -> int | None:
    """How many processes of a group were killed for lack of memory; None where it doesn't say."""
    if not group:
        return None
    try:
        text = (root / group.lstrip("/") / "memory.events").read_text()
    except OSError:
        return None
    return read_kills(text)


def read_kills(events: str) -> int | None:
    """The number of kills in the text of a memory.events."""
    found = dict(line.split(" ", 1) for line in events.splitlines() if " " in line)
    number = found.get("oom_kill", "")
    return int(number) if number.isdigit() else None
