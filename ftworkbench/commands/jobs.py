"""`jobs [WORKSPACE]`: what runs and ran in a workspace, and what became of it."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ftworkbench.commands.arguments import add_json, add_workspace
from ftworkbench.commands.show import emit, say, table, tell
from ftworkbench.errors import EXIT_GOOD, InputError
from ftworkbench.figures import count, duration, measure, size
from ftworkbench.jobs.matching import matches
from ftworkbench.jobs.names import short_name
from ftworkbench.printable import cell_width, one_line
from ftworkbench.steps.jobs import summaries
from ftworkbench.steps.removal import bin_entries
from ftworkbench.workspace import workspace_at

_HEAD = ("job", "kind", "phase", "step", "verdict", "best loss", "time", "cost", "size", "")
_RIGHT = [3, 5, 6, 7, 8]
_COST = _HEAD.index("cost")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "named", nargs="?", type=Path, metavar="WORKSPACE", help="a workspace or a recipe in it (default: this folder)"
    )
    add_workspace(parser)
    parser.add_argument(
        "--find", metavar="WORDS", default="",
        help="only those with all of these words in their name, recipe, verdict, changes or note; `star`: starred ones",
    )  # fmt: skip
    add_json(parser, "them")


def run(args: argparse.Namespace) -> int:
    if args.named and args.workspace:
        raise InputError("name one workspace, as WORKSPACE or with --workspace, not both")
    workspace = workspace_at(args.named or args.workspace or Path())
    every = summaries(workspace)
    found = [job for job in every if matches(job, args.find)]
    if args.json:
        emit({"jobs": found})
        return EXIT_GOOD
    if not every:
        say("no jobs yet; `ftworkbench train RECIPE` starts one")
    elif not found:
        say(f"none of {count(len(every), 'job')} has all of these words: {args.find}")
    else:
        for line in _lines(found):
            tell(line)
        costs = [job["cost"] for job in found if job["cost"] is not None]
        cost = f", cost {sum(costs):,.2f}" if costs else ""
        say(f"{count(len(found), 'job')}, {size(sum(job['bytes'] for job in found))} on disk{cost}")
    if gone := bin_entries(workspace):
        say(f"{count(len(gone), 'removed job')}, {size(sum(job['bytes'] for job in gone))} in the bin; see `bin`")
    return EXIT_GOOD


def _lines(found: list[dict[str, Any]]) -> list[str]:
    """The table; without the costs where nobody said what an hour costs."""
    rows = [_HEAD, *(_row(job) for job in found)]
    right = _RIGHT
    if not any(row[_COST] for row in rows[1:]):
        rows = [(*row[:_COST], *row[_COST + 1 :]) for row in rows]
        right = _RIGHT[:-1]
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return fit_lines(rows, right, width)


def fit_lines(rows: Sequence[Sequence[str]], right: Sequence[int], width: int | None) -> list[str]:
    """The rows, a head and jobs, in columns. Their last column stands below where `width` cells are too few for it."""
    lines = table(rows[0], rows[1:], right=right)
    if width is None or max(map(cell_width, lines)) <= width:
        return lines
    found = []
    short = table(rows[0][:-1], [row[:-1] for row in rows[1:]], right=right)
    for line, row in zip(short, rows, strict=True):
        found.append(one_line(line, width))
        if row[-1]:
            found.append(one_line(f"  {row[-1]}", width))
    return found


def _row(job: dict[str, Any]) -> tuple[str, ...]:
    step = f"{job['step']}/{job['steps']}" if job["steps"] else ""
    verdict = f"{job['verdict']} (void)" if job["void"] else job["verdict"] or ""
    best = "" if job["best_loss"] is None else measure(job["best_loss"])
    return (
        short_name(job["job"]),
        job["kind"],
        job["phase"],
        step,
        verdict,
        best,
        duration(job["seconds"]) if job["seconds"] else "",
        "" if job["cost"] is None else f"{job['cost']:.2f}",
        size(job["bytes"]),
        _words(job),
    )


def _words(job: dict[str, Any]) -> str:
    """The star and the note, what it changed, why it waits or ended, and what it was of that is gone."""
    parts = [
        f"★ {job['note']}".rstrip() if job["star"] else job["note"],
        job["changes"],
        job["why"] if job["phase"] in {"queued", "stopped", "failed"} else "",
        f"of {short_name(job['about'])}, which was removed" if job["about_gone"] else "",
    ]
    return " · ".join(part for part in parts if part)
