"""The folder of a job: what is in it, what state it is in, and how it is found."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from ftworkbench.errors import InputError, JobError
from ftworkbench.machine import boot_id, host, process_start
from ftworkbench.workspace import Workspace

KINDS = ("train", "evaluate", "merge", "session", "fit")
ALIVE = frozenset({"queued", "loading", "running", "saving"})
ENDED = frozenset({"done", "stopped", "failed"})
LAUNCH_GRACE = 30.0  # seconds that a queued job may have no process yet
SILENCE = 60.0  # seconds without a word after which a job on another host counts as lost
_MAX_NAME = 60


@dataclass(frozen=True)
class Job:
    """A job is its folder. `path` is absolute."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

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


@dataclass(frozen=True, kw_only=True)
class State:
    """`start` is the process's start in clock ticks since boot; `t` when this was written, in seconds."""

    phase: str
    pid: int | None = None
    start: int | None = None
    boot_id: str = ""
    host: str = ""
    attempt: int = 1
    why: str = ""
    t: float = 0.0


def own_state(phase: str, attempt: int, why: str = "") -> State:
    """The state of a job that this very process works on."""
    pid = os.getpid()
    return State(
        phase=phase,
        pid=pid,
        start=process_start(pid),
        boot_id=boot_id(),
        host=host(),
        attempt=attempt,
        why=why,
        t=time.time(),
    )


def write_json(path: Path, value: Any) -> None:
    """Replaces `path` by `value` as JSON: a reader sees the old text or the new one, whole."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(value, file, indent=1, ensure_ascii=True, allow_nan=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_json(path: Path) -> Any:
    """The value in `path`; None where there is no such file, or no JSON in it."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


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


def read_state(job: Job) -> State | None:
    """The state as last written, less fields unknown to this version; None where it cannot be read."""
    found = read_json(job.state)
    if not isinstance(found, dict) or not isinstance(found.get("phase"), str):
        return None
    known = {field.name for field in fields(State)}
    return State(**{key: value for key, value in found.items() if key in known})


@contextmanager
def state_guard(job: Job) -> Iterator[None]:
    """Held while a state is read and then written by what was read."""
    descriptor = os.open(job.path / ".state.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def put_state(job: Job, state: State) -> None:
    """Writes the state; the caller holds the guard."""
    write_json(job.state, {"v": 1, **asdict(state)})


def write_state(job: Job, state: State) -> None:
    """Replaces the job's state. Where `t` is 0 it becomes now."""
    with state_guard(job):
        put_state(job, state if state.t else replace(state, t=time.time()))


def _last_word(job: Job) -> float:
    """When the job's worker last wrote anything, seconds since the epoch; 0 where it never did."""
    latest = 0.0
    for path in (job.events, job.heartbeat, job.state):
        try:
            latest = max(latest, path.stat().st_mtime)
        except OSError:
            continue
    return latest


def _is_lost(job: Job, state: State, now: float) -> bool:
    if state.host != host():
        return now - max(_last_word(job), state.t) > SILENCE
    if state.boot_id != boot_id():
        return True
    if state.pid is None:
        return now - state.t > LAUNCH_GRACE
    return not has_process(state)


def has_process(state: State) -> bool:
    """Whether the process that the state names still runs, on this host."""
    if state.pid is None:
        return False
    started = process_start(state.pid)
    return started is not None and started == state.start


def phase(job: Job, now: float | None = None) -> str:
    """The job's phase: as written, or `lost` where its process is gone without having ended it.

    On this host the process tells, by pid, start time and boot; of another host only silence can. `now` is in
    seconds since the epoch.
    """
    state = read_state(job)
    while True:
        if state is None:
            return "lost"
        if state.phase in ENDED or not _is_lost(job, state, time.time() if now is None else now):
            return state.phase
        again = read_state(job)  # the worker may have ended between the two looks
        if again == state:
            return "lost"
        state = again


def result(job: Job) -> dict[str, Any] | None:
    """What the job found out; None where it has not."""
    found = read_json(job.result)
    return found if isinstance(found, dict) else None


def _plain_name(text: str) -> str:
    """`text` as a part of a file name: letters, digits, dots and dashes, nothing that leaves a folder."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip(".-_")[:_MAX_NAME] or "job"


def create_job(workspace: Workspace, kind: str, recipe_text: str, manifest: Mapping[str, Any]) -> Job:
    """Makes the folder of a new job, queued, and gives it. `manifest["recipe"]` is the recipe's name.

    The folder appears whole: nobody sees it without its recipe, manifest and state.
    """
    now = time.time()
    date = time.strftime("%Y-%m-%d", time.localtime(now))
    stem = f"{date}-{_plain_name(str(manifest.get('recipe', 'job')))}"
    if kind != "train":
        stem = f"{stem}-{_plain_name(kind)}"
    workspace.jobs.mkdir(exist_ok=True)
    staged = workspace.jobs / f".new-{os.urandom(8).hex()}"
    staged.mkdir(mode=0o700)
    try:
        job = Job(staged)
        job.recipe.write_text(recipe_text, encoding="utf-8")
        for attempt in range(1000):
            name = f"{stem}-{os.urandom(2 if attempt < 100 else 4).hex()}"
            if not (workspace.jobs / name).exists():
                break
        write_json(job.manifest, {**manifest, "v": 1, "kind": kind, "name": name, "created": now})
        put_state(job, State(phase="queued", boot_id=boot_id(), host=host(), t=now))
        staged.rename(workspace.jobs / name)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    return Job((workspace.jobs / name).resolve())


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


def find_job(workspace: Workspace, text: str) -> Job:
    """The job that `text` names: a folder, a name, or the unique end of one. Raises InputError for others."""
    if not text.strip():
        raise InputError("no job was named")
    path = Path(text).expanduser()
    if (path / "manifest.json").is_file():
        return Job(path.resolve())
    jobs = list_jobs(workspace)
    found = [job for job in jobs if job.name == text] or [job for job in jobs if job.name.endswith(text)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise InputError(f"{text}: no such job in {workspace.name}; `ftworkbench jobs` lists them")
    names = ", ".join(job.name for job in found[:5])
    raise InputError(f"{text}: {len(found)} jobs end so ({names}); name one of them")
