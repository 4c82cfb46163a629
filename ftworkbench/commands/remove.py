"""`remove JOB...`: moves jobs into the bin, from where `restore` brings them back."""

from __future__ import annotations

import argparse

from ftworkbench.commands import hints
from ftworkbench.commands.arguments import add_json, add_workspace
from ftworkbench.commands.show import emit, say, tell
from ftworkbench.errors import EXIT_GOOD
from ftworkbench.figures import size
from ftworkbench.jobs.bin import remove
from ftworkbench.jobs.disk import bytes_of
from ftworkbench.jobs.folder import list_jobs
from ftworkbench.steps.jobs import named_job
from ftworkbench.steps.removal import consequences


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "jobs", nargs="+", metavar="JOB", help="a job that has ended: a name, its start or end, or a path"
    )
    add_workspace(parser)
    add_json(parser, "their names")


def run(args: argparse.Namespace) -> int:
    jobs = list(dict.fromkeys(named_job(text, args.workspace) for text in args.jobs))
    for job in jobs:
        for line in consequences(job, list_jobs(job.workspace)):
            say(f"{job.short}: {line}")
        gone = remove(job)
        if not args.json:
            tell(f"{job.short}  removed; {size(bytes_of(gone.path))} in the bin")
    if args.json:
        emit({"removed": [job.name for job in jobs]})
    else:
        say(f"`{hints.of_job('restore', jobs[-1])}` brings it back; `bin --empty` frees the room")
    return EXIT_GOOD
