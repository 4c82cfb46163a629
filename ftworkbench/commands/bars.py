"""How a job goes on, shown on stderr: bars on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ftworkbench.commands.show import say
from ftworkbench.figures import duration
from ftworkbench.jobs.story import Story
from ftworkbench.printable import printable

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_PLAIN_EVERY = 5.0  # seconds between lines where stderr is no terminal
_WAITING = frozenset({"queued", "loading", "saving"})  # phases without progress of their own


class Bars:
    """Shows a story as it grows: its phase while it waits, then how far each piece of work is."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID | None] = {}
        self._ended: set[str] = set()
        self._phase = ("", "")
        self._told = 0.0
        self._waiting: TaskID | None = None

    def line(self, text: str) -> None:
        if self._progress is None:
            say(f"  {text}")
        else:
            self._progress.console.print(f"  {printable(text)}", markup=False, highlight=False)

    def show(self, story: Story) -> None:
        if (story.phase, story.why) != self._phase:
            self._phase = (story.phase, story.why)
            self._show_phase(story)
        for what, (done, total, unit) in story.progress.items():
            self._show_progress(story, what, done, total, unit)

    def _show_phase(self, story: Story) -> None:
        if self._progress is None:
            if story.phase in _WAITING:
                say(f"  {story.phase}: {story.why}" if story.why else f"  {story.phase}")
            return
        if self._waiting is not None:
            self._progress.remove_task(self._waiting)
            self._waiting = None
        if story.phase in _WAITING:
            self._waiting = self._progress.add_task(story.phase, total=None, says=printable(story.why))

    def _show_progress(self, story: Story, what: str, done: float, total: float, unit: str) -> None:
        says = _figures(story) if unit in {"step", "steps"} else ""
        if unit == "bytes":
            done, total, unit, says = round(done / 1e6, 1), round(total / 1e6, 1), "MB", "MB"
        if self._progress is None:
            self._say_progress(what, done, total, says if says == unit else f"{unit} {says}".rstrip())
            return
        task = self._tasks.get(what)
        if task is None:
            task = self._tasks[what] = self._progress.add_task(printable(what), total=total or None, says=says)
        self._progress.update(task, completed=done, total=total or None, says=says)

    def _say_progress(self, what: str, done: float, total: float, says: str) -> None:
        """A line for the beginning, for the end, and now and then between."""
        finished = bool(total) and done >= total
        soon = what in self._tasks and not finished and time.monotonic() - self._told < _PLAIN_EVERY
        if soon or what in self._ended:
            return
        self._tasks[what] = None
        if finished:
            self._ended.add(what)
        self._told = time.monotonic()
        say(f"  {what} {done:g}/{total:g} {says}".rstrip())


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
def bars() -> Iterator[Bars]:
    """Bars for a job, for as long as the block runs."""
    with _progress() as progress:
        yield Bars(progress)


@contextmanager
def counting() -> Iterator[Callable[[str, int, int], None] | None]:
    """Takes what is being done, how much of it is done, and of how much; None where no terminal would show it."""
    with _progress(transient=True) as progress:
        if progress is None:
            yield None
            return
        tasks: dict[str, TaskID] = {}

        def count(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(printable(what), says="")
            progress.update(tasks[what], completed=done, total=total)

        yield count


@contextmanager
def _progress(*, transient: bool = False) -> Iterator[Progress | None]:
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("  {task.description:<24}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[says]}", markup=False),
    )
    console = Console(stderr=True, highlight=False)
    with Progress(*columns, console=console, refresh_per_second=4, transient=transient) as progress:
        yield progress
