"""`resume JOB`: goes on from the last good checkpoint."""

from __future__ import annotations

import argparse

from ftworkbench.commands.arguments import add_detach, add_job, add_json
from ftworkbench.commands.launched import leave_or_follow
from ftworkbench.steps.jobs import ENDED_EARLY, named_job
from ftworkbench.steps.train import resume_training


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_job(parser, "the job to go on with")
    add_detach(parser)
    add_json(parser, "the result")


def run(args: argparse.Namespace) -> int:
    job = resume_training(named_job(args.job, args.workspace, ENDED_EARLY))
    return leave_or_follow(job, "resuming", detach=args.detach, as_json=args.json)
