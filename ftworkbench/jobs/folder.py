"""The folder of a job: what is in it, what it was given, and which jobs a workspace has."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ftworkbench.errors import JobError
from ftworkbench.files import read_json
from ftworkbench.jobs.names import short_name
from ftworkbench.workspace import Workspace

KINDS = ("train", "evaluate", "merge", "session", "fit")


@dataclass(frozen=True)
class Job:
    """A job is its folder. `path` is absolute."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def short(self) -> str:
        """The name as people are shown it: `triage-3f2a`."""
        return short_name(self.name)

    @property
    def kind(self) -> str:
        """One of KINDS. Raises JobError where the manifest is unreadable."""
        return str(read_manifest(self)["kind"])

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.path.parent.parent)

    @property
    def recipe(self) -> Path:
        return self.path / "recipe.toml"

    @property
    def manifest(self) -> Path:
        return self.path / "manifest.json"

    @property
    def state(self) -> Path:
        return self.path / "state.json"

    @property
    def events(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def log(self) -> Path:
        return self.path / "worker.log"

    @property
    def stop_file(self) -> Path:
        return self.path / "stop"

    @property
    def heartbeat(self) -> Path:
        return self.path / "heartbeat"

    @property
    def requests(self) -> Path:
        return self.path / "requests.jsonl"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def outputs(self) -> Path:
        return self.path / "outputs"

    @property
    def adapter(self) -> Path:
        return self.path / "adapter"

    @property
    def has_adapter(self) -> bool:
        """Whether there is something to measure, compare or merge: PEFT's own file stands there."""
        return (self.adapter / "adapter_config.json").is_file()

    @property
    def result(self) -> Path:
        return self.path / "result.json"

    @property
    def verdict(self) -> Path:
        return self.path / "verdict.json"

    @property
    def marks(self) -> Path:
        return self.path / "marks.json"


@lru_cache(maxsize=4096)
def _manifest(path: Path, changed: int) -> dict[str, Any] | None:
    found = read_json(path)
    return found if isinstance(found, dict) else None


def read_manifest(job: Job) -> dict[str, Any]:
    """What the job was given. Raises JobError where it cannot be read."""
    try:
        found = _manifest(job.manifest, job.manifest.stat().st_mtime_ns)
    except OSError:
        found = None
    if found is None:
        raise JobError(f"{job.path}: manifest.json is missing or unreadable, so this is no job")
    return dict(found)


def result(job: Job) -> dict[str, Any] | None:
    """What the job found out; None where it has not."""
    found = read_json(job.result)
    return found if isinstance(found, dict) else None


def list_jobs(workspace: Workspace) -> list[Job]:
    """The jobs of the workspace, oldest first."""
    try:
        entries = sorted(entry.path for entry in os.scandir(workspace.jobs) if not entry.name.startswith("."))
    except OSError:
        return []
    dated = []
    root = workspace.jobs.resolve()
    for path in entries:
        job = Job(root / Path(path).name)
        try:
            created = read_manifest(job).get("created")
        except JobError:
            continue  # a folder that is no job
        dated.append((float(created) if isinstance(created, int | float) else 0.0, job.name, job))
    return [job for _, _, job in sorted(dated, key=lambda entry: entry[:2])]
