"""The background thread that knows the workspace's jobs: it lists them, tails their events, and posts what changed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.message import Message

if TYPE_CHECKING:
    from ftworkbench.jobs.events import Event
    from ftworkbench.jobs.folder import Job
    from ftworkbench.jobs.follow import Tail
    from ftworkbench.jobs.story import Story
    from ftworkbench.workspace import Workspace

# An event is on the screen a quarter of a second after the worker wrote it, at the latest.
TAIL_SECONDS = 0.25
# Leaving the app waits for its threads, so no wait is longer than this.
SLICE_SECONDS = 0.1
_LIST_EVERY = 4  # times that it tails: what changes every second can be read
_MOST_BYTES = 2_000_000  # that are read before what they say is shown
_MANY = 1_000  # events at once: there are more, and they are read without a rest
LIVE_PHASES = frozenset({"queued", "loading", "running", "saving"})


@dataclass(frozen=True)
class Live:
    """What the top bar says of the job at work, or of the first that waits. `fraction` of its steps, 0 to 1."""

    name: str
    kind: str
    phase: str
    fraction: float | None
    loss: float | None


class JobsChanged(Message, bubble=False):
    """The workspace's jobs, oldest first, as `steps.jobs.summary` gives them. The app hands it to every screen."""

    def __init__(self, jobs: tuple[Mapping[str, Any], ...], live: Live | None) -> None:
        super().__init__()
        self.jobs = jobs
        self.live = live

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, JobsChanged)


class EventsArrived(Message, bubble=False):
    """New events of a job that is followed; the first after `follow` brings all that were there."""

    def __init__(self, job: Job, events: tuple[Event, ...]) -> None:
        super().__init__()
        self.job = job
        self.events = events


@dataclass
class _Followed:
    """A job whose events are read as they come. Of its story only where it stands is kept."""

    tail: Tail
    story: Story
    new: list[Event] = field(default_factory=list)
    wanted: bool = False

    def poll(self) -> bool:
        """Reads some of what came; True where there may be more."""
        events = self.tail.poll(_MOST_BYTES)
        self.story.add(events)
        self.story.forget_past()
        if self.wanted:
            self.new += events
        return len(events) >= _MANY


class JobWatch:
    """Lists the jobs of a workspace every second, tails those that live or are followed every time.

    `run` is the body of a thread; `follow` and `stop` may be called from any other.
    """

    def __init__(self, workspace: Workspace, post: Callable[[Message], object]) -> None:
        self.workspace = workspace
        self._post = post
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._wanted: dict[str, Job] = {}
        self._restart: set[str] = set()
        self._followed: dict[str, _Followed] = {}
        self._ended: dict[str, tuple[object, Mapping[str, Any]]] = {}
        self._last: object = None

    def follow(self, job: Job | None, owner: str = "runs") -> None:
        """Tails this job for `owner`, a screen, from its first event; instead of the owner's one before.

        None tails only what lives, and what other owners want. Who follows it already is given its events again:
        they have the same `seq`.
        """
        with self._lock:
            if job is None:
                self._wanted.pop(owner, None)
            else:
                self._wanted[owner] = job
                self._restart.add(job.name)

    def stop(self) -> None:
        """Ends `run` within a fifth of a second."""
        self._stopped.set()

    def run(self, cancelled: Callable[[], bool] = lambda: False) -> None:
        """Watches until stopped, or until `cancelled` says so."""
        turn = 0
        while not self._stopped.is_set() and not cancelled():
            more = self.poll(list_jobs=turn % _LIST_EVERY == 0)
            turn += 1
            waited = TAIL_SECONDS if more else 0.0
            while waited < TAIL_SECONDS and not cancelled() and not self._stopped.wait(SLICE_SECONDS):
                waited += SLICE_SECONDS

    def poll(self, *, list_jobs: bool = True) -> bool:
        """Looks once, and posts what is new. True where more is there already."""
        with self._lock:
            wanted, restart = {job.name: job for job in self._wanted.values()}, self._restart
            self._restart = set()
        for name in restart:
            self._followed.pop(name, None)
        for job in wanted.values():
            self._follow(job, wanted=True)
        more = [followed.poll() for followed in self._followed.values()]
        if list_jobs:
            self._list(wanted)
        for name, job in wanted.items():
            arrived = self._followed[name].new
            if arrived and not self._stopped.is_set():
                self._post(EventsArrived(job, tuple(arrived)))
                self._followed[name].new = []
        return any(more)

    def _follow(self, job: Job, *, wanted: bool = False) -> _Followed:
        from ftworkbench.jobs.follow import Tail
        from ftworkbench.jobs.story import Story

        if job.name not in self._followed:
            self._followed[job.name] = _Followed(Tail(job.events), Story(), wanted=wanted)
            self._followed[job.name].poll()
        return self._followed[job.name]

    def _list(self, wanted: Mapping[str, Job]) -> None:
        from ftworkbench.jobs.folder import list_jobs
        from ftworkbench.jobs.state import phase

        jobs = list_jobs(self.workspace)
        verdicts = sum((job.path / "verdict.json").exists() for job in jobs if job.kind == "evaluate")
        splits, names = _splits_of(self.workspace), hash(tuple(job.name for job in jobs))
        entries: list[Mapping[str, Any]] = []
        live: Live | None = None
        for job in jobs:
            now = phase(job)
            if now in LIVE_PHASES:
                followed = self._follow(job)
                entry = self._summary(job, jobs, followed.story)
                if job.kind != "session" and (live is None or now != "queued"):
                    live = _live(job, now, followed.story)
            else:
                entry = self._summary_of_ended(job, jobs, (now, _mtimes(job), verdicts, splits, names))
                if job.name not in wanted:
                    self._followed.pop(job.name, None)
            entries.append(entry)
        found = (tuple(entries), live)
        if found != self._last and not self._stopped.is_set():
            self._last = found
            self._post(JobsChanged(*found))

    def _summary_of_ended(self, job: Job, jobs: list[Job], key: object) -> Mapping[str, Any]:
        """An ended job's events don't change, so they are read once."""
        known = self._ended.get(job.name)
        if known is None or known[0] != key:
            known = (key, self._summary(job, jobs, None))
            self._ended[job.name] = known
        return known[1]

    @staticmethod
    def _summary(job: Job, jobs: list[Job], story: Story | None) -> Mapping[str, Any]:
        from ftworkbench.steps.jobs import summary

        return summary(job, jobs, story)


def _mtimes(job: Job) -> tuple[int, int]:
    """When the job last said where it is, and when somebody last marked it."""
    return _mtime(job.state), _mtime(job.marks)


def _mtime(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _splits_of(workspace: Workspace) -> tuple[tuple[str, int], ...]:
    """When each split was frozen: a verdict is void once another one takes its split's place."""
    try:
        return tuple(sorted((entry.name, entry.stat().st_mtime_ns) for entry in os.scandir(workspace.splits)))
    except OSError:
        return ()


def _live(job: Job, phase: str, story: Story) -> Live:
    fraction = min(story.step / story.steps, 1.0) if story.steps else None
    return Live(job.name, job.kind, phase, fraction, story.latest("loss"))
