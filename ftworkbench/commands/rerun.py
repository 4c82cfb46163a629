"""`rerun JOB`: a job's recipe again, as a new job."""

from __future__ import annotations

import argparse

from ftworkbench.commands.arguments import add_detach, add_job, add_json
from ftworkbench.commands.launched import leave_or_follow
from ftworkbench.commands.show import say
from ftworkbench.steps.jobs import Wanted, named_job
from ftworkbench.steps.rerun import run_again

_TRAINING = Wanted("training job", lambda job: job.kind == "train", "train")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_job(parser, "the training job whose recipe is run again, as that job has it")
    add_detach(parser)
    add_json(parser, "the result")


def run(args: argparse.Namespace) -> int:
    again = run_again(named_job(args.job, args.workspace, _TRAINING))
    for note in again.notes:
        say(f"warning: {note}")
    return leave_or_follow(again.job, "training", detach=args.detach, as_json=args.json)
