"""`merge JOB --out DIR`: a merged model, proved to be the one that was measured."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ftworkbench.commands.show import emit, say, tell
from ftworkbench.commands.watch import watch_job
from ftworkbench.errors import EXIT_GOOD, EXIT_NO
from ftworkbench.jobs.state import phase
from ftworkbench.steps.jobs import named_job
from ftworkbench.steps.merge import merge_result, proof_words, proved, start_merge


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", help="a training job: a path, a name, or the unique end of a name")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write; new or empty")
    parser.add_argument("--workspace", type=Path, metavar="DIR", help="the workspace of JOB (default: this folder)")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")


def run(args: argparse.Namespace) -> int:
    workspace, train_job = named_job(args.job, args.workspace)
    job = start_merge(workspace, train_job, args.out)
    say(f"merging {train_job.name} as {job.name}")
    watch_job(job)
    found = merge_result(job)
    if args.json:
        emit(found)
    elif phase(job) == "done":
        tell(merge_line(found))
    return EXIT_GOOD if phase(job) == "done" and proved(found) else EXIT_NO


def merge_line(found: dict[str, Any]) -> str:
    """Where the merged model is, and what the merge proved, in one line."""
    return f"{found['path']}: {proof_words(found)}"
