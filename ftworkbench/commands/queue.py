"""`queue [up|down|first|drop JOB]`: who has each device and who waits for it, in order; and changing that."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from ftworkbench.commands.arguments import add_json
from ftworkbench.commands.show import emit, say, table, tell
from ftworkbench.errors import EXIT_GOOD, InputError
from ftworkbench.figures import UNKNOWN, duration
from ftworkbench.steps.queue import ACTS, Place, places, waited, waiting_job

_HEAD = ("device", "", "job", "kind", "phase", "since", "workspace", "")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "act", nargs="?", choices=list(ACTS),
        help="move a waiting job: one place up or down, to be the first; or drop it (it stops, and can be resumed)",
    )  # fmt: skip
    parser.add_argument(
        "job", nargs="?", metavar="JOB", help="a job that waits, of any workspace: a name, its start or end, or a path"
    )
    add_json(parser, "the queues, as they are then,")


def run(args: argparse.Namespace) -> int:
    if args.act and not args.job:
        raise InputError(f"queue {args.act}: name the job that waits")
    if args.act:
        asked = waiting_job(args.job)
        ACTS[args.act](asked)
    found = places()
    if (
        args.act
        and args.act != "drop"
        and asked.job
        and (asked.place, asked.job) in [(it.place, it.job) for it in found]
    ):
        say(f"{asked.job.short} stays where it is: it is the {'last' if args.act == 'down' else 'first'} that waits")
    if args.json:
        emit({"places": [place.as_json() for place in found]})
    elif not found:
        say("no job has a device, and none waits")
    else:
        for line in table(_HEAD, [_row(place) for place in found], right=[1]):
            tell(line)
    return EXIT_GOOD


def _row(place: Place) -> list[str]:
    since = waited(place, time.time())
    root = place.job.workspace.root if place.job else Path()
    return [
        place.device,
        str(place.place) if place.waits else "●",
        place.job.short if place.job else UNKNOWN,
        place.kind,
        place.phase,
        "" if since is None else duration(since),
        str(root) if place.job else "",
        "" if place.waits else place.why,
    ]
