"""What a job was submitted with."""

from __future__ import annotations

from ftworkbench.jobs.folder import Job, read_manifest
from ftworkbench.recipe.read import parse
from ftworkbench.recipe.tables import Recipe


def recipe_of(job: Job) -> Recipe:
    """The recipe that a job runs or ran, as it was resolved when it was submitted.

    Raises JobError for what is no job, RecipeError where this version does not understand the recipe, OSError or
    UnicodeDecodeError where it cannot be read.
    """
    name = str(read_manifest(job)["recipe"])
    return parse(job.recipe.read_text(encoding="utf-8"), name, f"{job.short}/recipe.toml")
