"""`init DIR --data FILE --model ID`: a workspace with a recipe that is ready to run."""

from __future__ import annotations

import argparse
from pathlib import Path

from ftworkbench.commands.show import emit, tell
from ftworkbench.errors import EXIT_GOOD
from ftworkbench.steps.init import make_workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dir", type=Path, metavar="DIR", help="the folder of the workspace; made if it is not there")
    parser.add_argument("--data", type=Path, required=True, metavar="FILE", help="the examples; never written to")
    parser.add_argument(
        "--test", type=Path, metavar="FILE", help="held-out examples, where they are a file of their own"
    )
    parser.add_argument("--model", required=True, metavar="ID", help="a hub id, a folder, or `pocket`")
    parser.add_argument("--name", metavar="NAME", help="the recipe's name (default: the folder's)")
    parser.add_argument("--system", metavar="TEXT", help="the system prompt of baseline and tuned")
    parser.add_argument("--prompt-column", metavar="NAME", help="the column with the prompt, where rows are no chats")
    parser.add_argument("--answer-column", metavar="NAME", help="the column with the answer")
    parser.add_argument("--json", action="store_true", help="print what was made as one JSON object")


def run(args: argparse.Namespace) -> int:
    made = make_workspace(
        args.dir,
        args.data,
        args.model,
        test=args.test,
        name=args.name,
        system=args.system,
        prompt_column=args.prompt_column,
        answer_column=args.answer_column,
    )
    if args.json:
        emit(
            {
                "workspace": str(made.recipe.parent),
                "recipe": str(made.recipe),
                "format": made.format,
                "rows": made.rows,
            }
        )
        return EXIT_GOOD
    tell(f"{made.recipe}: {made.rows} rows, {made.format}")
    tell("next:")
    tell(f"  ftworkbench {made.recipe.parent}            opens the workbench on it")
    tell(f"  ftworkbench evaluate {made.recipe}   measures the prompted baseline")
    tell(f"  ftworkbench train {made.recipe}      trains")
    return EXIT_GOOD
