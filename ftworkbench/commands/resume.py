"""`resume JOB`: goes on from the last good checkpoint."""

from __future__ import annotations

import argparse
from pathlib import Path

from ftworkbench.commands.show import emit, say, tell
from ftworkbench.commands.train import report_training
from ftworkbench.commands.watch import watch_job
from ftworkbench.errors import EXIT_GOOD
from ftworkbench.steps.jobs import named_job
from ftworkbench.steps.train import resume_training, train_result


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", help="a path, a name, or the unique end of a name")
    parser.add_argument("--workspace", type=Path, metavar="DIR", help="the workspace of JOB (default: this folder)")
    parser.add_argument("--detach", action="store_true", help="print the job's folder and leave; the job goes on")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")


def run(args: argparse.Namespace) -> int:
    _, job = named_job(args.job, args.workspace)
    job = resume_training(job)
    if args.detach:
        if args.json:
            emit(train_result(job))
        else:
            tell(str(job.path))
        return EXIT_GOOD
    say(f"resuming {job.name}")
    watch_job(job)
    return report_training(job, as_json=args.json)
