"""`evaluate RECIPE [--job JOB]`: the prompted baseline alone, or baseline against tuned, and the verdict."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ftworkbench.commands.show import emit, percent, say, table, tell
from ftworkbench.commands.train import add_set_argument
from ftworkbench.commands.watch import watch_job
from ftworkbench.errors import EXIT_GOOD, EXIT_NO
from ftworkbench.jobs.find import find_job
from ftworkbench.jobs.state import phase
from ftworkbench.steps.evaluate import evaluation_result, start_evaluation, trained_jobs
from ftworkbench.steps.recipe import open_recipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", type=Path, metavar="RECIPE", help="a recipe, or a workspace with one recipe in it")
    parser.add_argument("--job", metavar="JOB", help="the training job to measure: a path, a name, or the end of one")
    parser.add_argument("--no-baseline", action="store_true", help="measure the tuned model alone; no verdict then")
    add_set_argument(parser)
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")


def run(args: argparse.Namespace) -> int:
    opened = open_recipe(args.recipe, args.overrides)
    train_job = find_job(opened.workspace, args.job) if args.job else None
    job = start_evaluation(opened, train_job, skip_baseline=args.no_baseline)
    say(f"measuring {'baseline and ' + train_job.name if train_job else 'the prompted baseline'} as {job.name}")
    watch_job(job)
    found = evaluation_result(job)
    if args.json:
        emit(found)
    elif phase(job) == "done":
        for line in evaluation_lines(found):
            tell(line)
        if train_job is None and (trained := trained_jobs(opened)):
            tell(f"next: ftworkbench evaluate {args.recipe} --job {trained[-1].name}")
    if phase(job) != "done":
        return EXIT_NO
    verdict = found["verdict"]
    return EXIT_GOOD if verdict is None or verdict["word"] == "better" else EXIT_NO


def evaluation_lines(found: dict[str, Any]) -> list[str]:
    """The result of an evaluation for people: contestants, systems, regression, verdict."""
    lines = []
    contestants = found.get("contestants") or []
    if contestants:
        lines.append("contestants, on the validation rows:")
        lines += [f"  {line}" for line in _scores(contestants)]
    if found["systems"]:
        lines.append(f"on the same {found['n']} frozen test rows:")
        lines += [f"  {line}" for line in _scores(found["systems"])]
    for suite in found.get("regression") or []:
        after = suite.get("after")
        lines.append(
            f"regression suite {suite['suite']}: {percent(suite.get('before'))} before"
            + (f", {percent(after)} after: {suite['word']}" if after is not None else "")
        )
    if found["verdict"]:
        lines.append(verdict_line(found["verdict"]))
        lines += [f"  {reason}" for reason in found["verdict"].get("reasons", [])]
    return lines


def _scores(systems: list[dict[str, Any]]) -> list[str]:
    names = list(dict.fromkeys(name for system in systems for name in system["metrics"]))
    rows = []
    for system in systems:
        cells = [system["name"]]
        for name in names:
            metric = system["metrics"].get(name)
            cells.append(_with_interval(metric) if metric else "")
        rows.append(cells)
    return table(["", *names], rows, right=range(1, len(names) + 1))


def _with_interval(metric: dict[str, Any]) -> str:
    interval = metric.get("interval")
    if not interval:
        return percent(metric["value"])
    return f"{percent(metric['value'])} [{100 * interval[0]:.1f}, {100 * interval[1]:.1f}]"


def verdict_line(verdict: dict[str, Any]) -> str:
    """The verdict in one line, with its p-value and the interval of the difference in points."""
    line = f"verdict: {verdict['word']}"
    interval, p_value = verdict.get("interval"), verdict.get("p_value")
    if interval:
        line += f", by {100 * interval[0]:+.1f} to {100 * interval[1]:+.1f} points of {verdict['metric']}"
    if p_value is not None:
        line += f", p = {p_value:.2g}"
    if verdict.get("needed"):
        line += f"; about {verdict['needed']} test rows would tell"
    return line
