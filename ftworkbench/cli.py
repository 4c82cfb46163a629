"""The command line: finds the command, imports it, runs it, and turns what goes wrong into a line and an exit code."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from ftworkbench import __version__
from ftworkbench.errors import EXIT_BAD_INPUT, EXIT_INTERRUPTED, RecipeError, WorkbenchError
from ftworkbench.printable import printable

# In the order in which a person needs them. Each is a module of `ftworkbench.commands`.
COMMANDS = {
    "demo": "the whole pipeline on the embedded model and data",
    "init": "make a workspace with a recipe that is ready to run",
    "check": "every row's fate, and what the data rules say",
    "review": "export the rows as decided: accepted, edited, minus rejected",
    "split": "freeze train, validation and test",
    "tokens": "exactly what is trained on: each token masked, trained or cut",
    "fit": "memory and time on this card or a named one",
    "train": "train the recipe's adapter",
    "jobs": "what runs and ran",
    "watch": "follow a job",
    "stop": "stop a job",
    "resume": "go on from the last good checkpoint",
    "queue": "who has each device, and who waits for it; reorder and drop",
    "diff": "what differs between the recipes of two jobs",
    "rerun": "a job's recipe again, as a new job",
    "mark": "a star and a note for a job",
    "remove": "move jobs into the bin",
    "restore": "bring removed jobs back",
    "bin": "the removed jobs, and the room that they take; empty it",
    "evaluate": "measure the baseline, or baseline against tuned; the verdict",
    "flips": "the test rows that tuning won and lost, with both answers; kinds of error; the training rows near one",
    "report": "what an evaluation found, as Markdown and one HTML file",
    "compare": "both answers to one prompt, side by side",
    "vote": "which of two answers is better, prompt by prompt, without knowing whose they are",
    "votes": "what the votes of a workspace say",
    "label": "which answers of an evaluation are better, blind, to check its judge",
    "merge": "a merged model, proved to be the one that was measured",
    "doctor": "GPU, versions, terminal, disk: what will and what won't work here",
}

# What people call a part of it, and the command that it is.
_ALSO_CALLED = {
    "baseline": "evaluate RECIPE",
    "verdict": "watch JOB",
    "ship": "merge JOB --out DIR",
    "export": "review export FILE --out OUT",
    "failures": "flips JOB",
    "status": "jobs",
    "history": "jobs",
    "delete": "remove JOB",
    "rm": "remove JOB",
    "undo": "restore JOB",
    "star": "mark JOB --star",
    "note": "mark JOB --note TEXT",
}


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {printable(message)}; `{self.prog} --help` says more", file=sys.stderr)
        raise SystemExit(EXIT_BAD_INPUT)


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {what}" for name, what in COMMANDS.items()]
    return "commands:\n" + "\n".join(lines) + "\n\n`ftworkbench COMMAND --help` says more."


def _top_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="ftworkbench",
        usage="ftworkbench [WORKSPACE]\n       ftworkbench COMMAND ...",
        description="Opens the workbench on a workspace (a folder with a recipe), or runs one command.",
        epilog=_overview(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("workspace", nargs="?", default=".", metavar="WORKSPACE", help="a folder, or a recipe in it")
    parser.add_argument("--version", action="version", version=f"ftworkbench {__version__}")
    return parser


def _open(argv: Sequence[str]) -> int:
    if argv and not argv[0].startswith("-") and not Path(argv[0]).exists():
        import difflib

        close = difflib.get_close_matches(argv[0], COMMANDS, 1)
        meant = _ALSO_CALLED.get(argv[0]) or (close[0] if close else "")
        hint = f"; did you mean `ftworkbench {meant}`?" if meant else ""
        print(f"ftworkbench: {printable(argv[0])}: no such workspace or command{hint}", file=sys.stderr)
        return EXIT_BAD_INPUT
    path = Path(_top_parser().parse_args(argv).workspace)
    from ftworkbench.commands import workbench

    return workbench.open_workbench(path)


def _run(name: str, argv: Sequence[str]) -> int:
    from ftworkbench.commands.show import say
    from ftworkbench.data.sources import hub

    module = importlib.import_module(f"ftworkbench.commands.{name}")
    what = COMMANDS[name]
    parser = _Parser(prog=f"ftworkbench {name}", description=f"{what[0].upper()}{what[1:]}.")
    module.add_arguments(parser)
    args = parser.parse_args(argv)
    hub.listen(say)
    code: int = module.run(args)
    return code


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command line. Gives the exit code: 0 good, 1 the answer is no, 2 bad input, 130 interrupted."""
    argv = sys.argv[1:] if argv is None else argv
    try:
        if argv and argv[0] in COMMANDS:
            return _run(argv[0], argv[1:])
        return _open(argv)
    except RecipeError as error:
        for problem in error.problems:
            print(f"ftworkbench: {printable(problem)}", file=sys.stderr)
        return error.exit_code
    except WorkbenchError as error:
        print(f"ftworkbench: {printable(str(error))}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_INTERRUPTED
