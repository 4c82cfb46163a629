"""`split RECIPE`: freezes train, validation and test."""

from __future__ import annotations

import argparse
from pathlib import Path

from ftworkbench.commands.show import emit, tell
from ftworkbench.data.splits import freeze
from ftworkbench.errors import EXIT_GOOD
from ftworkbench.steps.recipe import open_recipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", type=Path, metavar="RECIPE", help="a recipe, or a workspace with one recipe in it")
    parser.add_argument(
        "--again", action="store_true", help="replace a frozen split; verdicts on the old one stay with it"
    )
    parser.add_argument("--json", action="store_true", help="print the split as one JSON object")


def run(args: argparse.Namespace) -> int:
    opened = open_recipe(args.recipe)
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
