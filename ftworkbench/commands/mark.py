"""`mark JOB`: a star and a note, kept with the job."""

from __future__ import annotations

import argparse

from ftworkbench.commands.arguments import add_job, add_json
from ftworkbench.commands.show import emit, tell
from ftworkbench.errors import EXIT_GOOD
from ftworkbench.jobs.folder import list_jobs
from ftworkbench.jobs.marks import change_marks, read_marks
from ftworkbench.steps.jobs import named_job, summary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_job(parser, "the job to mark")
    parser.add_argument("--star", action=argparse.BooleanOptionalAction, help="give it a star, or take it away")
    parser.add_argument("--note", metavar="TEXT", help='a line about it; "" takes it away')
    add_json(parser, "the job's entry of `jobs --json`")


def run(args: argparse.Namespace) -> int:
    job = named_job(args.job, args.workspace)
    nothing = args.star is None and args.note is None
    marks = read_marks(job) if nothing else change_marks(job, star=args.star, note=args.note)
    if args.json:
        emit(summary(job, list_jobs(job.workspace)))
    else:
        tell(f"{job.short}  {'★ ' if marks.star else ''}{marks.note or ('' if marks.star else 'no marks')}".rstrip())
    return EXIT_GOOD
