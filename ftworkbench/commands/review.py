"""`review export FILE --out OUT`: the rows as decided."""

from __future__ import annotations

import argparse
from pathlib import Path

from ftworkbench.commands.arguments import add_json
from ftworkbench.commands.show import emit, tell
from ftworkbench.errors import EXIT_GOOD
from ftworkbench.steps.review import export_reviewed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="export")
    export = verbs.add_parser("export", help="write accepted, edited and undecided rows, minus the rejected ones")
    export.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="a recipe or workspace (its training file, its ledger), or a data file with the ledger beside it",
    )
    export.add_argument("--out", type=Path, required=True, metavar="OUT", help="the file to write; must not be there")
    export.add_argument("--accepted-only", action="store_true", help="leave out the rows that nobody has accepted")
    add_json(export, "the counts")


def run(args: argparse.Namespace) -> int:
    counts = export_reviewed(args.file, args.out, accepted_only=args.accepted_only)
    if args.json:
        emit({"path": str(args.out), **counts})
    else:
        fates = ", ".join(f"{count} {fate}" for fate, count in counts.items() if fate != "written" and count)
        tell(f"{args.out}: {counts['written']} rows written ({fates})")
    return EXIT_GOOD
