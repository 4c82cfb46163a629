"""The arguments that several commands take: the same words, the same help, the same meaning."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_recipe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", type=Path, metavar="RECIPE", help="a recipe, or a workspace with one recipe in it")


def add_job(parser: argparse.ArgumentParser, what: str) -> None:
    """JOB and the workspace to look for it in; `what` says in words which jobs will do."""
    parser.add_argument(
        "job", metavar="JOB",
        help=f"{what}: a name, its start or end, a path, or a recipe or workspace where it has one such job",
    )  # fmt: skip
    add_workspace(parser)


def add_workspace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workspace", type=Path, metavar="DIR", help="where to look: a workspace or a recipe (default: this folder)"
    )


def add_prompts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--prompts", action="store_true",
        help="compare the prompts of a recipe without a tuned model: JOB is the recipe, or a workspace with one",
    )  # fmt: skip


def add_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides",
        help="change the recipe for this run, as in train.learning_rate=1e-4; may be given more than once",
    )  # fmt: skip


def add_detach(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--detach", action="store_true", help="print the job's folder and leave; the job goes on")


def add_json(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--json", action="store_true", help=f"print {what} as one JSON object")
