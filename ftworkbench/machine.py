"""What this machine has, found out without importing torch."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True)
class Card:
    """A GPU. `memory` in bytes; `capability` as (9, 0)."""

    name: str
    memory: int
    capability: tuple[int, int]

    @property
    def bf16(self) -> bool:
        """Compute capability 8.0 (Ampere) is the first with bfloat16."""
        return self.capability >= (8, 0)


@dataclass(frozen=True)
class Machine:
    """`memory` in bytes; `cards` are those that CUDA_VISIBLE_DEVICES leaves visible."""

    cores: int
    memory: int
    cards: tuple[Card, ...] = ()

    @property
    def card(self) -> Card | None:
        return self.cards[0] if self.cards else None

    @property
    def device(self) -> str:
        """The name of the device that a job takes, as the queue knows it."""
        return "cuda-0" if self.cards else "cpu"


def _visible(cards: list[Card]) -> tuple[Card, ...]:
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return tuple(cards)
    chosen = []
    for part in visible.split(","):
        if not part.strip().isdigit() or int(part) >= len(cards):
            break  # CUDA itself ignores everything after the first index that it does not know
        chosen.append(cards[int(part)])
    return tuple(chosen)


def _cards() -> tuple[Card, ...]:
    if shutil.which("nvidia-smi") is None:
        return ()
    query = ["nvidia-smi", "--query-gpu=name,memory.total,compute_cap", "--format=csv,noheader,nounits"]
    try:
        out = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    cards = []
    for line in out.splitlines():
        name, memory, capability = (part.strip() for part in line.rsplit(",", 2))
        major, _, minor = capability.partition(".")
        cards.append(Card(name, int(memory) * 2**20, (int(major), int(minor or 0))))
    return _visible(cards)


@lru_cache(maxsize=1)
def this_machine() -> Machine:
    """The cores that this process may use, the memory, and the NVIDIA cards (asks nvidia-smi, once)."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Machine(cores, memory, _cards())


def host() -> str:
    return platform.node()


def boot_id() -> str:
    """Changes with every boot; empty where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def process_start(pid: int) -> int | None:
    """When process `pid` started, in clock ticks since boot; None where there is no such process (or it is a zombie).

    With the boot id this names a process for good: a pid alone is used again.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
    return None if fields[0] == "Z" else int(fields[19])
