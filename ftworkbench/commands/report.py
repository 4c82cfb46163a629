"""`report JOB`: what an evaluation found, for people who weren't there, as Markdown and as one HTML file."""

from __future__ import annotations

import argparse
from pathlib import Path

from ftworkbench.commands.arguments import add_job, add_json
from ftworkbench.commands.show import emit, tell
from ftworkbench.errors import EXIT_GOOD
from ftworkbench.steps.jobs import MEASURED, named_job
from ftworkbench.steps.report import write_report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_job(parser, "the evaluation")
    parser.add_argument("--out", type=Path, metavar="DIR", help="the folder to write into (default: the job's own)")
    add_json(parser, "the paths")


def run(args: argparse.Namespace) -> int:
    job = named_job(args.job, args.workspace, MEASURED)
    markdown, html = write_report(job, args.out or job.path)
    if args.json:
        emit({"markdown": str(markdown), "html": str(html)})
        return EXIT_GOOD
    for path in (markdown, html):
        tell(str(path))
    return EXIT_GOOD
