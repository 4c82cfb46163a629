"""A job's recipe once more, as a new job."""

from __future__ import annotations

from dataclasses import dataclass

from ftworkbench.data.splits.split import find_split, frozen_sha256
from ftworkbench.errors import InputError
from ftworkbench.jobs.folder import Job, read_manifest
from ftworkbench.machine import this_machine
from ftworkbench.recipe.read import parse
from ftworkbench.recipe.resolve import Choice, resolve
from ftworkbench.steps.recipe import Opened
from ftworkbench.steps.train import start_training


@dataclass(frozen=True)
class Again:
    """The new job, and what is otherwise than it was for the first; nothing in most cases."""

    job: Job
    notes: tuple[str, ...]


def run_again(job: Job) -> Again:
    """Launches a training job's own recipe.toml again, and gives the new job's folder at once.

    Raises InputError where it is no training job, or could not even begin: its data is gone, the frozen split was
    made with other settings, this machine lacks what the recipe asks for.
    """
    if job.kind != "train":
        raise InputError(f"{job.short}: is no training job, but of the kind {job.kind}; only training is run again")
    opened = _opened(job)
    split = read_manifest(job)["hashes"].get("split")
    was_frozen = find_split(opened.workspace, opened.recipe.name, opened.recipe.data) is not None
    new = start_training(opened, _choices(read_manifest(job).get("choices")))
    notes = []
    if split and frozen_sha256(opened.workspace, opened.recipe.name) != split:
        why = "was frozen anew since" if was_frozen else "was gone, and was frozen anew"
        notes.append(f"not on the rows of {job.short}: the split {why}, so the two losses cannot be compared")
    return Again(new, tuple(notes))


def _opened(job: Job) -> Opened:
    """The job's recipe as the job has it, in the name of the recipe that it came from."""
    manifest = read_manifest(job)
    name = str(manifest["recipe"])
    try:
        text = job.recipe.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{job.short}/recipe.toml: cannot be read: {error}") from None
    recipe = parse(text, name, f"{job.short}/recipe.toml")
    resolved, added = resolve(recipe, this_machine())
    workspace = job.workspace
    return Opened(
        workspace.root / f"{name}.toml",
        recipe,
        resolved,
        added,
        workspace,
        tuple(manifest.get("overrides") or ()),
    )


def _choices(found: object) -> tuple[Choice, ...]:
    """The choices that the first job was started with, as its manifest has them."""
    if not isinstance(found, list):
        return ()
    known = [each for each in found if isinstance(each, dict) and {"key", "value", "why"} <= each.keys()]
    return tuple(Choice(each["key"], each["value"], each["why"]) for each in known)
