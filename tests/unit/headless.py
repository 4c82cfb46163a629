"""The command line, run as a user runs it: in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def run(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """One command, run to its end without a terminal."""
    command = [sys.executable, "-m", "ftworkbench", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120, check=False)
