"""`check FILE...`: every row's fate, and what the data rules say."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ftworkbench.commands.arguments import add_json
from ftworkbench.commands.bars import counting
from ftworkbench.commands.show import emit, tell
from ftworkbench.data.check import Report
from ftworkbench.data.problems import KINDS
from ftworkbench.errors import EXIT_GOOD, EXIT_NO, InputError
from ftworkbench.steps.check import Progress, check_paths, check_recipe
from ftworkbench.steps.recipe import open_recipe
from ftworkbench.workspace import names_recipe

_SHOWN = 12
_FATES = ("kept", "refused", "duplicates", "rejected")  # the first two always, the others where there are any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE",
        help="data files, folders of them, or hf:ORG/NAME:SPLIT (train first; those named test, valid, eval or dev "
        "are held out); or one recipe",
    )  # fmt: skip
    add_json(parser, "the report")


def run(args: argparse.Namespace) -> int:
    with counting() as progress:
        report = _check(args.files, progress)
    for file in report.files:
        if not file.rows:
            raise InputError(f"{file.path}: is empty: there is no row in it")
    if args.json:
        emit(report.as_json())
    else:
        for line in report_lines(report):
            tell(line)
    unusable = any(file.rows and not file.kept for file in report.files)
    return EXIT_NO if report.blocks or unusable else EXIT_GOOD


def _check(files: list[Path], progress: Progress | None) -> Report:
    recipes = [path for path in files if names_recipe(path)]
    if not recipes:
        return check_paths(files, progress=progress)
    if len(files) > 1:
        raise InputError(f"{recipes[0]}: a recipe is checked alone, with all the files that it names")
    return check_recipe(open_recipe(recipes[0]), progress)


def report_lines(report: Report) -> list[str]:
    """The report for people: a line for each kind of problem with its rows, then the advice."""
    lines = []
    for file in report.as_json()["files"]:
        fates = [f"{file[fate]} {fate}" for fate in _FATES if file[fate] or fate in _FATES[:2]]
        lines.append(f"{file['path']}: {file['format']}, {file['rows']} rows: {', '.join(fates)}")
        lines += [_problem_line(problem) for problem in file["problems"]]
        lines += [f"  advice: {advice['text']}" for advice in file.get("advice", [])]
        if not file["kept"] and file["problems"]:
            worst = max(file["problems"], key=lambda problem: problem["count"])
            lines.append(f"  no row is kept, so that nothing can be learned from this file: {worst['todo']}")
    if report.blocks:
        lines.append("training is blocked until these are decided: review the rows in the workbench, or mend the file")
    return lines


def _problem_line(problem: dict[str, Any]) -> str:
    rows = problem["rows"]
    shown = ", ".join(map(str, rows[:_SHOWN])) + (f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else "")
    mark = "!" if problem["blocks"] else " "
    line = f"  {mark} {problem['kind']:<22} {problem['count']:>5}  row{'s' * (len(rows) != 1)} {shown}"
    if not KINDS[problem["kind"]].refused:
        return line
    return f"{line}: {f'in row {rows[0]} ' if len(rows) > 1 else ''}{problem['reasons'][0]}"
