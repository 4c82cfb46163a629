"""`check FILE...`: every row's fate, and what the data rules say."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from ftworkbench.commands import hints
from ftworkbench.commands.arguments import add_json
from ftworkbench.commands.bars import counting
from ftworkbench.commands.opening import add_offline, go_offline
from ftworkbench.commands.show import emit, tell
from ftworkbench.data.checks.check import Report
from ftworkbench.data.checks.duplicates import SIMILAR
from ftworkbench.data.checks.findings import CONTRADICTS
from ftworkbench.data.problems import KINDS
from ftworkbench.errors import EXIT_GOOD, EXIT_NO, InputError
from ftworkbench.steps.check import check_paths, check_recipe
from ftworkbench.steps.last_check import Checked, keep_check
from ftworkbench.steps.recipe import Opened, open_recipe, task_lines
from ftworkbench.steps.token_check import TOKEN_KINDS, with_tokens
from ftworkbench.workspace import names_recipe

_SHOWN = 12
_SAMPLE_WORTH_SAYING = 20
_FATES = ("kept", "refused", "duplicates", "rejected")  # the first two always, the others where there are any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE",
        help="data files, folders of them, or hf:ORG/NAME:SPLIT (train first; those named test, valid, eval or dev "
        "are held out); or one recipe",
    )  # fmt: skip
    parser.add_argument(
        "--tokens", action="store_true", help="look at every row with the recipe's own tokenizer and chat template too"
    )
    add_offline(parser)
    add_json(parser, "the report")


def run(args: argparse.Namespace) -> int:
    if args.offline:
        go_offline()
    opened = _recipe(args.files)
    if args.tokens and opened is None:
        raise InputError("--tokens: name a recipe, which says the model whose tokenizer is to look at the rows")
    began = time.time()
    with counting() as progress:
        report = check_paths(args.files, progress=progress) if opened is None else check_recipe(opened, progress)
        for file in report.files:
            if not file.rows:
                raise InputError(f"{file.path}: is empty: there is no row in it")
        checked = with_tokens(opened, report, progress) if args.tokens and opened is not None else None
    report = checked.report if checked else report
    keep_check(Checked(report, began), opened.recipe if opened is not None else None)
    tasks = task_lines(opened) if opened is not None else []
    if args.json:
        emit({**(checked or report).as_json(), **({"tasks": tasks} if tasks else {})})
    else:
        for line in [*report_lines(report, checked.tokens if checked else None), *tasks]:
            tell(line)
        if opened is not None and not report.blocks:
            for line in hints.next_lines(_next(opened)):
                tell(line)
    unusable = any(file.rows and not file.kept for file in report.files) or (checked and not checked.tokens["trained"])
    return EXIT_NO if report.blocks or unusable or tasks else EXIT_GOOD


def _recipe(files: list[Path]) -> Opened | None:
    recipes = [path for path in files if names_recipe(path)]
    if recipes and len(files) > 1:
        raise InputError(f"{recipes[0]}: a recipe is checked alone, with all the files that it names")
    return open_recipe(recipes[0]) if recipes else None


def _next(opened: Opened) -> list[list[str]]:
    name = hints.recipe_name(opened.path)
    return [
        [hints.command(hints.place(opened.path.parent)), "opens the workbench: review the rows"],
        [hints.command("fit", name), "says what training needs: memory, time, cost"],
        [hints.command("split", name), "freezes train, validation and test"],
        *hints.measure_and_train(opened),
    ]


def report_lines(report: Report, tokens: dict[str, Any] | None = None) -> list[str]:
    """The report for people: a line for each kind of problem with its rows, then the advice.

    `tokens` are the figures of the first file's rows, where they were looked at.
    """
    lines = []
    for number, file in enumerate(report.as_json()["files"]):
        fates = [f"{file[fate]} {fate}" for fate in _FATES if file[fate] or fate in _FATES[:2]]
        lines.append(f"{file['path']}: {file['format']}, {file['rows']} rows: {', '.join(fates)}")
        lines += [_problem_line(problem) for problem in file["problems"]]
        if tokens and not number:
            lines.append(_tokens_line(tokens))
        lines += [f"  advice: {advice['text']}" for advice in file.get("advice", [])]
        coverage = report.files[number].coverage
        if coverage and coverage.sample.n >= _SAMPLE_WORTH_SAYING:
            lines.append(f"  random sample: {coverage.sample.words}")
        if not file["kept"] and file["problems"]:
            worst = max(file["problems"], key=lambda problem: problem["count"])
            lines.append(f"  no row is kept, so that nothing can be learned from this file: {worst['todo']}")
    lines.append(
        f"near-duplicates were looked for: prompts alike by {SIMILAR:g} or more; where the answers differ, by "
        f"{CONTRADICTS:g} and with the same numbers in them"
    )
    if report.blocks:
        lines.append("training is blocked until these are decided: review the rows in the workbench, or mend the file")
    return lines


def _tokens_line(tokens: dict[str, Any]) -> str:
    lengths = f"median {tokens['median']:,}, 95% {tokens['p95']:,}, longest {tokens['longest']:,}"
    return f"  tokens: {lengths}; {tokens['trained']:,} trained of {tokens['total']:,}"


def _problem_line(problem: dict[str, Any]) -> str:
    rows = problem["rows"]
    shown = ", ".join(map(str, rows[:_SHOWN])) + (f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else "")
    mark = "!" if problem["blocks"] else " "
    line = f"  {mark} {problem['kind']:<22} {problem['count']:>5}  row{'s' * (len(rows) != 1)} {shown}"
    if not KINDS[problem["kind"]].refused and problem["kind"] not in TOKEN_KINDS:
        return line
    return f"{line}: {f'in row {rows[0]} ' if len(rows) > 1 else ''}{problem['reasons'][0]}"
