"""`demo`: the whole pipeline on the embedded model and data, in the workbench or told line by line."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from ftworkbench.commands.arguments import add_set
from ftworkbench.commands.check import report_lines
from ftworkbench.commands.results import evaluation_lines, merge_line
from ftworkbench.commands.show import emit, say
from ftworkbench.commands.watch import watch_job
from ftworkbench.demo.workspace import TASKS, DemoTask, make_demo, read_decisions
from ftworkbench.errors import EXIT_GOOD, EXIT_NO, JobError
from ftworkbench.figures import duration, percent
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import phase
from ftworkbench.steps.baseline import find_baseline
from ftworkbench.steps.check import check_recipe, check_undecided
from ftworkbench.steps.evaluate import evaluation_result, start_evaluation
from ftworkbench.steps.merge import merge_result, proved, start_merge
from ftworkbench.steps.recipe import Opened, open_recipe
from ftworkbench.steps.splits import require_split
from ftworkbench.steps.train import start_training, train_result
from ftworkbench.steps.verdicts import word_of

_FOLDER, _TASK = "ftworkbench-demo", "triage"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dir", type=Path, metavar="DIR",
        help=f"the folder of the demo's workspace (default: {_FOLDER}, with the task behind it if that is another); "
        "made if it is not there",
    )  # fmt: skip
    parser.add_argument(
        "--task", choices=tuple(TASKS), default=_TASK,
        help="what to tune for: " + "; ".join(f"{task.name}: {task.title}" for task in TASKS.values()),
    )  # fmt: skip
    parser.add_argument(
        "--headless", action="store_true", help="run the pipeline here and tell it, without the workbench"
    )
    add_set(parser)
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object (implies --headless)")


def run(args: argparse.Namespace) -> int:
    task = TASKS[args.task]
    workspace = make_demo(args.dir or Path(_FOLDER if task.name == _TASK else f"{_FOLDER}-{task.name}"), task.name)
    opened = open_recipe(workspace.root, args.overrides)
    if args.headless or args.json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        found = run_pipeline(opened, task)
        if args.json:
            emit(found)
        return EXIT_GOOD if word_of(found["verdict"]) == "better" and proved(found["merge"]) else EXIT_NO
    from ftworkbench.commands.workbench import open_workbench
    from ftworkbench.steps.recipe import write_overrides

    write_overrides(opened.path, args.overrides)
    return open_workbench(workspace.root)


def run_pipeline(opened: Opened, task: DemoTask) -> dict[str, Any]:
    """Goes the whole way on a task's workspace, tells it on stderr, and gives the object of `demo --json`."""
    started = time.monotonic()
    model = opened.recipe.model.model_id
    say(f"ftworkbench demo: {task.title}, on the {model} model, in {opened.workspace.root}")

    _headline("1  Data: is every example worth learning from?")
    report = check_undecided(opened)
    for line in report_lines(report):
        say(f"  {line}")
    if decisions := Counter(decision["do"] for decision in read_decisions(task)):
        say("  decided, in ledger.jsonl: " + ", ".join(f"{count} {do}" for do, count in decisions.items()))
    if check_recipe(opened).blocks:
        raise JobError(f"{opened.path}: leaks between train and test are undecided; review them in the workbench")
    split = require_split(opened)
    say("  frozen: " + ", ".join(f"{count} {part}" for part, count in split.counts.items()))

    _headline("2  Baseline: how far does prompting get?")
    known = find_baseline(opened).job
    if known is None:
        known = _finish(start_evaluation(opened, None))
    else:
        say(f"  measured before, for this very split and prompt, by {known.short}")
    _tell_evaluation(evaluation_result(known))

    _headline("3  Train: a LoRA on the training rows")
    train_job = _finish(start_training(opened))
    trained = train_result(train_job)
    say(
        f"  {trained['steps']} steps in {duration(trained['seconds'])}: loss {trained['train_loss']:.3f}, "
        f"validation loss {trained['eval_loss']:.3f}"
    )

    _headline("4  Evaluate: baseline against tuned, on the same frozen test rows")
    evaluation = evaluation_result(_finish(start_evaluation(opened, train_job)))
    _tell_evaluation(evaluation)

    _headline("5  Ship: merge, and prove that it is what was measured")
    out = opened.workspace.root / "merged" / train_job.short
    merged = merge_result(_finish(start_merge(opened.workspace, train_job, out)))
    say(f"  {merge_line(merged)}")
    word = word_of(evaluation["verdict"])
    if word != "better":
        say(f"  it is not worth shipping, though: {word}")

    seconds = time.monotonic() - started
    found = {
        "check": report.as_json(),
        "split": {**split.counts, "sha256": split.sha256, "test_sha256": split.test_sha256},
        **_scores(evaluation),
        "verdict": evaluation["verdict"],
        "merge": merged,
        "job": train_job.name,
        "seconds": round(seconds, 1),
    }
    say()
    say(
        f"{evaluation['verdict']['headline']}: {percent(found['tuned']['score'])} tuned against "
        f"{percent(found['baseline']['score'])} prompted, in {duration(seconds)}"
    )
    say(f"now look at it: ftworkbench {opened.workspace.root}")
    return found


def _scores(evaluation: dict[str, Any]) -> dict[str, Any]:
    """The headline figures of an evaluation, by what decides."""
    metric = evaluation["verdict"]["metric"]
    by_name = {system["name"]: system["metrics"][metric]["value"] for system in evaluation["systems"]}
    tuned = by_name.pop("tuned")
    name, score = next(iter(by_name.items()))
    suite = (evaluation.get("regression") or [{}])[0]
    return {
        "baseline": {
            "score": score,
            "name": name,
            "contestants": {each["name"]: each["metrics"][metric]["value"] for each in evaluation["contestants"]},
        },
        "tuned": {"score": tuned},
        "regression": {key: suite.get(key) for key in ("suite", "before", "after", "word")},
    }


def _headline(text: str) -> None:
    say()
    say(text)


def _tell_evaluation(found: dict[str, Any]) -> None:
    for line in evaluation_lines(found):
        say(f"  {line}")


def _finish(job: Job) -> Job:
    """Follows the job to its end. Raises JobError where it does not end well."""
    story = watch_job(job)
    ended = phase(job)
    if ended != "done":
        raise JobError(f"{job.short} {ended}: {story.why or 'no reason was given'}; its log is {job.log}")
    return job
