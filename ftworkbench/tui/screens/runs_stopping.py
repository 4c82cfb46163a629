"""Stopping a job from the Runs screen: it is asked for first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftworkbench.tui.widgets.job_list import Entry
from ftworkbench.tui.widgets.job_words import ALIVE, job_title

if TYPE_CHECKING:
    from ftworkbench.jobs.folder import Job
    from ftworkbench.tui.app import Workbench

_NOW = (
    "It is asked to leave, and killed when it has not within ten seconds; what it did since its last checkpoint may be "
    "lost."
)
_HANGS = "It gives no sign of life. If its process is still there, it is killed with all that it started."
_SOON = "It finishes the step at hand, saves a checkpoint and leaves. r goes on from there."


def ask_to_stop(workbench: Workbench, entry: Entry, job: Job, *, now: bool) -> None:
    """Asks whether the job is to be stopped, at once or after its step, and stops it."""
    from ftworkbench.tui.widgets.dialogs import Answer, Ask

    hangs = now and entry["phase"] == "lost"  # its process may be there still
    if entry["phase"] not in ALIVE and not hangs:
        workbench.tell(f"{job_title(entry)} does not run; it is {entry['phase']}")
        return
    answer = Answer("S" if now else "s", "stop now" if now else "stop", "stop")
    workbench.push_screen(
        Ask(f"Stop {job_title(entry)}?", _HANGS if hangs else _NOW if now else _SOON, [answer]),
        lambda said: _stop(workbench, job, now=now) if said == "stop" else None,
    )


def _stop(workbench: Workbench, job: Job, *, now: bool) -> None:
    from ftworkbench.jobs.launch import stop

    workbench.launch(
        lambda: stop(job, now=now), lambda _: workbench.tell("asked to stop"), doing="stopping it", group="stop"
    )
