"""`jobs [WORKSPACE]`: what runs and ran in a workspace."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ftworkbench.commands.arguments import add_json, add_workspace
from ftworkbench.commands.show import emit, say, table, tell
from ftworkbench.errors import EXIT_GOOD, InputError
from ftworkbench.jobs.names import short_name
from ftworkbench.steps.jobs import summaries
from ftworkbench.workspace import workspace_at

_HEAD = ("job", "kind", "phase", "step", "verdict", "")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "named", nargs="?", type=Path, metavar="WORKSPACE", help="a workspace or a recipe in it (default: this folder)"
    )
    add_workspace(parser)
    add_json(parser, "them")


def run(args: argparse.Namespace) -> int:
    if args.named and args.workspace:
        raise InputError("name one workspace, as WORKSPACE or with --workspace, not both")
    workspace = workspace_at(args.named or args.workspace or Path())
    found = summaries(workspace)
    if args.json:
        emit({"jobs": found})
    elif not found:
        say("no jobs yet; `ftworkbench train RECIPE` starts one")
    else:
        for line in table(_HEAD, [_row(job) for job in found], right=[3]):
            tell(line)
    return EXIT_GOOD


def _row(job: dict[str, Any]) -> list[str]:
    why = job["why"] if job["phase"] in {"queued", "stopped", "failed"} else ""
    step = f"{job['step']}/{job['steps']}" if job["steps"] else ""
    verdict = f"{job['verdict']} (void)" if job["void"] else job["verdict"] or ""
    return [short_name(job["job"]), job["kind"], job["phase"], step, verdict, why]
