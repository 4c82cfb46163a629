"""`diff A [B]`: what differs between the recipes of two jobs, or of a job and the recipe as it is now."""

from __future__ import annotations

import argparse
from pathlib import Path

from ftworkbench.commands.arguments import add_json, add_workspace
from ftworkbench.commands.show import aligned, emit, say, tell
from ftworkbench.errors import EXIT_GOOD, InputError
from ftworkbench.steps.differences import (
    SPLIT,
    Side,
    all_differences,
    by_table,
    side_of_job,
    side_of_recipe,
    side_of_recipe_of,
    value_words,
)
from ftworkbench.steps.jobs import named_job
from ftworkbench.steps.recipe import open_recipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", metavar="A", help="a job, or a recipe (*.toml) as it is now")
    parser.add_argument("after", nargs="?", metavar="B", help="the same (default: the recipe of job A as it is now)")
    add_workspace(parser)
    add_json(parser, "the options that differ")


def run(args: argparse.Namespace) -> int:
    before = _side(args.before, args.workspace)
    after = _side(args.after, args.workspace) if args.after else _recipe_now(args.before, args.workspace)
    found = all_differences(before, after)
    if args.json:
        emit(
            {
                "before": before.name,
                "after": after.name,
                "same_split": before.split == after.split if before.split and after.split else None,
                "differences": [each.as_json() for each in found],
            }
        )
        return EXIT_GOOD
    if not found:
        say(f"{before.name} and {after.name}: the same options, rows and versions")
        return EXIT_GOOD
    rows = [["", before.name, after.name]]
    for table, differences in by_table(found):
        rows.append([f"[{table}]", "", ""])
        rows += [[f"  {each.name}", value_words(each.before), value_words(each.after)] for each in differences]
    for line in aligned(rows):
        tell(line)
    if any(each.table == SPLIT for each in found):
        say("their rows are not the same ones, so their losses cannot be compared")
    return EXIT_GOOD


def _side(text: str, workspace: Path | None) -> Side:
    path = Path(text)
    if path.suffix == ".toml" and path.is_file() and not (path.parent / "manifest.json").is_file():
        return side_of_recipe(open_recipe(path))
    return side_of_job(named_job(str(path.parent) if path.name == "recipe.toml" else text, workspace))


def _recipe_now(text: str, workspace: Path | None) -> Side:
    if Path(text).suffix == ".toml" and Path(text).is_file():
        raise InputError(f"{text}: is a recipe; name the job to compare it with as well")
    return side_of_recipe_of(named_job(text, workspace))
