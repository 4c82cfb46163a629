"""From a step of a training to the rows that it took, on the Data screen."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ftworkbench.tui.shown_rows import open_rows

if TYPE_CHECKING:
    from ftworkbench.jobs.folder import Job
    from ftworkbench.tui.app import Workbench

# Losses that are logged now and then are means over the steps since; of more steps than these only the last are shown.
_MOST_STEPS = 32


def show_step_rows(workbench: Workbench, job: Job, after: int, step: int) -> None:
    """Shows the rows of the steps after `after`, up to `step`, on the Data screen, and no others."""
    first = max(after + 1, step - _MOST_STEPS + 1)
    words = f"step {step:,}" if first == step else f"steps {first:,} to {step:,}"

    def show(found: tuple[Path, tuple[str, ...]]) -> None:
        path, keys = found
        if not keys:
            workbench.tell(f"{job.short} has not written down the rows of {words}", "warning")
            return
        open_rows(workbench, path, keys, words)

    workbench.launch(partial(_rows_of, job, first, step), show, doing="looking for its rows", group="step rows")


def _rows_of(job: Job, first: int, last: int) -> tuple[Path, tuple[str, ...]]:
    """The file that the job was trained on, and the keys of the rows of these steps. For a thread."""
    from ftworkbench.jobs.step_rows import rows_of_step
    from ftworkbench.jobs.submitted import recipe_of

    recipe = recipe_of(job)
    keys = [key for step in range(first, last + 1) for key in rows_of_step(job, step)]
    return job.workspace.root / recipe.data.train, tuple(dict.fromkeys(keys))
