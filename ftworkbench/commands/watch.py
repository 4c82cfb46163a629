"""`watch JOB`: follow a job until it ends. Also how every other command follows the job that it launched."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ftworkbench.commands.show import duration, emit, say
from ftworkbench.errors import EXIT_GOOD, EXIT_NO
from ftworkbench.jobs.folder import Job, list_jobs
from ftworkbench.jobs.follow import follow
from ftworkbench.jobs.state import phase
from ftworkbench.jobs.story import Story

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_PLAIN_EVERY = 5.0  # seconds between lines where stderr is no terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", help="a path, a name, or the unique end of a name")
    parser.add_argument("--workspace", type=Path, metavar="DIR", help="the workspace of JOB (default: this folder)")
    parser.add_argument("--json", action="store_true", help="print the job's entry of `jobs --json` when it has ended")


def run(args: argparse.Namespace) -> int:
    from ftworkbench.steps.jobs import named_job, summary

    workspace, job = named_job(args.job, args.workspace)
    story = watch_job(job)
    if args.json:
        emit(summary(job, list_jobs(workspace), story))
    return EXIT_GOOD if phase(job) == "done" else EXIT_NO


def watch_job(job: Job) -> Story:
    """Follows `job` to its end, shows how it goes on stderr, and gives its whole story.

    Ctrl+C only stops the watching: the job goes on, and a line says so.
    """
    story = Story()
    told = 0
    try:
        with _bars() as bars:
            for event in follow(job):
                story.add([event])
                bars.show(story)
                for notice in story.notices[told:]:
                    bars.line(f"{notice.level}: {notice.text}")
                told = len(story.notices)
    except KeyboardInterrupt:
        say(f"{job.name} goes on; `ftworkbench watch {job.path}` follows it, `ftworkbench stop {job.path}` stops it")
        raise
    ended = phase(job)
    if ended != "done":
        say(f"{job.name} {ended}: {story.why or 'see ' + str(job.log)}")
        if job.kind == "train":
            say(f"`ftworkbench resume {job.path}` goes on from its last checkpoint")
    return story


class _Bars:
    """Progress bars on a terminal; elsewhere a line now and then."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}
        self._phase = ""
        self._told = 0.0
        self._waiting: TaskID | None = None

    def line(self, text: str) -> None:
        from ftworkbench.printable import printable

        if self._progress is None:
            say(f"  {text}")
        else:
            self._progress.console.print(f"  {printable(text)}", markup=False, highlight=False)

    def show(self, story: Story) -> None:
        if story.phase != self._phase:
            self._phase = story.phase
            self._show_phase(story)
        for what, (done, total, unit) in story.progress.items():
            self._show_progress(story, what, done, total, unit)

    def _show_phase(self, story: Story) -> None:
        if self._progress is None:
            if story.phase in {"queued", "loading", "saving"}:
                say(f"  {story.phase} {story.why}".rstrip())
            return
        if self._waiting is not None:
            self._progress.remove_task(self._waiting)
            self._waiting = None
        if story.phase in {"queued", "loading", "saving"}:
            self._waiting = self._progress.add_task(story.phase, total=None, says=story.why)

    def _show_progress(self, story: Story, what: str, done: float, total: float, unit: str) -> None:
        says = _figures(story) if unit in {"step", "steps"} else ""
        if self._progress is not None:
            if what not in self._tasks:
                self._tasks[what] = self._progress.add_task(what, total=total or None, says=says)
            self._progress.update(self._tasks[what], completed=done, total=total or None, says=says)
            return
        finished = bool(total) and done >= total
        if what in self._tasks and not finished and time.monotonic() - self._told < _PLAIN_EVERY:
            return
        if self._tasks.get(what) == -1:
            return
        self._tasks[what] = -1 if finished else 0  # type: ignore[assignment]
        self._told = time.monotonic()
        say(f"  {what} {done:g}/{total:g} {unit} {says}".rstrip())


def _figures(story: Story) -> str:
    parts = []
    for name, label in (("loss", "loss"), ("eval_loss", "validation loss")):
        value = story.latest(name)
        if value is not None:
            parts.append(f"{label} {value:.3f}")
    speed = story.latest("tokens_per_second")
    if speed:
        parts.append(f"{speed:,.0f} tokens/s")
    left = story.eta(time.time())
    if left:
        parts.append(f"{duration(left)} left")
    return "  ".join(parts)


@contextmanager
def _bars() -> Iterator[_Bars]:
    if not sys.stderr.isatty():
        yield _Bars(None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("  {task.description:<24}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[says]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True, highlight=False), refresh_per_second=4) as progress:
        yield _Bars(progress)
