"""Launching, resuming and stopping: a job is a process in a session of its own, with its output in a file.

Where it makes the job outlive more, that process is in a scope of its user's systemd too (see survival).
"""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from ftworkbench import __version__
from ftworkbench.errors import JobError
from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.folder import Job, read_manifest
from ftworkbench.jobs.state import ALIVE, ENDED, State, hangs, has_process, phase, put_state, read_state, state_guard
from ftworkbench.jobs.survival import launched, survival
from ftworkbench.machine import boot_id, host, process_start, this_machine
from ftworkbench.workspace import Workspace

if TYPE_CHECKING:
    from ftworkbench.recipe.resolve import Choice
    from ftworkbench.recipe.tables import Recipe

WORKER = "ftworkbench.worker"
STOP_GRACE = 10.0  # seconds from SIGTERM to SIGKILL
_LIBRARIES = ("torch", "transformers", "trl", "peft", "bitsandbytes", "accelerate", "datasets", "tokenizers", "lm-eval")
_LOOK = 0.05
_REFUSES = 0.3  # seconds in which systemd-run says that it cannot


def library_versions() -> dict[str, str]:
    """The installed versions of the libraries that a result depends on, and Python's."""
    from importlib import metadata

    found = {"ftworkbench": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def submit(
    workspace: Workspace,
    kind: str,
    recipe: Recipe,
    args: Mapping[str, Any],
    *,
    hashes: Mapping[str, str],
    choices: Sequence[Choice] = (),
    overrides: Sequence[str] = (),
    peak_gib: float | None = None,
    module: str = WORKER,
) -> Job:
    """Makes the folder of a job and starts its worker; gives the job at once, queued.

    Raises UnconfirmedCodeError where the model brings code that the recipe does not confirm.

    `recipe` is resolved: it is written out as it is. `args` are the kind's own; `hashes` name the inputs;
    `overrides` were said beside the recipe. `peak_gib` is the memory that it needs on a card: it waits until others
    leave it so much.
    """
    from ftworkbench.recipe.remote_code import require_confirmed
    from ftworkbench.recipe.write import dumps

    require_confirmed(recipe.model, workspace.root)
    seeds = {"train": recipe.train.seed, "data": recipe.data.seed, "prompt": recipe.prompt.seed}
    manifest = {
        "recipe": recipe.name,
        "args": dict(args),
        "hashes": dict(hashes),
        "versions": library_versions(),
        "seeds": seeds,
        "host": host(),
        "command": list(sys.argv),
        "choices": [asdict(choice) for choice in choices],
        "overrides": list(overrides),
        "device": recipe.launch.device,
        "module": module,
        **({} if peak_gib is None else {"peak_gib": peak_gib}),
    }
    job = create_job(workspace, kind, dumps(recipe), manifest)
    _start(job)
    return job


def resume(job: Job) -> Job:
    """Starts the job's next attempt, in its own folder. Raises JobError where it is done, or still runs.

    A lost job that still has a process (one that is stopped, or hangs) is killed first, with all its group: two
    never write one folder.
    """
    with state_guard(job):
        state = read_state(job)
        now = phase(job)
        if now == "done":
            raise JobError(f"{job.short}: is done; there is nothing to go on with")
        if now in ALIVE:
            raise JobError(f"{job.short}: is {now}; stop it before you resume it")
        if now == "lost" and state is not None and state.host == host():
            _kill(job, state)
        job.stop_file.unlink(missing_ok=True)
        attempt = state.attempt + 1 if state else 2
        put_state(job, State(phase="queued", boot_id=boot_id(), host=host(), attempt=attempt, t=time.time()))
    _start(job)
    return job


def environment(device: str) -> dict[str, str]:
    """The worker's environment: this process's own, without cards where none is to be used."""
    own = {**os.environ, "PYTHONUNBUFFERED": "1"}
    if device == "cpu" and this_machine().cards:
        own["CUDA_VISIBLE_DEVICES"] = ""
    return own


def _start(job: Job) -> None:
    """Starts the worker's process, and writes its pid where the worker has not yet done so itself."""
    manifest = read_manifest(job)
    # -P: a file of the workspace that is named like a library must not be imported in its place.
    command = [sys.executable, "-P", "-m", manifest.get("module", WORKER), str(job.path)]
    own = environment(str(manifest.get("device", "auto")))
    here = survival()
    process = _process(job, launched(command, here), own)
    if here.scoped and _has_refused(process, job):
        process = _process(job, command, own)
    with state_guard(job):
        state = read_state(job)
        if state is not None and state.pid is None:
            put_state(job, replace(state, pid=process.pid, start=process_start(process.pid)))
    # Nobody waits for the worker, but somebody has to take its exit status, or it stays as a zombie.
    threading.Thread(target=process.wait, name=f"reap-{process.pid}", daemon=True).start()


def _process(job: Job, command: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    log = os.open(job.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=job.workspace.root,
            env=env,
            start_new_session=True,
        )
    except OSError as error:
        _write_end(job, "failed", f"the worker could not be started: {error}")
        raise JobError(f"{job.short}: the worker could not be started: {error}") from error
    finally:
        os.close(log)


def _has_refused(process: subprocess.Popen[bytes], job: Job) -> bool:
    """Whether the user's manager, which answered when it was asked, has not started the worker."""
    try:
        code = process.wait(_REFUSES)
    except subprocess.TimeoutExpired:
        return False
    state = read_state(job)
    return code != 0 and state is not None and state.phase == "queued" and state.pid is None


def _write_end(job: Job, ended: str, why: str) -> None:
    with state_guard(job):
        state = read_state(job) or State(phase="queued")
        if state.phase not in ENDED:
            put_state(job, replace(state, phase=ended, why=why, t=time.time()))


def stop(job: Job, *, now: bool = False, grace: float = STOP_GRACE) -> None:
    """Asks the job to finish its step, save and leave; gives back at once.

    With `now` it is told by SIGTERM as well, and killed with all its children `grace` seconds later; then
    this waits until it is gone. Raises JobError where it does not run.
    """
    state = read_state(job)
    found = phase(job)
    if state is None or not (found in ALIVE or hangs(job)):
        raise JobError(f"{job.short}: does not run; it is {found}")
    job.stop_file.touch(mode=0o600)
    if not now:
        return
    if state.host != host():
        raise JobError(f"{job.short}: was asked to stop; it runs on {state.host} and can be killed only there")
    state = _with_process(job, state)
    if state.pid is None:
        raise JobError(f"{job.short}: has no process yet; it was asked to stop")
    _signal(state, signal.SIGTERM)
    if _gone(state, grace):
        _write_end(job, "stopped", "ended by SIGTERM")  # unless it has said for itself how it ended
        return
    _kill(job, state, grace)
    _write_end(job, "stopped", f"killed: it did not leave within {grace:g} s")


def _kill(job: Job, state: State, grace: float = STOP_GRACE) -> None:
    """Kills the job's process with all its group, where there is one. Raises JobError where it stays nevertheless."""
    _signal(state, signal.SIGKILL)
    if not _gone(state, grace):
        raise JobError(f"{job.short}: process {state.pid} was killed and is still there; a device holds it")


def _with_process(job: Job, state: State) -> State:
    """The state once it names a process, waited for as long as a launch takes."""
    deadline = time.monotonic() + 1.0
    while state.pid is None and time.monotonic() < deadline:
        time.sleep(_LOOK)
        state = read_state(job) or state
    return state


def _signal(state: State, number: int) -> None:
    """Signals the job's process group, if its leader is still the process that the state names."""
    if state.pid is None or not has_process(state):
        return
    try:
        os.killpg(state.pid, number)
    except ProcessLookupError:
        return


def _gone(state: State, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while has_process(state):
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK)
    return True
