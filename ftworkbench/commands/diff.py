"""`diff A [B]`: what differs between the recipes of two jobs, or of a job and the recipe as it is now."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ftworkbench.commands.arguments import add_json, add_workspace
from ftworkbench.commands.show import aligned, emit, say, tell
from ftworkbench.errors import EXIT_GOOD, InputError
from ftworkbench.steps.differences import (
    SPLIT,
    Difference,
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

_LONG = 40  # characters of a value that still stands beside the other


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
    for line in _lines(before, after, found):
        tell(line)
    if any(each.table == SPLIT for each in found):
        say("their rows are not the same ones, so their losses cannot be compared")
    return EXIT_GOOD


def _lines(before: Side, after: Side, found: Sequence[Difference]) -> list[str]:
    """Table by table, both values beside each other; those that are too long for that under each other."""
    rows = [["", before.name, after.name]]
    below: dict[int, Difference] = {}
    for table, differences in by_table(found):
        rows.append([f"[{table}]", "", ""])
        for each in differences:
            was, now = value_words(each.before), value_words(each.after)
            if max(len(was), len(now)) > _LONG or "\n" in was + now:
                below[len(rows)] = each
                was = now = ""
            rows.append([f"  {each.name}", was, now])
    lines = []
    for place, line in enumerate(aligned(rows)):
        lines.append(line)
        if place in below:
            lines += [f"    - {part}" for part in value_words(below[place].before).split("\n")]
            lines += [f"    + {part}" for part in value_words(below[place].after).split("\n")]
    return lines


def _side(text: str, workspace: Path | None) -> Side:
    path = Path(text)
    if path.suffix == ".toml" and path.is_file() and not (path.parent / "manifest.json").is_file():
        return side_of_recipe(open_recipe(path))
    return side_of_job(named_job(str(path.parent) if path.name == "recipe.toml" else text, workspace))


def _recipe_now(text: str, workspace: Path | None) -> Side:
    if Path(text).suffix == ".toml" and Path(text).is_file():
        raise InputError(f"{text}: is a recipe; name the job to compare it with as well")
    return side_of_recipe_of(named_job(text, workspace))
