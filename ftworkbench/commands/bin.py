"""`bin [WORKSPACE]`: the jobs that were removed, and the room that they still take; empties it."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from ftworkbench.commands.arguments import add_json
from ftworkbench.commands.show import emit, say, table, tell
from ftworkbench.errors import EXIT_GOOD
from ftworkbench.figures import count, duration, size
from ftworkbench.jobs.bin import binned, empty
from ftworkbench.jobs.names import short_name
from ftworkbench.steps.removal import bin_entries
from ftworkbench.workspace import workspace_at

_HEAD = ("job", "kind", "size", "removed")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "workspace", nargs="?", type=Path, metavar="WORKSPACE", help="a workspace or a recipe in it (default: here)"
    )
    parser.add_argument("--empty", action="store_true", help="delete them for good; nothing else ever does")
    add_json(parser, "them")


def run(args: argparse.Namespace) -> int:
    workspace = workspace_at(args.workspace or Path())
    entries = bin_entries(workspace)
    held = size(sum(entry["bytes"] for entry in entries))
    if args.empty:
        empty(workspace, [gone.job for gone in binned(workspace)])
    if args.json:
        emit({"jobs": entries, "bytes": sum(entry["bytes"] for entry in entries), "emptied": args.empty})
    elif not entries:
        say("the bin is empty")
    elif args.empty:
        tell(f"{count(len(entries), 'job')} deleted for good, {held} freed")
    else:
        rows = [
            [
                short_name(each["job"]),
                each["kind"],
                size(each["bytes"]),
                f"{duration(time.time() - each['removed'])} ago",
            ]
            for each in entries
        ]
        for line in table(_HEAD, rows, right=[2]):
            tell(line)
        say(f"{held}; `restore JOB` brings one back, `bin --empty` deletes them for good")
    return EXIT_GOOD
