"""Shipping: a merged model, and the proof that it is the one that was measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ftworkbench.errors import InputError
from ftworkbench.jobs.folder import Job, read_manifest, result
from ftworkbench.jobs.launch import submit
from ftworkbench.jobs.submitted import recipe_of
from ftworkbench.workspace import Workspace


def start_merge(workspace: Workspace, train_job: Job, out: Path) -> Job:
    """Launches a merge of the job's adapter into its base model, to `out`, which must not hold anything yet."""
    if not train_job.has_adapter:
        raise InputError(f"{train_job.short}: has no adapter to merge")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: is there already and not empty; name another folder")
    recipe = recipe_of(train_job)
    args = {"job": str(train_job.path), "out": str(out.resolve())}
    hashes = read_manifest(train_job)["hashes"]
    return submit(workspace, "merge", recipe, args, hashes=hashes)


def merge_result(job: Job) -> dict[str, Any]:
    """What `ftworkbench merge --json` prints."""
    found = result(job) or {}
    missing = {
        "path": read_manifest(job)["args"]["out"],
        "same_answers": None,
        "prompts": 0,
        "max_logit_drift": None,
        "dtype": "float32",
        "merged_in": "float32",
    }
    return {**missing, **found, "job": job.name}


def proved(found: Mapping[str, Any]) -> bool:
    """Whether the merged model was shown to be the one that was measured: by its answers, or in float32 by the merge.

    Rounded to fewer bits than float32, a model may answer otherwise for that reason alone.
    """
    same = found["same_answers"] == found["prompts"]
    return bool(found["prompts"]) and (same or (found["dtype"] != "float32" and found["merged_in"] == "float32"))


def proof_words(found: Mapping[str, Any]) -> str:
    """What the merge proved, in one line."""
    same = f"{found['same_answers']} of {found['prompts']} answers are those of the adapter"
    drift = f"largest logit drift {found['max_logit_drift']:.2g}"
    if found["dtype"] == "float32":
        return f"{same}, {drift}"
    before = ""
    if found["merged_in"] == "float32":
        before = f"{found['prompts']} of {found['prompts']} in float32; "
    return f"{before}saved in {found['dtype']}, where rounding alone changes some, {same}, {drift}"
