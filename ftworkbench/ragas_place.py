"""Where the environment is that has ragas, and how it is made."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from ftworkbench import paths

VARIABLE = "FTWORKBENCH_RAGAS_PYTHON"
# 0.4.3 imports what langchain-community has no longer from 0.4.2 on.
PACKAGES = ("ragas>=0.4.3,<0.5", "langchain-community<0.4.2")


def _own_place() -> Path:
    return paths.state_dir() / "ragas"


def ragas_python(said: str | None = None) -> Path:
    """The interpreter: what the recipe says, else the environment variable, else the one of the user's own place."""
    named = said or os.environ.get(VARIABLE, "").strip()
    return Path(named).expanduser() if named else _own_place() / "bin" / "python"


def how_to_get() -> str:
    """The commands that make the environment."""
    folder = _own_place()
    place = shlex.quote(str(folder))
    packages = " ".join(f'"{each}"' for each in PACKAGES)
    return f"python3 -m venv {place} && {shlex.quote(str(folder / 'bin' / 'pip'))} install {packages}"


def missing_ragas(said: str | None = None) -> str:
    """What to say where the interpreter is not there; empty where it is."""
    python = ragas_python(said)
    if os.access(python, os.X_OK):
        return ""
    return f"RAGAS is not here: there is no {python}. To get it: {how_to_get()}"
