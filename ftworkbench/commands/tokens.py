"""`tokens RECIPE --row N`: exactly what is trained on."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from ftworkbench.commands.arguments import add_json, add_recipe, add_set
from ftworkbench.commands.show import emit, say, tell
from ftworkbench.errors import EXIT_GOOD
from ftworkbench.printable import one_line
from ftworkbench.steps.recipe import open_recipe
from ftworkbench.steps.session import example_of_row, tokens_of

# Reverse, dim, red and underlined, as a terminal knows them; only where stdout is one.
_STYLES = {"trained": "\x1b[1m", "masked": "\x1b[2m", "cut": "\x1b[31;4m"}
_PLAIN = "\x1b[0m"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_recipe(parser)
    add_set(parser)
    parser.add_argument(
        "--row", type=int, required=True, metavar="N", help="the row of the training file, by its line, from 1"
    )
    add_json(parser, "the tokens")


def run(args: argparse.Namespace) -> int:
    opened = open_recipe(args.recipe, args.overrides)
    example = example_of_row(opened, args.row)
    say("starting the tokenizer")
    found = tokens_of(opened, args.row, example)
    if args.json:
        emit(found)
        return EXIT_GOOD
    for line in token_lines(found["tokens"], coloured=sys.stdout.isatty()):
        print(line)
    counts = {state: sum(1 for token in found["tokens"] if token["state"] == state) for state in _STYLES}
    tell(f"row {args.row}: " + ", ".join(f"{count} {state}" for state, count in counts.items()))
    untrained = sum(message.get("weight", 1) == 0 for message in example.messages)
    if untrained:
        tell(f"{untrained} of its turns have weight 0: they are masked")
    tell("the stop token is trained" if found["stop_trained"] else "the stop token is NOT trained: it would never stop")
    return EXIT_GOOD


def token_lines(tokens: list[dict[str, Any]], *, coloured: bool) -> list[str]:
    """The tokens a line each: id, state, text. The state is a word; colour only repeats it."""
    lines = []
    for token in tokens:
        text = one_line(token["special"] or token["text"])
        line = f"{token['id']:>7}  {token['state']:<8} {text}"
        lines.append(f"{_STYLES[token['state']]}{line}{_PLAIN}" if coloured else line)
    return lines
