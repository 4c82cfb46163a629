"""`train RECIPE`: trains, prints how it goes."""

from __future__ import annotations

import argparse

from ftworkbench.commands import hints
from ftworkbench.commands.arguments import add_detach, add_json, add_recipe, add_set
from ftworkbench.commands.launched import leave_or_follow
from ftworkbench.commands.opening import add_offline, add_trust_code, open_asked_recipe
from ftworkbench.commands.show import say
from ftworkbench.commands.watch import watch_job
from ftworkbench.errors import EXIT_NO
from ftworkbench.jobs.state import phase
from ftworkbench.steps.baseline import find_baseline
from ftworkbench.steps.evaluate import start_evaluation
from ftworkbench.steps.fit import room_warning
from ftworkbench.steps.recipe import Opened
from ftworkbench.steps.train import start_training


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_recipe(parser)
    add_set(parser)
    add_offline(parser)
    add_trust_code(parser)
    parser.add_argument("--baseline", action="store_true", help="measure the prompted baseline first, if nobody has")
    add_detach(parser)
    add_json(parser, "the result")


def run(args: argparse.Namespace) -> int:
    opened = open_asked_recipe(args)
    if find_baseline(opened).job is None and not _baseline(opened, measure=args.baseline):
        return EXIT_NO
    if warning := room_warning(opened):
        say(f"warning: {warning}")
    return leave_or_follow(start_training(opened), "training", detach=args.detach, as_json=args.json)


def _baseline(opened: Opened, *, measure: bool) -> bool:
    """Measures the baseline first, or says that nobody has; False where measuring it failed."""
    if not measure:
        say(
            "warning: no baseline was measured for this split and prompt, so nothing can be said to be better; "
            f"`{hints.evaluate(opened.path, overrides=opened.overrides)}` measures it (or train with --baseline)"
        )
        return True
    job = start_evaluation(opened, None)
    say(f"measuring the prompted baseline first, as {job.short}")
    watch_job(job)
    return phase(job) == "done"
