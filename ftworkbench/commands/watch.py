"""`watch JOB`: follow a job until it ends. Also how every other command follows the job that it launched."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from ftworkbench.commands import hints
from ftworkbench.commands.arguments import add_job, add_json
from ftworkbench.commands.bars import Bars, bars
from ftworkbench.commands.results import is_good, report
from ftworkbench.commands.show import call, emit, say
from ftworkbench.errors import EXIT_GOOD, EXIT_NO
from ftworkbench.jobs.folder import Job, list_jobs
from ftworkbench.jobs.follow import follow
from ftworkbench.jobs.lost import why_lost
from ftworkbench.jobs.state import phase, read_state
from ftworkbench.jobs.story import Story
from ftworkbench.jobs.trends import Trend, Watched
from ftworkbench.steps.jobs import ALIVE_ONE, named_job, summary

_LONG = 10.0  # seconds after which somebody who waits may look elsewhere


# Seconds: what a curve said for a while long ago, and says no more, is no news to whoever comes later.
_NEWS = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_job(parser, "the job to follow")
    add_json(parser, "the job's entry of `jobs --json`, when it has ended,")


def run(args: argparse.Namespace) -> int:
    job = named_job(args.job, args.workspace, ALIVE_ONE)
    story = watch_job(job)
    if not args.json:
        return report(job, as_json=False)
    emit(summary(job, list_jobs(job.workspace), story))
    return EXIT_GOOD if is_good(job) else EXIT_NO


def watch_job(job: Job) -> Story:
    """Follows `job` to its end, shows how it goes and what its curves say on stderr, and gives its whole story.

    Ctrl+C only stops the watching: the job goes on, and a line says so.
    """
    story = Story()
    told = 0
    watched, said = Watched(), set[str]()
    began = time.monotonic()
    state = read_state(job)
    attempt = 1 if state is None else state.attempt  # what earlier ones told was told then
    try:
        with bars() as shown:
            for event in follow(job):
                story.add([event])
                shown.show(story)
                for notice in story.notices[told:] if event.attempt >= attempt else ():
                    shown.line(f"{notice.level}: {notice.text}")
                told = len(story.notices)
                if time.time() - event.t < _NEWS:
                    _say_trends(watched.of(story), said, shown)
            _say_trends(watched.of(story), said, shown)
    except KeyboardInterrupt:
        say(f"{job.short} goes on; `{hints.of_job('watch', job)}` follows it, `{hints.of_job('stop', job)}` stops it")
        raise
    ended = phase(job)
    if time.monotonic() - began > _LONG:
        call(f"{job.short} {ended}")
    if ended != "done":
        why = why_lost(job) if ended == "lost" else story.why
        say(f"{job.short} {ended}: {why or 'see ' + str(job.log)}")
        if job.kind == "train":
            say(f"`{hints.of_job('resume', job)}` goes on from its last checkpoint")
    return story


def _say_trends(trends: Sequence[Trend], said: set[str], shown: Bars) -> None:
    """Says each trend whose code was not said yet."""
    for trend in trends:
        if trend.code not in said:
            said.add(trend.code)
            shown.line(f"curves: {trend}")
