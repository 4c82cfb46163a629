"""`fit RECIPE`: memory and time, by formula, or measured."""

from __future__ import annotations

import argparse
from typing import Any

from ftworkbench.commands.arguments import add_json, add_recipe, add_set
from ftworkbench.commands.show import emit, tell
from ftworkbench.commands.watch import watch_job
from ftworkbench.errors import EXIT_GOOD, EXIT_NO
from ftworkbench.figures import duration
from ftworkbench.jobs.folder import result
from ftworkbench.jobs.state import phase
from ftworkbench.steps.fit import fit, start_fit
from ftworkbench.steps.recipe import open_recipe

_BAR = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_recipe(parser)
    parser.add_argument("--card", metavar="NAME", help="a card that is not here, as in `RTX 4090` or H100")
    parser.add_argument(
        "--measure", action="store_true", help="run the worst step that the data holds, on this machine"
    )
    add_set(parser)
    add_json(parser, "the result")


def run(args: argparse.Namespace) -> int:
    opened = open_recipe(args.recipe, args.overrides)
    found: dict[str, Any] = fit(opened, args.card).as_json()
    if args.measure:
        job = start_fit(opened)
        watch_job(job)
        if phase(job) != "done":
            return EXIT_NO
        measured = result(job) or {}
        found.update({"measured": True, **{key: value for key, value in measured.items() if value is not None}})
    if args.json:
        emit(found)
    else:
        for line in fit_lines(found):
            tell(line)
    return EXIT_NO if found["fits"] is False else EXIT_GOOD


def fit_lines(found: dict[str, Any]) -> list[str]:
    """The estimate for people: a bar for each part of the memory, then the sum, the time and the advice."""
    peak = found["peak_gib"]
    share = found["trainable"] / found["parameters"]
    lines = [f"{found['parameters']:,} parameters, {found['trainable']:,} trained ({share:.2%})"]
    for name, gib in found["parts"].items():
        bar = "█" * round(_BAR * gib / peak) if peak else ""
        lines.append(f"  {name:<14} {gib:8.2f} GiB  {bar}".rstrip())
    fits = {True: "fits", False: "does not fit", None: "no card to hold it against"}[found["fits"]]
    where = f" on {found['card']}" if found.get("card") else ""
    lines.append(f"  {'peak':<14} {peak:8.2f} GiB  {fits}{where}{' (measured)' if found.get('measured') else ''}")
    if found["tokens_per_second"]:
        lines.append(
            f"about {found['tokens_per_second']:,.0f} tokens/s, {duration(3600 * (found['hours'] or 0))} of training"
        )
    if found.get("advice"):
        lines.append(found["advice"])
    return lines
