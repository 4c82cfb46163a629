"""Opening the recipe of a command: offline where that is asked for, with the model's code confirmed."""

from __future__ import annotations

import argparse
import os

from ftworkbench.steps.code import confirm_code
from ftworkbench.steps.recipe import Opened, open_recipe


def add_offline(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--offline", action="store_true", help="never ask the hub: model and data have to be on this machine"
    )


def go_offline() -> None:
    """Has the hub's libraries ask nobody, here and in what is started from here; they read it once, at their import."""
    os.environ["HF_HUB_OFFLINE"] = "1"


def add_trust_code(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--trust-code", metavar="HASH", help="confirm the code that comes with the model, by the hash that was shown"
    )


def open_asked_recipe(args: argparse.Namespace) -> Opened:
    """The recipe that a command names, with its overrides; offline where the command or the recipe says so.

    Where --trust-code confirms the model's code, its hash is written into the recipe. Raises as `open_recipe`, and
    InputError where the code is another one.
    """
    overrides = [*args.overrides, *(["launch.offline=true"] if args.offline else [])]
    opened = open_recipe(args.recipe, overrides)
    if opened.recipe.launch.offline:
        go_offline()
    if args.trust_code is None:
        return opened
    confirm_code(opened, args.trust_code)
    return open_recipe(args.recipe, overrides)
