"""`votes [WORKSPACE]`: what the blind votes of a workspace say, each two who stood against each other."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ftworkbench.commands.arguments import add_json
from ftworkbench.commands.show import emit, say, table, tell
from ftworkbench.errors import EXIT_GOOD
from ftworkbench.evaluate.votes import Side
from ftworkbench.figures import interval, p_value, percent
from ftworkbench.steps.voting import Standing, standings
from ftworkbench.workspace import workspace_at

_HEAD = ("", "against", "n", "won", "lost", "tie", "both bad", "wins, 95%", "")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "workspace", nargs="?", type=Path, default=Path(), metavar="WORKSPACE",
        help="a workspace or a recipe in it (default: this folder)",
    )  # fmt: skip
    add_json(parser, "the tallies")


def run(args: argparse.Namespace) -> int:
    workspace = workspace_at(args.workspace)
    found = standings(workspace)
    if args.json:
        emit({"pairs": [standing_json(each) for each in found], "preferences": str(workspace.preferences)})
        return EXIT_GOOD
    if not found:
        say("there are no votes: `ftworkbench vote JOB` compares blind, `ftworkbench label JOB` checks a judge")
        return EXIT_GOOD
    for line in table(_HEAD, [_row(each) for each in found], right=range(2, 7)):
        tell(line)
    if any(each.labels for each in found):
        tell(f"{sum(each.labels for each in found)} of them were cast on test rows to check a judge")
    if workspace.preferences.is_file():
        tell(f"as preference rows: {workspace.preferences}")
    return EXIT_GOOD


def standing_json(found: Standing) -> dict[str, Any]:
    """A tally as programs read it: `one` won `won` of the votes, and `share` of those that were for either."""
    tally = found.tally
    return {
        "one": _side_json(found.one), "other": _side_json(found.other), "n": tally.n, "won": tally.won,
        "lost": tally.lost, "ties": tally.ties, "both_bad": tally.both_bad, "share": tally.share,
        "interval": list(tally.interval), "p_value": tally.p_value, "labels": found.labels,
    }  # fmt: skip


def _side_json(side: Side) -> dict[str, Any]:
    return {"name": side.name, "adapter_sha256": side.adapter_sha256}


def _row(found: Standing) -> list[str]:
    tally = found.tally
    share = "" if tally.share is None else f"{percent(tally.share)} {interval(tally.interval)}"
    return [
        _named(found.one), _named(found.other), f"{tally.n:,}", f"{tally.won:,}", f"{tally.lost:,}",
        f"{tally.ties:,}", f"{tally.both_bad:,}", share, "" if tally.share is None else p_value(tally.p_value),
    ]  # fmt: skip


def _named(side: Side) -> str:
    """A name, with the beginning of the adapter's hash: two jobs may both be called tuned."""
    return side.name if side.adapter_sha256 is None else f"{side.name} · {side.adapter_sha256[:8]}"
