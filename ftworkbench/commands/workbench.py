"""Opening the workbench on a workspace."""

from __future__ import annotations

import sys
from pathlib import Path

from ftworkbench.errors import InputError
from ftworkbench.workspace import Workspace, workspace_of


def open_workbench(path: Path) -> int:
    """Opens the workbench on the folder or recipe `path`; gives the exit code when it is left."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError("the workbench needs a terminal; `ftworkbench --help` lists the commands that do without")
    from ftworkbench.tui.app import run_workbench

    if path.is_dir():
        recipes = Workspace(path).recipes()
        return run_workbench(Workspace(path), recipes[0] if recipes else None)
    return run_workbench(workspace_of(path), path)
