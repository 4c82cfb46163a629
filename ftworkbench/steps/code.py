"""Confirming the code that comes with a model, once it was read."""

from __future__ import annotations

from ftworkbench.errors import InputError
from ftworkbench.recipe.remote_code import SHOWN, code_of
from ftworkbench.steps.recipe import Opened, write_options


def confirm_code(opened: Opened, sha256: str) -> None:
    """Writes the hash of the model's code into the recipe, where `sha256` is that hash or its beginning.

    Raises InputError where it is not: the code is another one than was read.
    """
    code = code_of(opened.recipe.model, opened.workspace.root)
    if not code.files:
        raise InputError(f"{opened.recipe.model.model_id}: brings no code, so that there is nothing to confirm")
    if len(sha256) < SHOWN or not code.sha256.startswith(sha256.lower()):
        raise InputError(
            f"{opened.recipe.model.model_id}: {sha256} is not the hash of its code, which is {code.sha256[:SHOWN]} "
            f"({'; '.join(' '.join(line.split()) for line in code.lines)}); read it in {code.folder}"
        )
    write_options(opened.path, {"model.code_sha256": code.sha256})
