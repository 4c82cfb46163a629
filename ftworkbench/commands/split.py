"""`split RECIPE`: freezes train, validation and test."""

from __future__ import annotations

import argparse

from ftworkbench.commands.arguments import add_json, add_recipe, add_set
from ftworkbench.commands.show import emit, tell
from ftworkbench.data.splits import freeze
from ftworkbench.errors import EXIT_GOOD
from ftworkbench.steps.recipe import open_recipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_recipe(parser)
    add_set(parser)
    parser.add_argument(
        "--again", action="store_true", help="replace a frozen split; verdicts on the old one stay with it"
    )
    add_json(parser, "the split")


def run(args: argparse.Namespace) -> int:
    opened = open_recipe(args.recipe, args.overrides)
    split = freeze(opened.workspace, opened.recipe.name, opened.recipe.data, again=args.again)
    if args.json:
        emit(
            {
                "path": str(split.path),
                "sha256": split.sha256,
                "test_sha256": split.test_sha256,
                **split.counts,
            }
        )
    else:
        parts = ", ".join(f"{part} {count}" for part, count in split.counts.items())
        tell(f"{split.path}: {parts}; sha256 {split.sha256[:12]}")
    return EXIT_GOOD
