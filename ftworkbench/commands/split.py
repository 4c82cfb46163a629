"""`split RECIPE`: freezes train, validation and test."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from ftworkbench.commands import hints
from ftworkbench.commands.arguments import add_json, add_recipe, add_set
from ftworkbench.commands.show import emit, tell
from ftworkbench.data.splits.split import find_split, freeze
from ftworkbench.errors import EXIT_GOOD, InputError
from ftworkbench.evaluate.power import fewest_rows
from ftworkbench.jobs.find import names_of
from ftworkbench.steps.recipe import Opened, open_recipe
from ftworkbench.steps.splits import freeze_again


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_recipe(parser)
    add_set(parser)
    parser.add_argument("--again", action="store_true", help="replace a frozen split, where no verdict depends on it")
    parser.add_argument(
        "--void", action="store_true", help="with --again: replace it all the same; the verdicts on it are void then"
    )
    add_json(parser, "the split")


def run(args: argparse.Namespace) -> int:
    if args.void and not args.again:
        raise InputError("--void goes with --again: it says that the verdicts on the replaced split may be void")
    opened = open_recipe(args.recipe, args.overrides)
    frozen = not args.again and find_split(opened.workspace, opened.recipe.name, opened.recipe.data) is not None
    if args.again:
        split, void = freeze_again(opened, void=args.void)
    else:
        split, void = freeze(opened.workspace, opened.recipe.name, opened.recipe.data), []
    if args.json:
        emit(
            {
                "path": str(split.path),
                "sha256": split.sha256,
                "test_sha256": split.test_sha256,
                **split.counts,
                "void": [job.name for job in void],
            }
        )
    else:
        parts = ", ".join(f"{part} {count}" for part, count in split.counts.items())
        tell(f"{split.path}: {parts}; sha256 {split.sha256[:12]}")
        tell("frozen already, and kept" if frozen else "frozen now: every measure from here on is of these rows")
        if void:
            tell(f"void now: {'the verdict' if len(void) == 1 else 'the verdicts'} of {names_of(void)}; measure again")
        for line in [*_too_few(opened, split.counts), *hints.next_lines(hints.measure_and_train(opened))]:
            tell(line)
    return EXIT_GOOD


def _too_few(opened: Opened, counts: Mapping[str, int]) -> list[str]:
    """Where test or validation have too few rows to do what they are for."""
    evaluate = opened.recipe.evaluate
    fewest, test = fewest_rows(evaluate.min_effect, evaluate.alpha), counts["test"]
    lines = []
    if test < fewest:
        gain = f"a gain of {100 * evaluate.min_effect:g} points (evaluate.min_effect)"
        lines.append(
            f"too few to be sure: below {fewest:,} test rows {gain} cannot be told from luck; this has {test:,}"
        )
    if not counts["validation"]:
        lines.append("no row validates: there is no validation loss, and the cheapest contestant stands for prompting")
    return lines
