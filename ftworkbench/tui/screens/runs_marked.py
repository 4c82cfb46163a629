"""The runs that are marked in the list: their curves are drawn over each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ftworkbench.jobs.names import short_name
from ftworkbench.tui.telling import Telling
from ftworkbench.tui.widgets.run_curves import SIGNS, Run

if TYPE_CHECKING:
    from ftworkbench.jobs.folder import Job
    from ftworkbench.tui.app import Workbench

_OWNER = "marked "


class MarkedRuns:
    """Follows the marked jobs. A job keeps its sign for as long as it is marked."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}

    @property
    def signs(self) -> Mapping[str, tuple[str, str]]:
        """Sign and style of each marked job, by its name."""
        return {name: (run.sign, f"bold ${run.colour}") for name, run in self._runs.items()}

    @property
    def tellings(self) -> list[Telling]:
        return [run.telling for run in self._runs.values()]

    def telling(self, name: str) -> Telling | None:
        """The story of the job of that name, if it is marked."""
        return self._runs[name].telling if name in self._runs else None

    def toggle(self, workbench: Workbench, job: Job, telling: Telling) -> None:
        """Marks the job, or takes its mark away."""
        if self._runs.pop(job.name, None) is not None:
            workbench.job_watch.follow(None, _OWNER + job.name)
            return
        free = next((number for number in range(len(SIGNS)) if number not in self._numbers()), None)
        if free is None:
            workbench.tell(f"{len(SIGNS)} runs are marked already; space takes a mark away, q all of them", "warning")
            return
        self._runs[job.name] = Run(short_name(job.name), free, telling)
        workbench.job_watch.follow(job, _OWNER + job.name)

    def clear(self, workbench: Workbench) -> bool:
        """Takes all marks away; False where there were none."""
        for name in self._runs:
            workbench.job_watch.follow(None, _OWNER + name)
        found = bool(self._runs)
        self._runs.clear()
        return found

    def keep(self, workbench: Workbench, names: Sequence[str]) -> None:
        """Forgets the jobs that are not there any more."""
        for name in set(self._runs) - set(names):
            workbench.job_watch.follow(None, _OWNER + name)
            del self._runs[name]

    def over(self, name: str, telling: Telling) -> list[Run]:
        """The runs to draw over each other: that one first, with a sign of its own, then the marked ones."""
        others = [run for key, run in self._runs.items() if key != name]
        if not others:
            return []
        own = self._runs.get(name)
        if own is None:
            number = next(number for number in range(len(SIGNS) + 1) if number not in self._numbers())
            own = Run(short_name(name), number, telling)
        return [own, *others]

    def _numbers(self) -> set[int]:
        return {run.number for run in self._runs.values()}
