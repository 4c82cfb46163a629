"""`restore JOB...`: brings removed jobs back from the bin."""

from __future__ import annotations

import argparse
from pathlib import Path

from ftworkbench.commands.arguments import add_json, add_workspace
from ftworkbench.commands.show import emit, tell
from ftworkbench.errors import EXIT_GOOD
from ftworkbench.jobs.bin import restore
from ftworkbench.steps.removal import removed_job
from ftworkbench.workspace import workspace_at


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("jobs", nargs="+", metavar="JOB", help="a job in the bin: a name, or its start or end")
    add_workspace(parser)
    add_json(parser, "their names")


def run(args: argparse.Namespace) -> int:
    workspace = workspace_at(args.workspace or Path())
    found = list(dict.fromkeys(removed_job(workspace, text) for text in args.jobs))
    back = [restore(gone) for gone in found]
    if args.json:
        emit({"restored": [job.name for job in back]})
    for job in back if not args.json else ():
        tell(f"{job.short}  is back")
    return EXIT_GOOD
