"""Looking at the machine: what will and what won't work here, without importing any heavy library."""

from __future__ import annotations

import os
import shutil
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from ftworkbench import paths
from ftworkbench.jobs.survival import survival
from ftworkbench.machine import Machine, this_machine
from ftworkbench.ragas_place import missing_ragas, ragas_python

_LIBRARIES = (
    "ftworkbench", "torch", "transformers", "peft", "trl", "bitsandbytes", "accelerate", "datasets", "polars",
    "textual", "plotext",
)  # fmt: skip
_EXTRAS = ("lm-eval", "liger-kernel")
_GIB = 2**30
_LITTLE_DISK = 10
_SMALLEST = (80, 24)


def examine(folder: Path | None = None) -> dict[str, Any]:
    """What `doctor --json` prints. `problems` are sentences that say what to do."""
    machine = this_machine()
    versions = {"python": sys.version.split()[0], **{name: _version(name) for name in _LIBRARIES}}
    terminal = _terminal()
    disk = shutil.disk_usage(folder or Path())
    free = {"free_gib": disk.free / _GIB, "total_gib": disk.total / _GIB}
    gpus = [
        {
            "name": card.name,
            "memory_gib": card.memory / _GIB,
            "capability": ".".join(map(str, card.capability)),
        }
        for card in machine.cards
    ]
    return {
        "versions": versions,
        "gpus": gpus,
        "cores": machine.cores,
        "memory_gib": machine.memory / _GIB,
        "terminal": terminal,
        "disk": free,
        "jobs": survival().words,
        "extras": {name: _version(name) or f"not here: pip install '{_wanted(name)}'" for name in _EXTRAS},
        "ragas": missing_ragas() or f"run by {ragas_python()}",
        "problems": _problems(versions, machine, terminal, free),
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _wanted(name: str) -> str:
    """The versions of an extra that are known to work, as pip takes them."""
    wanted = [each.partition(";")[0].strip() for each in metadata.requires("ftworkbench") or ()]
    return next((each for each in wanted if each.startswith(name)), name)


def _terminal() -> dict[str, Any]:
    size = shutil.get_terminal_size()
    truecolor = os.environ.get("COLORTERM", "") in {"truecolor", "24bit"}
    term = os.environ.get("TERM", "")
    colours = "16 million" if truecolor else "256" if "256" in term else "16" if term not in {"", "dumb"} else "no"
    return {
        "term": term,
        "columns": size.columns,
        "rows": size.lines,
        "colours": colours,
        "tty": sys.stdout.isatty(),
        "multiplexer": "tmux" if "TMUX" in os.environ else "screen" if "STY" in os.environ else None,
        "ssh": "SSH_CONNECTION" in os.environ,
        "utf8": "utf" in (sys.stdout.encoding or "").lower(),
    }


def _problems(
    versions: dict[str, str | None], machine: Machine, terminal: dict[str, Any], disk: dict[str, float]
) -> list[str]:
    found = [f"{name} is not installed: install ftworkbench again" for name, version in versions.items() if not version]
    if problem := survival().problem:
        found.append(problem)
    if terminal["tty"] and (terminal["columns"], terminal["rows"]) < _SMALLEST:
        found.append(f"the terminal is {terminal['columns']}×{terminal['rows']}: the workbench wants 80×24 or more")
    if not terminal["utf8"]:
        found.append("the terminal's encoding is not UTF-8: set LANG=C.UTF-8")
    if disk["free_gib"] < _LITTLE_DISK:
        found.append(f"only {disk['free_gib']:.1f} GiB of disk are free here: checkpoints and merged models need room")
    if shutil.which("nvidia-smi") and not machine.cards:
        found.append("nvidia-smi is there but shows no card that this process may use: look at its output")
    for card in machine.cards:
        if not card.bf16:
            found.append(f"{card.name} has no bfloat16: recipes are resolved to float16 there")
    if machine.cards and "+cpu" in (versions["torch"] or ""):
        found.append("the installed torch is a CPU build, but there is a GPU: install torch's CUDA build")
    for folder in (paths.state_dir(), paths.config_dir()):
        if folder.exists() and not os.access(folder, os.W_OK):
            found.append(f"{folder} cannot be written to")
    return found
