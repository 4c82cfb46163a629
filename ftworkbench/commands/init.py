"""`init DIR --data FILE --model ID`: a workspace with a recipe that is ready to run."""

from __future__ import annotations

import argparse
from pathlib import Path

from ftworkbench.commands import hints
from ftworkbench.commands.arguments import add_json
from ftworkbench.commands.show import emit, tell
from ftworkbench.data.formats.format import RAW_TEXT
from ftworkbench.errors import EXIT_GOOD, InputError
from ftworkbench.steps.init import make_workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dir", type=Path, metavar="DIR", help="the folder of the workspace; made if it is not there")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="FILE", help="the examples, never written to; or hf:ORG/NAME"
    )
    parser.add_argument(
        "--test", type=Path, metavar="FILE", help="held-out examples, where they are a file of their own"
    )
    parser.add_argument("--model", required=True, metavar="ID", help="a hub id, a folder, or `pocket`")
    parser.add_argument("--name", metavar="NAME", help="the recipe's name (default: the folder's)")
    parser.add_argument("--system", metavar="TEXT", help="the system prompt of baseline and tuned")
    parser.add_argument("--prompt-column", metavar="NAME", help="the column with the prompt, where rows are no chats")
    parser.add_argument("--answer-column", metavar="NAME", help="the column with the answer")
    add_json(parser, "what was made")


def run(args: argparse.Namespace) -> int:
    _require_both_columns(args.prompt_column, args.answer_column)
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
                "refused": made.refused,
            }
        )
        return EXIT_GOOD
    tell(f"{made.recipe}: {made.rows} rows, {made.format}")
    name = hints.recipe_name(made.recipe)
    if made.refused:
        rows = "1 row is" if made.refused == 1 else f"{made.refused:,} rows are"
        among = "" if made.read == made.rows else f" (of the first {made.read:,})"
        tell(f"{rows} refused{among} and will not be used; `{hints.command('check', name)}` lists them")
    steps = [
        [hints.command("check", name), "lists every row that something is wrong with"],
        [hints.command(hints.place(made.recipe.parent)), "opens the workbench: review the rows"],
        *([] if made.format == RAW_TEXT else [[hints.command("evaluate", name), "measures the prompted baseline"]]),
        [hints.command("train", name), "trains"],
    ]
    for line in hints.next_lines(steps):
        tell(line)
    return EXIT_GOOD


def _require_both_columns(prompt: str | None, answer: str | None) -> None:
    if (prompt is None) != (answer is None):
        given, other = ("--prompt-column", "--answer-column") if prompt else ("--answer-column", "--prompt-column")
        raise InputError(f"{given} needs {other} beside it: the prompt's column and the answer's")
    if prompt is not None and prompt == answer:
        raise InputError(f"--answer-column is {answer}, and so is --prompt-column; name two columns")
