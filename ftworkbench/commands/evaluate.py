"""`evaluate RECIPE [--job JOB]`: the prompted baseline alone, or baseline against tuned, and the verdict."""

from __future__ import annotations

import argparse

from ftworkbench.commands import hints
from ftworkbench.commands.arguments import add_json, add_recipe, add_set
from ftworkbench.commands.opening import add_offline, add_trust_code, open_asked_recipe
from ftworkbench.commands.results import report
from ftworkbench.commands.show import say, tell
from ftworkbench.commands.watch import watch_job
from ftworkbench.jobs.state import phase
from ftworkbench.steps.evaluate import measurable_jobs, start_evaluation
from ftworkbench.steps.jobs import TRAINED, named_job


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_recipe(parser)
    parser.add_argument("--job", metavar="JOB", help="the training job to measure: a name, its start or end, or a path")
    parser.add_argument("--no-baseline", action="store_true", help="measure the tuned model alone; no verdict then")
    add_set(parser)
    add_offline(parser)
    add_trust_code(parser)
    add_json(parser, "the result")


def run(args: argparse.Namespace) -> int:
    opened = open_asked_recipe(args)
    train_job = named_job(args.job, opened.workspace.root, TRAINED) if args.job else None
    job = start_evaluation(opened, train_job, skip_baseline=args.no_baseline)
    say(f"measuring {'baseline and ' + train_job.short if train_job else 'the prompted baseline'} as {job.short}")
    watch_job(job)
    code = report(job, as_json=args.json)
    if not args.json and train_job is None and phase(job) == "done" and (trained := measurable_jobs(opened)):
        tell(f"next: {hints.evaluate(opened.path, trained[-1], opened.overrides)}")
    return code
