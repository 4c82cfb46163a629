"""The environment that has RAGAS, made once for all processes of a test run, as doctor says but with uv, for speed."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

from ftworkbench.files import locked
from ftworkbench.ragas_place import PACKAGES

_AS_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "constraint": "UV_CONSTRAINT",
    "no-index": "UV_NO_INDEX",
    "cert": "SSL_CERT_FILE",
}


class UnobtainableError(Exception):
    """Why there is no environment."""


def ragas_environment(shared: Path) -> Path:
    """Its interpreter, in a folder that all processes of the run see. Raises UnobtainableError."""
    folder, problem = shared / "ragas-environment", shared / "ragas-problem"
    python = folder / "bin" / "python"
    with locked(shared / "ragas-lock"):
        if not folder.exists():
            try:
                _uv("venv", "--python", sys.executable, str(folder))
                _uv("pip", "install", "--python", str(python), *PACKAGES)
            except UnobtainableError as error:
                folder.mkdir(exist_ok=True)
                problem.write_text(str(error))
    if problem.exists():
        raise UnobtainableError(problem.read_text())
    return python


def _uv(*arguments: str) -> None:
    own = {
        **os.environ,
        **_index(),
        "UV_COMPILE_BYTECODE": "0",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }  # as pip does
    done = subprocess.run(
        [sys.executable, "-m", "uv", "-q", *arguments], check=False, env=own, capture_output=True, text=True
    )
    if done.returncode:
        raise UnobtainableError(" ".join(done.stderr.split())[:400])


def _index() -> dict[str, str]:
    """Where pip takes packages from, as uv is told it; the environment (":env:") before its files."""
    done = subprocess.run([sys.executable, "-m", "pip", "config", "list"], check=False, capture_output=True, text=True)
    found = {}
    for line in done.stdout.splitlines():
        name, _, value = line.partition("=")
        section, _, option = name.rpartition(".")
        if option in _AS_UV and (_AS_UV[option] not in found or section.startswith(":env:")):
            words = str(ast.literal_eval(value)).split()
            found[_AS_UV[option]] = ("," if option == "find-links" else " ").join(words)
    return found
