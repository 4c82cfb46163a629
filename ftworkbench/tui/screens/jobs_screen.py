"""What Runs, Compare, Evaluate and Ship share: the workspace's jobs, and one of them whose story is followed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ftworkbench.tui.screens.screen import WorkbenchScreen
from ftworkbench.tui.telling import Telling
from ftworkbench.tui.watch import EventsArrived, JobsChanged
from ftworkbench.tui.widgets.job_list import Entry

if TYPE_CHECKING:
    from ftworkbench.jobs.folder import Job

# How soon a story that is long goes on: at once, but after the keys that wait.
_SOON = 0.001


class JobsScreen(WorkbenchScreen):
    """Knows the jobs by name, and tells the story of the one that it follows as its events come.

    A screen gives `show_jobs` and `story_moved`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[str, Entry] = {}
        self.telling: Telling | None = None

    # The jobs

    def job_named(self, name: str) -> Job:
        from ftworkbench.jobs.folder import Job

        return Job((self.workbench.workspace.jobs / name).resolve())

    def is_removed(self, name: str) -> bool:
        """Whether the job's folder is gone: into the bin, most likely by a key of this screen or another's."""
        return name not in self.entries and not self.job_named(name).path.is_dir()

    def trained(self) -> list[Entry]:
        """The training jobs that are done, oldest first."""
        return [entry for entry in self.entries.values() if entry["kind"] == "train" and entry["phase"] == "done"]

    def on_jobs_changed(self, message: JobsChanged) -> None:
        self.take_jobs(message.jobs)

    def take_jobs(self, entries: Sequence[Entry]) -> None:
        """Takes the workspace's jobs, oldest first, and shows them."""
        self.entries = {entry["job"]: entry for entry in entries}
        self.show_jobs(entries)

    def show_jobs(self, entries: Sequence[Entry]) -> None:
        """Called with the workspace's jobs, oldest first, whenever they are others."""

    # The story of one

    @property
    def told_entry(self) -> Entry | None:
        """The entry of the job whose story is followed."""
        return self.entries.get(self.telling.job.name) if self.telling is not None else None

    def follow_job(self, job: Job) -> None:
        """Tells another job's story from now on, from its first event."""
        self.telling = Telling(job)
        self.workbench.job_watch.follow(job, self.SCOPE)

    @property
    def followed(self) -> list[Telling]:
        """The stories that are told as their events come."""
        return [self.telling] if self.telling is not None else []

    def on_events_arrived(self, message: EventsArrived) -> None:
        theirs = [telling for telling in self.followed if telling.job.name == message.job.name]
        new = [telling.take(message.events) for telling in theirs]
        if any(new):
            self._tell()

    def _tell(self) -> None:
        if all(telling.go_on() for telling in self.followed):
            self.story_moved()
        else:
            self.set_timer(_SOON, self._tell)

    def story_moved(self) -> None:
        """Called when more of the story was told."""
