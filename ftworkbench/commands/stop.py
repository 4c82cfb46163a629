"""`stop JOB`: asks a job to finish its step, save and leave."""

from __future__ import annotations

import argparse

from ftworkbench.commands.arguments import add_job, add_json
from ftworkbench.commands.show import emit, tell
from ftworkbench.errors import EXIT_GOOD, EXIT_NO
from ftworkbench.jobs.folder import list_jobs
from ftworkbench.jobs.follow import follow
from ftworkbench.jobs.launch import stop
from ftworkbench.jobs.state import phase
from ftworkbench.steps.jobs import ALIVE_ONE, named_job, summary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_job(parser, "the job to stop")
    parser.add_argument("--now", action="store_true", help="end it now (SIGTERM, then SIGKILL), saved or not")
    parser.add_argument("--no-wait", action="store_true", help="leave as soon as it was asked to stop")
    add_json(parser, "the job's entry of `jobs --json`")


def run(args: argparse.Namespace) -> int:
    job = named_job(args.job, args.workspace, ALIVE_ONE)
    stop(job, now=args.now)
    if not args.no_wait:
        for _ in follow(job):
            pass
    ended = phase(job)
    if args.json:
        emit(summary(job, list_jobs(job.workspace)))
    else:
        tell(f"{job.short}  {'was asked to stop' if args.no_wait else ended}")
    return EXIT_GOOD if args.no_wait or ended in {"stopped", "done"} else EXIT_NO
