"""`flips JOB`: the test rows that tuning won and lost, the kinds of error, and the training rows near a failure."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ftworkbench.commands.arguments import add_job, add_json
from ftworkbench.commands.show import aligned, emit, say, table, tell
from ftworkbench.data.review.decisions import NEAR_FAILURE
from ftworkbench.errors import EXIT_GOOD, InputError
from ftworkbench.evaluate.outputs import Output
from ftworkbench.evaluate.word_diff import differing
from ftworkbench.figures import count
from ftworkbench.jobs.folder import Job, read_manifest
from ftworkbench.printable import one_line, printable
from ftworkbench.steps.evaluation import (
    FATES,
    GAINED,
    LOST,
    Evaluation,
    Pair,
    against_run_before,
    fate_words,
    read_evaluation,
    run_against_run,
)
from ftworkbench.steps.failures import (
    kind_table,
    kinds_of,
    nearest_rows,
    rows_with,
    tag_failure,
    tag_near,
    tags_of,
)
from ftworkbench.steps.jobs import Wanted, named_job

_TUNED = Wanted(
    "evaluation of a tuned model",
    lambda job: job.kind == "evaluate" and bool(read_manifest(job)["args"].get("job")),
    "evaluate",
)
_ALL = "all"
_LONGEST = 300  # characters of a text in the list; --json has all of them
_DIFFERENCES = 8
Tags = Mapping[str, Sequence[str]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_job(parser, "the evaluation of a tuned model")
    parser.add_argument(
        "--fate", choices=(*FATES, _ALL), action="append",
        help="which rows, may be given more than once (default: lost, once right or of a higher score, and gained)",
    )  # fmt: skip
    parser.add_argument(
        "--against", nargs="?", const="", metavar="JOB",
        help="against the tuned model of another evaluation, not the baseline (default: the run before on these rows)",
    )  # fmt: skip
    parser.add_argument("--tag", nargs=2, metavar=("ROW", "WORD"), help='what kind of error a row is; "" says none')
    parser.add_argument("--near", metavar="ROW", help="the training rows that are nearest to this test row, instead")
    parser.add_argument(
        "--review", action="store_true", help=f"with --near: tag them {NEAR_FAILURE}, so that they are looked at again"
    )
    add_json(parser, "the rows")


def run(args: argparse.Namespace) -> int:
    if args.review and args.near is None:
        raise InputError("--review puts the rows near a failure up for review: --near ROW says near which")
    job = named_job(args.job, args.workspace, _TUNED)
    measured = _measured(job)
    if args.tag:
        row, words = args.tag
        tag_failure(job.workspace, _pair(measured, row).row, list(dict.fromkeys(words.replace(",", " ").split())))
    if args.near is not None:
        return _near(measured, _pair(measured, args.near), review=args.review, as_json=args.json)
    if args.against is not None:
        measured = _against(measured, args)
    tags = tags_of(job.workspace, [pair.row for pair in measured.pairs])
    fates = set(FATES) if _ALL in (args.fate or ()) else set(args.fate or (LOST, GAINED))
    pairs = [pair for pair in measured.pairs if pair.fate in fates]
    if args.json:
        emit(_as_json(measured, pairs, tags))
    else:
        _tell(measured, pairs, tags)
    return EXIT_GOOD


def _measured(job: Job) -> Evaluation:
    measured = read_evaluation(job)
    if measured.problem:
        raise InputError(measured.problem)
    if not measured.pairs:
        raise InputError(f"{job.short}: no test row is answered yet")
    return measured


def _against(measured: Evaluation, args: argparse.Namespace) -> Evaluation:
    if not args.against:
        return against_run_before(measured)
    return run_against_run(measured, _measured(named_job(args.against, args.workspace, _TUNED)))


def _pair(measured: Evaluation, text: str) -> Pair:
    """The row that a person named: by its number, or by its key."""
    by_key = {pair.row: pair for pair in reversed(measured.pairs)}
    by_number = {str(pair.number): pair for pair in measured.pairs}
    found = by_key.get(text) or by_number.get(text)
    if found is None:
        raise InputError(f"{text}: no such test row in {measured.job.short}, which has 1 to {len(measured.pairs)}")
    return found


# The rows


def _as_json(measured: Evaluation, pairs: Sequence[Pair], tags: Tags) -> dict[str, Any]:
    change = measured.change
    return {
        "job": measured.job.name,
        "metric": measured.metric,
        "before": measured.baseline_name,
        "n": len(measured.pairs),
        "fates": {fate: measured.fates[fate] for fate in FATES},
        "change": None if change is None else {"word": change.word, "p_value": change.p_value},
        "kinds": [asdict(kind) for kind in kinds_of(measured.pairs, tags, graded=measured.graded)],
        "rows": [
            {
                "number": pair.number, "row": pair.row, "fate": pair.fate, "prompt": pair.prompt,
                "reference": pair.reference, "before": _answer_json(pair.baseline, pair.before),
                "after": _answer_json(pair.tuned, pair.after), "tags": list(tags.get(pair.row, ())),
            }
            for pair in pairs
        ],
    }  # fmt: skip


def _answer_json(output: Output | None, score: float | None) -> dict[str, Any] | None:
    if output is None:
        return None
    return {"answer": output.answer, "score": score, "finish": output.finish, "error": output.error}


def _tell(measured: Evaluation, pairs: Sequence[Pair], tags: Tags) -> None:
    fates = measured.fates
    counts = [
        f"{fates[fate]:,} {fate_words(fate, graded=measured.graded)}"
        for fate in FATES
        if fates[fate] or fate in (LOST, GAINED)
    ]
    tell(
        f"{measured.job.short} against {measured.baseline_name}, by {measured.metric}, "
        f"{count(len(measured.pairs), 'row')}: {' · '.join(counts)}"
    )
    if measured.change is not None:
        tell(f"{measured.change.word}: {measured.change.reasons[1]}")
    if kinds := kinds_of(measured.pairs, tags, graded=measured.graded):
        head, rows = kind_table(kinds)
        for line in table(head, rows, right=range(1, len(head))):
            tell(line)
    for pair in pairs:
        tell()
        tell(f"row {pair.number}: {fate_words(pair.fate, graded=measured.graded)}")
        lines = _lines(pair, measured.baseline_name, tags.get(pair.row, ()))
        for line in aligned([(f"  {label}", one_line(text, _LONGEST)) for label, text in lines]):
            tell(line)
    if not pairs:
        say("no row is of this kind; --fate all lists every row")


def _lines(pair: Pair, baseline: str, tags: Sequence[str]) -> list[tuple[str, str]]:
    lines = [("prompt", pair.prompt), ("reference", pair.reference)]
    for name, output in ((baseline, pair.baseline), ("tuned", pair.tuned)):
        if output is not None and output.error:
            lines.append((name, f"no answer: {output.error}"))
        elif output is not None:
            lines.append((name, output.answer))
            lines += _difference(output.answer, pair.reference)
    return [*lines, *([("tagged", " ".join(tags))] if tags else [])]


def _difference(answer: str, reference: str) -> list[tuple[str, str]]:
    text = printable(answer)
    pieces = [f"“{text[start:end]}”" for start, end in differing(text, printable(reference))]
    more = " …" if len(pieces) > _DIFFERENCES else ""
    return [("  differs", ", ".join(pieces[:_DIFFERENCES]) + more)] if pieces else []


# The training rows near one


def _near(measured: Evaluation, pair: Pair, *, review: bool, as_json: bool) -> int:
    path, keys = nearest_rows(measured.job, pair)
    tagged = tag_near(measured.job.workspace, keys) if review else 0
    rows = rows_with(measured.job, path, keys)
    if as_json:
        listed = [{"number": row.number, "row": row.key, "text": row.text} for row in rows]
        emit({"job": measured.job.name, "number": pair.number, "row": pair.row, "file": str(path), "tagged": tagged,
              "nearest": listed})  # fmt: skip
        return EXIT_GOOD
    tell(f"nearest to row {pair.number}, {one_line(pair.prompt, _LONGEST)}")
    tell(f"in {path.name}:")
    for row in rows:
        tell(f"  {row.number:>6}  {one_line(row.title, _LONGEST)}")
        if row.example is not None and row.example.answer:
            tell(f"  {'':>6}  → {one_line(row.example.answer, _LONGEST)}")
    if review:
        tell(f"{count(tagged, 'training row')} tagged {NEAR_FAILURE}: tag:{NEAR_FAILURE} finds them in Data")
    return EXIT_GOOD
