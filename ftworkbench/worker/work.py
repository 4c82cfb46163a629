"""One attempt at a job, as the kinds of work see it: what to do, where to tell, when to stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ftworkbench.errors import JobError, WorkbenchError
from ftworkbench.files import DISK_FULL
from ftworkbench.jobs.events import EventLog
from ftworkbench.jobs.find import find_job
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import own_state, write_state
from ftworkbench.jobs.submitted import recipe_of
from ftworkbench.recipe.tables import Recipe
from ftworkbench.workspace import Workspace


class StoppedError(WorkbenchError):
    """The job was asked to stop, and has."""


class BeginAgainError(WorkbenchError):
    """This attempt cannot go on, and another one, in a process of its own, can: all for it is written down."""


def tell_phase(job: Job, log: EventLog, phase: str, why: str = "", **fields: Any) -> None:
    """Says where the job is, in its state and its events. Waits for room where the disk is full."""
    while True:
        try:
            write_state(job, own_state(phase, log.attempt, why))
            break
        except OSError as error:
            if error.errno not in DISK_FULL or log.wait is None:
                raise
            log.wait()
    log.emit("phase", phase=phase, why=why, **fields)


@dataclass(frozen=True)
class Work:
    """`args` are the kind's own, from the manifest. `device` is "cpu" or "cuda", `queue` its name in the queue.

    `offline` says that the user wants the hub never to be asked, neither for a model nor for data.
    """

    job: Job
    recipe: Recipe
    args: Mapping[str, Any]
    log: EventLog
    device: str
    queue: str
    stopped: Callable[[], bool]
    offline: bool = False

    @property
    def workspace(self) -> Workspace:
        return self.job.workspace

    def phase(self, phase: str, why: str = "", **fields: Any) -> None:
        """Says where the job is, in its state and its events."""
        tell_phase(self.job, self.log, phase, why, **fields)

    def wait(self, why: str) -> None:
        """Says that the job is queued, and whom it waits for."""
        self.phase("queued", why)

    def progress(self, what: str, done: int, total: int, unit: str) -> None:
        self.log.emit("progress", what=what, done=done, total=total, unit=unit)

    def notice(self, text: str, code: str, *, level: str = "warning", **fields: Any) -> None:
        """Tells a person something. `code` is what programs know it by."""
        self.log.emit("notice", level=level, text=text, code=code, **fields)

    def leave_if_stopped(self) -> None:
        """Raises StoppedError where the job was asked to stop."""
        if self.stopped():
            raise StoppedError("as it was asked to")

    def train_job(self) -> tuple[Job, Recipe] | None:
        """The training job that the arguments name, with its recipe; None where they name none."""
        path = self.args.get("job")
        if not path:
            return None
        job = find_job(self.workspace, str(path))
        if not job.has_adapter:
            raise JobError(f"{job.short}: has no adapter yet; train it to its end, or stop it, first")
        return job, recipe_of(job)
