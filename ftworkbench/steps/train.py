"""Training, as a person asks for it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Any

from ftworkbench.errors import InputError
from ftworkbench.estimate.disk import job_bytes
from ftworkbench.estimate.fit import peak_gib
from ftworkbench.figures import size
from ftworkbench.jobs.folder import Job, result
from ftworkbench.jobs.launch import resume, submit
from ftworkbench.jobs.state import phase
from ftworkbench.recipe.reporters import reporter_problems
from ftworkbench.recipe.resolve import Choice
from ftworkbench.steps.basis import require_basis
from ftworkbench.steps.choose import choose
from ftworkbench.steps.model_checks import require_sound
from ftworkbench.steps.recipe import Opened
from ftworkbench.steps.splits import input_hashes, require_split


def start_training(opened: Opened, earlier: Sequence[Choice] = ()) -> Job:
    """Launches a training job and gives its folder at once. Raises InputError where it could not even begin.

    `earlier` are choices that the recipe holds already, from the job that it is taken from.
    """
    basis = require_basis(opened)
    require_reporters(opened)
    split = require_split(opened)
    if not split.counts["train"]:
        raise InputError(f"{opened.path.name}: data.train: no rows are left to train on after curation")
    opened = choose(opened, basis)
    require_sound(opened, basis)
    require_room(opened, job_bytes(basis.shape, opened.resolved))
    return submit(
        opened.workspace, "train", opened.resolved, {},
        hashes=input_hashes(split), choices=(*earlier, *opened.choices), overrides=opened.overrides,
        peak_gib=peak_gib(opened.resolved, basis.shape, basis.sizes.longest, cpu=False),
    )  # fmt: skip


def require_room(opened: Opened, needed: int) -> None:
    """Raises InputError where the disk of the workspace has fewer free bytes than the job needs."""
    free = shutil.disk_usage(opened.workspace.root).free
    if free < needed:
        raise InputError(
            f"{opened.path.name}: the job's checkpoints and adapter take {size(needed)}, and the disk of "
            f"{opened.workspace.root.resolve()} has {size(free)} free; make room (`ftworkbench bin --empty` gives back "
            "what removed jobs hold), or lower train.save_total_limit"
        )


def require_reporters(opened: Opened) -> None:
    """Raises InputError where train.report_to names a tracker that is not installed, or none at all."""
    for problem in reporter_problems(opened.resolved.train.extra.get("report_to")):
        raise InputError(f"{opened.path.name}: train.report_to: {problem}")


def resume_training(job: Job) -> Job:
    """Goes on from the job's last good checkpoint, in its own folder. Raises JobError where that cannot be."""
    return resume(job)


def train_result(job: Job) -> dict[str, Any]:
    """What `ftworkbench train --json` prints. A figure that the job never reached is None."""
    figures = ("steps", "train_loss", "eval_loss", "tokens_per_second", "peak_gib", "seconds")
    found = result(job) or {}
    return {"job": job.name, "phase": phase(job), **{name: found.get(name) for name in figures}}
