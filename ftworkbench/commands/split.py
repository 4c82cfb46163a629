"""`split RECIPE`: freezes train, validation and test."""

from __future__ import annotations

import argparse

from ftworkbench.commands.arguments import add_json, add_recipe, add_set
from ftworkbench.commands.show import emit, tell
from ftworkbench.data.splits.split import freeze
from ftworkbench.errors import EXIT_GOOD, InputError
from ftworkbench.jobs.find import names_of
from ftworkbench.steps.recipe import open_recipe
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
        if void:
            tell(f"void now: {'the verdict' if len(void) == 1 else 'the verdicts'} of {names_of(void)}; measure again")
    return EXIT_GOOD
