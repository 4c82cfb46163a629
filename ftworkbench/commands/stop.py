"""`stop JOB`: asks a job to finish its step, save and leave."""

from __future__ import annotations

import argparse
from pathlib import Path

from ftworkbench.commands.show import emit, tell
from ftworkbench.errors import EXIT_GOOD, EXIT_NO
from ftworkbench.jobs.folder import list_jobs
from ftworkbench.jobs.follow import follow
from ftworkbench.jobs.launch import stop
from ftworkbench.jobs.state import phase
from ftworkbench.steps.jobs import named_job, summary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", help="a path, a name, or the unique end of a name")
    parser.add_argument("--workspace", type=Path, metavar="DIR", help="the workspace of JOB (default: this folder)")
    parser.add_argument("--now", action="store_true", help="end it now (SIGTERM, then SIGKILL), saved or not")
    parser.add_argument("--no-wait", action="store_true", help="leave as soon as it was asked to stop")
    parser.add_argument("--json", action="store_true", help="print the job's entry of `jobs --json`")


def run(args: argparse.Namespace) -> int:
    workspace, job = named_job(args.job, args.workspace)
    stop(job, now=args.now)
    if not args.no_wait:
        for _ in follow(job):
            pass
    ended = phase(job)
    if args.json:
        emit(summary(job, list_jobs(workspace)))
    else:
        tell(f"{job.name}  {'was asked to stop' if args.no_wait else ended}")
    return EXIT_GOOD if args.no_wait or ended in {"stopped", "done"} else EXIT_NO
