"""`label JOB`: a person labels rows of an evaluation blind, so that its judge is judged."""

from __future__ import annotations

import argparse

from ftworkbench.commands.arguments import add_job, add_json
from ftworkbench.commands.choosing import HOW, ask_choice, show_pair
from ftworkbench.commands.show import emit, say, tell
from ftworkbench.errors import EXIT_GOOD, InputError
from ftworkbench.evaluate.judge.checked import agreement_words
from ftworkbench.steps.jobs import MEASURED, named_job
from ftworkbench.steps.judging import Judged, judged_rows, label, take_label_back
from ftworkbench.steps.verdicts import report_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_job(parser, "the evaluation whose judge is checked")
    add_json(parser, "how far you and the judge agree")


def run(args: argparse.Namespace) -> int:
    job = named_job(args.job, args.workspace, MEASURED)
    judged = judged_rows(job, report_of(job) or {})
    if not judged.outcomes:
        raise InputError(
            f"{job.short}: no judge has compared these answers; [judge] in the recipe says who does, "
            "and evaluating again then asks it"
        )
    if judged.left():
        say("which answer is better? you see neither whose they are, nor what the judge said")
        say(HOW)
    _label(judged)
    labelled, agreement = len(judged.labels()), judged.agreement()
    if args.json:
        emit({"job": job.name, "labelled": labelled, "rows": len(judged.outcomes), "agreement": agreement})
    else:
        tell(f"{labelled} of {len(judged.outcomes)} rows labelled: {agreement_words(agreement)}")
    return EXIT_GOOD


def _label(judged: Judged) -> None:
    """Shows row after row, until all are labelled or skipped, or the person leaves off."""
    skipped: set[str] = set()
    count = len(judged.outcomes)
    while rows := [row for row in judged.left() if row.row not in skipped]:
        row = rows[0]
        done = len(judged.labels())
        show_pair(f"{done + 1} of {count}", row.messages, row.reference, (row.left.answer, row.right.answer))
        word = ask_choice()
        if word == "quit":
            return
        if word == "skip":
            skipped.add(row.row)
        elif word == "undo":
            say("the last label is taken back" if take_label_back(judged.job) else "there is no label to take back")
        else:
            label(judged.job, row, word)
