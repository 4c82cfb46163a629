"""A session: the job that answers prompts and shows tokens, shared by whoever asks."""

from __future__ import annotations

from typing import Any

from ftworkbench.evaluate.contestants import Contestant
from ftworkbench.jobs.folder import Job, list_jobs, phase, read_manifest
from ftworkbench.jobs.launch import submit
from ftworkbench.recipe.write import dumps
from ftworkbench.steps.recipe import Opened, require_model

_ALIVE = {"queued", "loading", "running"}


def open_session(opened: Opened, train_job: Job | None) -> Job:
    """The running session for this recipe and training job, or a new one. Gives its folder at once."""
    adapter = str(train_job.path) if train_job else None
    text = dumps(opened.resolved)
    for job in reversed(list_jobs(opened.workspace)):
        if job.kind == "session" and phase(job) in _ALIVE and not job.stop_file.exists():
            if read_manifest(job)["args"].get("job") == adapter and job.recipe.read_text() == text:
                return job
    require_model(opened)
    return submit(opened.workspace, "session", opened.resolved, {"job": adapter}, hashes={}, choices=opened.choices)


def as_system(contestant: Contestant, *, adapter: bool = False) -> dict[str, Any]:
    """A contestant as a session's `generate` request names it; with `adapter` the tuned weights answer."""
    shots = [[list(messages), answer] for messages, answer in contestant.shots]
    return {"name": contestant.name, "system": contestant.system, "shots": shots, "adapter": adapter}
