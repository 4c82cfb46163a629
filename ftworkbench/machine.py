"""What this machine has, found out without importing torch."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_QUERY = ["nvidia-smi", "--query-gpu=index,uuid,name,memory.total,compute_cap", "--format=csv,noheader,nounits"]


@dataclass(frozen=True)
class Card:
    """A GPU. `memory` in bytes; `capability` as (9, 0); `index` as nvidia-smi counts, whatever is visible."""

    name: str
    memory: int
    capability: tuple[int, int]
    index: int = 0
    uuid: str = ""

    @property
    def bf16(self) -> bool:
        """Compute capability 8.0 (Ampere) is the first with bfloat16."""
        return self.capability >= (8, 0)

    @property
    def device(self) -> str:
        """The name of the card's queue: the same for every process, whatever each of them sees."""
        return f"cuda-{self.index}"

    @property
    def visible(self) -> str:
        """What CUDA_VISIBLE_DEVICES must be for a process to see this card alone.

        By its UUID: CUDA may count the cards in another order than nvidia-smi.
        """
        return self.uuid or str(self.index)


@dataclass(frozen=True)
class Machine:
    """`memory` in bytes; `cards` are those that CUDA_VISIBLE_DEVICES leaves visible."""

    cores: int
    memory: int
    cards: tuple[Card, ...] = ()

    @property
    def card(self) -> Card | None:
        return self.cards[0] if self.cards else None


def visible_cards(cards: Sequence[Card], visible: str | None) -> tuple[Card, ...]:
    """Those of the machine's cards that CUDA_VISIBLE_DEVICES (None where it is not set) leaves visible, in its order.

    As CUDA reads it: an index or the beginning of a UUID each; what follows the first that names no card is ignored.
    """
    if visible is None:
        return tuple(cards)
    chosen: list[Card] = []
    for part in map(str.strip, visible.split(",")):
        named = [card for card in cards if _is_called(card, part)]
        if len(named) != 1 or named[0] in chosen:
            break
        chosen += named
    return tuple(chosen)


def _is_called(card: Card, name: str) -> bool:
    return card.index == int(name) if name.isdigit() else name.startswith("GPU-") and card.uuid.startswith(name)


def read_cards(text: str) -> list[Card]:
    """The cards in what nvidia-smi says to _QUERY, a line each."""
    cards = []
    for line in text.splitlines():
        index, uuid, rest = (part.strip() for part in line.split(",", 2))
        name, memory, capability = (part.strip() for part in rest.rsplit(",", 2))
        major, _, minor = capability.partition(".")
        cards.append(Card(name, int(memory) * 2**20, (int(major), int(minor or 0)), int(index), uuid))
    return cards


def _cards() -> tuple[Card, ...]:
    if shutil.which("nvidia-smi") is None:
        return ()
    try:
        out = subprocess.run(_QUERY, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    return visible_cards(read_cards(out), os.environ.get("CUDA_VISIBLE_DEVICES"))


@lru_cache(maxsize=1)
def this_machine() -> Machine:
    """The cores that this process may use, the memory, and the NVIDIA cards (asks nvidia-smi, once)."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Machine(cores, memory, _cards())


def free_memory() -> int:
    """The bytes of memory that can be had without swapping (proc(5), MemAvailable); all of it where nobody says."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return this_machine().memory


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
    fields = _process_fields(pid)
    return None if not fields or fields[0] == "Z" else int(fields[19])


def process_state(pid: int) -> str | None:
    """The state of process `pid` as proc(5) has it, such as S, R, D (in the kernel), T (stopped); None without one."""
    fields = _process_fields(pid)
    return fields[0] if fields else None


def _process_fields(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return []
