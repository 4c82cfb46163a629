"""Tasks of lm-evaluation-harness as suites, asked by a process of its own before this one loads the model.

So the card has room for one model at a time; that process loads the base model once, and puts the adapter on it when
all tasks were asked without.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from ftworkbench.errors import InputError, JobError
from ftworkbench.evaluate.metrics import Metric, Scored
from ftworkbench.evaluate.outputs import Output, read_outputs
from ftworkbench.files import read_json
from ftworkbench.jobs.folder import Job
from ftworkbench.paths import model_folder
from ftworkbench.recipe.harness_tasks import task_problems
from ftworkbench.recipe.suite_names import names_of, split_suite
from ftworkbench.worker.download import OFFLINE, is_offline
from ftworkbench.worker.harness_kept import AFTER, BEFORE, about_file, answers_file
from ftworkbench.worker.suites import Suite
from ftworkbench.worker.work import Work

_LOOK = 0.1
_GRACE = 5.0  # seconds from SIGTERM to SIGKILL


@dataclass(frozen=True)
class Asked:
    """The suites that are tasks, and the answers to them; `after` has none where there is no adapter."""

    suites: dict[str, Suite] = field(default_factory=dict)
    before: dict[str, list[Output]] = field(default_factory=dict)
    after: dict[str, list[Output]] = field(default_factory=dict)


def ask_tasks(work: Work, trained: Job | None, earlier: Job | None) -> Asked:
    """Asks the recipe's tasks of the base model, and of the adapter of `trained` where it is given.

    What `earlier`, an evaluation of the same base model, has of the base model's answers is used again. Raises
    InputError where a task cannot be asked, JobError where asking failed, StoppedError.
    """
    suites = work.recipe.evaluate.regression
    names = [name for name, text in zip(names_of(suites), suites, strict=True) if split_suite(text).task]
    if not names:
        return Asked()
    for problem in task_problems(work.recipe, work.workspace.root):
        raise InputError(f"evaluate.regression: {problem}")
    work.phase("running", "asks the tasks of lm-evaluation-harness")
    _run(work, _plan(work, trained, earlier))
    asked = Asked()
    for name in names:
        _read(work, asked, name, with_adapter=trained is not None)
    return asked


def _plan(work: Work, trained: Job | None, earlier: Job | None) -> dict[str, Any]:
    in_folder = model_folder(work.recipe.model.model_id, work.workspace.root) is not None
    return {
        "parent": os.getpid(),
        "job": str(work.job.path),
        "device": work.device,
        "revision": work.recipe.model.revision,
        "adapter": str(trained.path) if trained else None,
        "earlier": str(earlier.path) if earlier else None,
        "model_here": in_folder or is_offline(),
    }


def _run(work: Work, plan: dict[str, Any]) -> None:
    """Runs the process to its end, and tells what it says as the job's events."""
    end: dict[str, Any] = {}
    with _process(work, plan) as (process, output):
        running = True
        while running:
            work.leave_if_stopped()
            running = process.poll() is None
            for said in _heard(output):
                if "total" in said:
                    work.progress(str(said["what"]), int(said["done"]), int(said["total"]), "requests")
                elif "notice" in said:
                    work.notice(str(said["notice"]), "harness", level="info")
                else:
                    end = said
            if running:
                time.sleep(_LOOK)
        work.leave_if_stopped()  # the signal that ended it was ours as well
        code = process.returncode
    if "error" in end:
        raise (InputError if end.get("input") else JobError)(str(end["error"]))
    if "end" not in end:
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        memory = "; the machine's memory may have run out: lower harness.batch_size" if code == -signal.SIGKILL else ""
        raise JobError(f"lm-evaluation-harness ended in mid-work ({how}); worker.log has its last words{memory}")


@contextlib.contextmanager
def _process(work: Work, plan: dict[str, Any]) -> Iterator[tuple[subprocess.Popen[bytes], BinaryIO]]:
    """The process, and what it says as it says it; ended with the block. Its log is the job's.

    It is of the worker's own process group: what ends a job ends it too.
    """
    path = work.job.path / ".harness"
    # -P: a file of the workspace that is named like a library must not be imported in its place.
    command = [sys.executable, "-P", "-m", "ftworkbench.worker.harness_process", json.dumps(plan)]
    with path.open("wb") as file:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, cwd=work.workspace.root, env=_environment(work)
        )
    try:
        with path.open("rb") as output:
            yield process, output
    finally:
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE)
            process.kill()
            process.wait()
        path.unlink(missing_ok=True)


def _environment(work: Work) -> dict[str, str]:
    """The worker's own, but without its word never to ask the hub: that is for the model, which is here already."""
    own = {name: value for name, value in os.environ.items() if work.offline or name not in OFFLINE}
    own |= {"HF_HUB_OFFLINE": "1"} if work.offline else {}
    own |= {"HF_ALLOW_CODE_EVAL": "1"} if work.recipe.harness.run_code else {}
    return {**own, "TQDM_DISABLE": "1"}


def _heard(output: BinaryIO) -> Iterator[dict[str, Any]]:
    """The whole lines that have come since."""
    while line := output.readline():
        if not line.endswith(b"\n"):
            output.seek(-len(line), os.SEEK_CUR)
            return
        with contextlib.suppress(ValueError):
            found = json.loads(line)
            if isinstance(found, dict):
                yield found


# -------------------------------------------------------------------------------------------------
# What it found


def _read(work: Work, asked: Asked, name: str, *, with_adapter: bool) -> None:
    """Adds a suite's answers. Raises JobError where before and after were not asked the same."""
    about = read_json(work.job.outputs / about_file(name))
    before = read_outputs(work.job.outputs / answers_file(name, BEFORE))
    if not isinstance(about, dict) or not before or len(about["groups"]) != len(before):
        raise JobError(f"evaluate.regression: {name}: what lm-evaluation-harness left cannot be read; evaluate again")
    asked.suites[name] = Suite([], _metric(str(about["metric"])), [int(group) for group in about["groups"]])
    asked.before[name] = before
    if not with_adapter:
        return
    asked.after[name] = read_outputs(work.job.outputs / answers_file(name, AFTER))
    if _questions(before) != _questions(asked.after[name]):
        raise JobError(f"evaluate.regression: {name}: is not the same before and after; nothing can be said of it")


def _questions(outputs: Sequence[Output]) -> list[object]:
    return [(each.row, each.messages, each.reference) for each in outputs]


def _metric(name: str) -> Metric:
    return Metric(name, _kept, False, "The task's own, by lm-evaluation-harness.", "lm-evaluation-harness", plain=False)


def _kept(scored: Scored) -> float:
    raise InputError(f"row {scored.row}: its score was not kept; evaluate again")
