"""`jobs`: what runs and ran in a workspace."""

from __future__ import annotations

import argparse
from pathlib import Path

from ftworkbench.commands.show import emit, say, table, tell
from ftworkbench.errors import EXIT_GOOD, InputError
from ftworkbench.steps.jobs import summaries
from ftworkbench.workspace import Workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workspace", nargs="?", type=Path, default=Path(), metavar="WORKSPACE", help="its folder")
    parser.add_argument("--json", action="store_true", help="print them as one JSON object")


def run(args: argparse.Namespace) -> int:
    if not args.workspace.exists():
        raise InputError(f"{args.workspace}: no such workspace")
    root = args.workspace if args.workspace.is_dir() else args.workspace.parent
    found = summaries(Workspace(root))
    if args.json:
        emit({"jobs": found})
        return EXIT_GOOD
    if not found:
        say("no jobs yet; `ftworkbench train RECIPE` starts one")
        return EXIT_GOOD
    rows = [
        [
            job["job"],
            job["kind"],
            job["phase"],
            f"{job['step']}/{job['steps']}" if job["steps"] else "",
            job["verdict"] or "",
        ]
        for job in found
    ]
    for line in table(["job", "kind", "phase", "step", "verdict"], rows, right=[3]):
        tell(line)
    return EXIT_GOOD
