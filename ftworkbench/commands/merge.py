"""`merge JOB --out DIR`: a merged model, proved to be the one that was measured."""

from __future__ import annotations

import argparse
from pathlib import Path

from ftworkbench.commands.arguments import add_job, add_json
from ftworkbench.commands.opening import add_offline, go_offline
from ftworkbench.commands.results import report
from ftworkbench.commands.show import say
from ftworkbench.commands.watch import watch_job
from ftworkbench.steps.jobs import TRAINED, named_job
from ftworkbench.steps.merge import start_merge


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_job(parser, "the training job")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write; new or empty")
    add_offline(parser)
    add_json(parser, "the result")


def run(args: argparse.Namespace) -> int:
    if args.offline:
        go_offline()
    train_job = named_job(args.job, args.workspace, TRAINED)
    job = start_merge(train_job.workspace, train_job, args.out)
    say(f"merging {train_job.short} as {job.short}")
    watch_job(job)
    return report(job, as_json=args.json)
