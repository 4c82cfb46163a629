"""Commands to type next, which work word for word in the folder where they are read."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from ftworkbench.commands.show import aligned
from ftworkbench.data.formats.format import RAW_TEXT
from ftworkbench.data.sources.source import open_source
from ftworkbench.errors import WorkbenchError
from ftworkbench.jobs.folder import Job
from ftworkbench.steps.evaluate import measurable_jobs, recipe_of
from ftworkbench.steps.recipe import Opened
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


def next_lines(steps: Sequence[Sequence[str]], head: str = "next") -> list[str]:
    """What comes next: a head, then commands, each with what it does."""
    return [f"{head}:", *(f"  {line}" for line in aligned(steps))]


def measure_and_train(opened: Opened) -> list[list[str]]:
    """The commands that measure the baseline and train, with the same changes to the recipe."""
    said = [word for each in opened.overrides for word in ("--set", each)]
    train = [command("train", recipe_name(opened.path), *said), "trains"]
    with open_source(opened.workspace.root / opened.recipe.data.train, opened.recipe.data) as source:
        if str(source.format) == RAW_TEXT:  # asks nothing
            return [train]
    return [[evaluate(opened.path, None, opened.overrides), "measures the prompted baseline"], train]


def look_at_card(opened: Opened) -> list[list[str]]:
    """The command that says what a card would take, with the same changes to the recipe."""
    said = [word for each in opened.overrides for word in ("--set", each)]
    asked = command("fit", recipe_name(opened.path), "--card", "RTX 4090", *said)
    return [[asked, "says what a card takes; any card that it knows will do"]]


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
