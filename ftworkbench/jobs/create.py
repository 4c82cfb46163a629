"""Making the folder of a new job."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from typing import Any

from ftworkbench.files import write_json
from ftworkbench.jobs.bin import names_in_bin
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.names import new_name
from ftworkbench.jobs.state import State, put_state
from ftworkbench.machine import boot_id, host
from ftworkbench.workspace import Workspace


def create_job(workspace: Workspace, kind: str, recipe_text: str, manifest: Mapping[str, Any]) -> Job:
    """Makes the folder of a new job, queued, and gives it. `manifest["recipe"]` is the recipe's name.

    The folder appears whole: nobody sees it without its recipe, manifest and state.
    """
    now = time.time()
    workspace.jobs.mkdir(exist_ok=True)
    staged = workspace.jobs / f".new-{os.urandom(8).hex()}"
    staged.mkdir(mode=0o700)
    try:
        job = Job(staged)
        job.recipe.write_text(recipe_text, encoding="utf-8")
        taken = {entry.name for entry in os.scandir(workspace.jobs)} | names_in_bin(workspace)
        name = new_name(kind, str(manifest.get("recipe", "job")), now, taken)
        write_json(job.manifest, {**manifest, "v": 1, "kind": kind, "name": name, "created": now})
        put_state(job, State(phase="queued", boot_id=boot_id(), host=host(), t=now))
        staged.rename(workspace.jobs / name)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    return Job((workspace.jobs / name).resolve())
