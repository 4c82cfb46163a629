"""Commands to type next, which work word for word in the folder where they are read."""

from __future__ import annotations

import shlex
from pathlib import Path

from ftworkbench.errors import WorkbenchError
from ftworkbench.jobs.folder import Job
from ftworkbench.steps.evaluate import measurable_jobs, recipe_of
from ftworkbench.workspace import Workspace

# Tables that change how a model is trained, and nothing about how it is measured.
_ONLY_TRAINING = ("train.", "lora.", "method.")


def command(*words: str | Path) -> str:
    """`ftworkbench` with these words, quoted as a shell wants them."""
    return shlex.join(["ftworkbench", *map(str, words)])


def place(path: Path) -> Path:
    """`path` as it is shortest from here: relative where it lies in this folder."""
    there, here = path.resolve(), Path.cwd()
    return there.relative_to(here) if there.is_relative_to(here) else there


def of_job(verb: str, job: Job, *more: str | Path) -> str:
    """A command about a job, by the name that people are shown."""
    root = job.workspace.root
    where = () if root.resolve() == Path.cwd() else ("--workspace", str(place(root)))
    return command(verb, job.short, *more, *where)


def evaluate(recipe: Path, job: Job | None = None, overrides: tuple[str, ...] = ()) -> str:
    """Measuring a recipe's baseline, or a job of it, with the same changes to the recipe."""
    kept = [each for each in overrides if not each.strip().startswith(_ONLY_TRAINING)]
    options = [word for each in kept for word in ("--set", each)]
    return command("evaluate", recipe_name(recipe), *(["--job", job.short] if job else []), *options)


def recipe_name(recipe: Path) -> Path:
    """What names a recipe in a command: its workspace where it is the only one there and not this folder."""
    there = place(recipe.parent)
    return there if there != Path() and len(Workspace(recipe.parent).recipes()) == 1 else place(recipe)


def after_training(job: Job) -> str | None:
    """How the job is measured; None where that cannot be done any more: the split was frozen anew, or so."""
    try:
        opened = recipe_of(job)
        if opened is None or job not in measurable_jobs(opened):
            return None
    except WorkbenchError:
        return None
    return evaluate(opened.path, job, opened.overrides)


def after_evaluation(train_job: Job) -> str:
    """How a job that was found better is shipped."""
    out = train_job.workspace.root / "merged" / train_job.short
    return of_job("merge", train_job, "--out", place(out))
