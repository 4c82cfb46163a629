"""What can be shipped of a training job, and what was: read from the folders, off the event loop."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftworkbench.files import read_json
from ftworkbench.jobs.folder import Job, list_jobs, read_manifest, result
from ftworkbench.jobs.state import phase
from ftworkbench.steps.verdicts import is_void
from ftworkbench.workspace import Workspace


@dataclass(frozen=True)
class Shipping:
    """A training job with its adapter's size in bytes, its newest verdict, and its newest merge, where there are any.

    `void`: another split was frozen since the verdict. `merged` is the merge's result; `there` says whether the folder
    that it names is still there.
    """

    train_job: Job
    adapter_bytes: int
    adapter_sha256: str
    verdict: Mapping[str, Any] | None
    void: bool
    merge: Job | None
    phase: str
    merged: Mapping[str, Any] | None
    there: bool


def read_shipping(workspace: Workspace, train_job: Job) -> Shipping:
    """What there is to ship of a training job now."""
    jobs = list_jobs(workspace)
    merge = _newest(jobs, "merge", train_job)
    evaluation = _newest(jobs, "evaluate", train_job, with_verdict=True)
    verdict = (read_json(evaluation.verdict) or {}) if evaluation is not None else {}
    merged = result(merge) if merge is not None else None
    systems = {str(system["name"]): system for system in verdict.get("systems") or ()}
    sha256 = str((merged or {}).get("adapter_sha256") or systems.get("tuned", {}).get("adapter_sha256") or "")
    return Shipping(
        train_job,
        sum(path.stat().st_size for path in train_job.adapter.glob("*") if path.is_file()),
        sha256,
        verdict.get("verdict"),
        evaluation is not None and is_void(evaluation),
        merge,
        phase(merge) if merge is not None else "",
        merged,
        bool(merged) and (Path(str((merged or {}).get("path"))) / "config.json").exists(),
    )


def _newest(jobs: list[Job], kind: str, train_job: Job, *, with_verdict: bool = False) -> Job | None:
    for job in reversed(jobs):
        of_it = job.kind == kind and read_manifest(job)["args"].get("job") == str(train_job.path)
        if of_it and (not with_verdict or (read_json(job.verdict) or {}).get("verdict")):
            return job
    return None


def default_out(train_job: Job) -> str:
    """Where a merge goes unless one says otherwise, from the workspace on."""
    return f"merged/{train_job.name}"


def from_workspace(workspace: Workspace, path: str) -> str:
    """A path as one reads it best: from the workspace on, where it lies in it."""
    try:
        return str(Path(path).relative_to(workspace.root.resolve()))
    except ValueError:
        return path


def serve_line(path: str) -> str:
    """The shell line that serves a merged model, OpenAI-compatible."""
    return f"transformers serve {shlex.quote(path)} --port 8000"


def load_lines(path: str) -> str:
    """The Python lines that load a merged model."""
    return (
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n"
        f"path = {json.dumps(path)}\n"
        "model = AutoModelForCausalLM.from_pretrained(path)\n"
        "tokenizer = AutoTokenizer.from_pretrained(path)"
    )


def adapter_lines(path: str) -> str:
    """The Python lines that load base and adapter, unmerged."""
    return (
        "from peft import AutoPeftModelForCausalLM\n"
        f"path = {json.dumps(path)}\n"
        "model = AutoPeftModelForCausalLM.from_pretrained(path)"
    )
