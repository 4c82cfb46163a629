"""The sessions of this workbench: those that it started end when it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ftworkbench.jobs.folder import Job
    from ftworkbench.steps.recipe import Opened


class Sessions:
    """Opens sessions, and remembers which were not there before. Called from the threads that ask."""

    def __init__(self) -> None:
        self._started: list[Job] = []

    def open(self, opened: Opened, train_job: Job | None) -> Job:
        """The session that runs for this recipe and training job, or a new one."""
        from ftworkbench.steps.session import running_session, start_session

        running = running_session(opened, train_job)
        if running is not None:
            return running
        job = start_session(opened, train_job)
        self._started.append(job)
        return job

    def end(self) -> frozenset[str]:
        """Lets those end that were started here, and gives the names of their jobs.

        Nothing is lost by it, while a model that nobody asks would hold its memory for minutes. Whoever shares one
        has what was asked answered first, and starts another by asking again.
        """
        from ftworkbench.steps.session import close_session

        ended = frozenset(job.name for job in self._started if close_session(job))
        self._started.clear()
        return ended
