"""`--offline`: nothing of a command, nor of the job that it launches, asks the hub."""

from __future__ import annotations

import argparse
import os

from ftworkbench.steps.recipe import Opened, open_recipe


def add_offline(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--offline", action="store_true", help="never ask the hub: model and data have to be on this machine"
    )


def go_offline() -> None:
    """Has the hub's libraries ask nobody, here and in what is started from here; they read it once, at their import."""
    os.environ["HF_HUB_OFFLINE"] = "1"


def open_asked_recipe(args: argparse.Namespace) -> Opened:
    """The recipe that a command names, with its overrides; offline where the command or the recipe says so.

    Raises as `open_recipe`.
    """
    overrides = [*args.overrides, *(["launch.offline=true"] if args.offline else [])]
    opened = open_recipe(args.recipe, overrides)
    if opened.recipe.launch.offline:
        go_offline()
    return opened
