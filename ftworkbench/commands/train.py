"""`train RECIPE`: trains, prints how it goes."""

from __future__ import annotations

import argparse
from pathlib import Path

from ftworkbench.commands.show import duration, emit, say, tell
from ftworkbench.commands.watch import watch_job
from ftworkbench.errors import EXIT_GOOD, EXIT_NO
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import phase
from ftworkbench.steps.baseline import find_baseline
from ftworkbench.steps.evaluate import start_evaluation
from ftworkbench.steps.recipe import open_recipe
from ftworkbench.steps.train import NO_BASELINE, start_training, train_result


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", type=Path, metavar="RECIPE", help="a recipe, or a workspace with one recipe in it")
    add_set_argument(parser)
    parser.add_argument("--baseline", action="store_true", help="measure the prompted baseline first, if nobody has")
    parser.add_argument("--detach", action="store_true", help="print the job's folder and leave; the job goes on")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")


def add_set_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides",
        help="change the recipe for this run, as in train.learning_rate=1e-4; may be given more than once",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    opened = open_recipe(args.recipe, args.overrides)
    if find_baseline(opened).job is None:
        if args.baseline:
            say("measuring the prompted baseline first")
            watch_job(start_evaluation(opened, None))
        else:
            say(f"warning: {NO_BASELINE} (or train with --baseline)")
    job = start_training(opened)
    if args.detach:
        if args.json:
            emit(train_result(job))
        else:
            tell(str(job.path))
        return EXIT_GOOD
    say(f"training {job.name}; it goes on if this terminal closes")
    watch_job(job)
    return report_training(job, as_json=args.json)


def report_training(job: Job, *, as_json: bool) -> int:
    """Prints how a training job ended, and gives the exit code."""
    found = train_result(job)
    if as_json:
        emit(found)
    else:
        tell(f"{job.name}  {found['phase']}")
        if found["train_loss"] is not None:
            loss = found["eval_loss"]
            tell(
                f"  {found['steps']} steps in {duration(found['seconds'])}, loss {found['train_loss']:.3f}"
                + (f", validation loss {loss:.3f}" if loss is not None else "")
                + f", {found['tokens_per_second'] or 0:,.0f} tokens/s, peak {found['peak_gib'] or 0:.1f} GiB"
            )
            tell(f"  next: ftworkbench evaluate {job.workspace.root} --job {job.name}")
    return EXIT_GOOD if phase(job) == "done" else EXIT_NO
