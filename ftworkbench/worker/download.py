"""The model of a job comes from the hub before the job takes a card: with progress, again and again, or not at all.

What is in the hub's local cache is used as it is, and the hub is not asked; nor is it once the download is done. The
commit that a job began with is written down, so that its later attempts, and what measures or merges it, use the same.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ftworkbench.errors import InputError, JobError
from ftworkbench.files import read_json, write_json
from ftworkbench.jobs.folder import Job
from ftworkbench.paths import model_folder
from ftworkbench.printable import one_line
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker.fetch import Wanted, wanted_files, weights_name
from ftworkbench.worker.work import Work

PATIENCE = 3600.0  # seconds without a byte from the hub after which the job fails
PAUSES = (2.0, 5.0, 10.0, 30.0, 60.0)  # seconds before it is asked again
# Seconds without a byte on the disk after which a download is begun again. The library gives a silent connection up
# itself, in seconds; it writes 10 MB at once, which a slow line takes its time for.
SILENT = 1800.0
_LOOK = 0.25
_TELL = 0.5
OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
_NOTHING = ["//"]  # what no file is called: what is whole is for us to say, since not all of a repository is fetched
_YES = frozenset({"1", "ON", "YES", "TRUE"})


def with_model(work: Work, *, fetch: bool = True) -> Work:
    """The work with its model on this machine, and its recipe naming the commit; a folder's model is left alone.

    Without `fetch` one that is not here is left alone too, for whoever needs no more of it than its tokenizer.

    Raises InputError where there is no such model, it has no safetensors, its disk is too small, or it is not here and
    the hub may not be asked; JobError where the hub did not answer for an hour; StoppedError.
    """
    model = work.recipe.model
    if model_folder(model.model_id, work.workspace.root) is not None:
        return work
    wanted = _wanted(work)
    commit = cached_commit(wanted)
    if commit is None and not fetch:
        return work
    if commit is None:
        if work.recipe.launch.offline or model.extra.get("local_files_only") or is_offline():
            raise InputError(
                f"model.model_id: {one_line(model.model_id, 80)} is not on this machine, or not all of it, and the "
                "hub may not be asked (launch.offline, HF_HUB_OFFLINE)"
            )
        commit = _download(work, wanted)
    write_json(_pin(work.job), {"model_id": model.model_id, "revision": model.revision, "commit": commit})
    if not _asks_later(work.recipe):
        ask_no_more()  # all is here now: nothing may wait for a network
    return replace(work, recipe=replace(work.recipe, model=replace(model, revision=commit)))


def _wanted(work: Work) -> Wanted:
    model = work.recipe.model
    variant, cache = model.extra.get("variant"), model.extra.get("cache_dir")
    return Wanted(
        repo=model.model_id,
        revision=_pinned(work) or model.revision,
        subfolder=str(model.extra.get("subfolder", "")),
        variant=str(variant) if variant else None,
        code=model.trust_remote_code,
        cache=str(work.workspace.root / Path(str(cache)).expanduser()) if cache else None,
    )


def _asks_later(recipe: Recipe) -> bool:
    """Whether something else comes from the hub when the model is loaded: kernels, or all of it anew."""
    model = recipe.model
    return "/" in (model.attn_implementation or "") or bool({"use_kernels", "force_download"} & model.extra.keys())


def ask_no_more() -> None:
    """Has the hub's own library never ask it from here on."""
    from huggingface_hub import constants

    os.environ.update(dict.fromkeys(OFFLINE, "1"))
    constants.HF_HUB_OFFLINE = True  # which was read from the environment when the library was imported


def is_offline() -> bool:
    """Whether the environment says that the hub may not be asked, as the hub's own library reads it."""
    return any(os.environ.get(name, "").upper() in _YES for name in OFFLINE)


def cached_commit(wanted: Wanted) -> str | None:
    """The commit of the model that lies whole in the hub's local cache; None where it does not. Asks nobody."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(
            snapshot_download(
                wanted.repo,
                revision=wanted.revision,
                cache_dir=wanted.cache,
                local_files_only=True,
                allow_patterns=_NOTHING,
            )
        )
    except HFValidationError:
        shown = one_line(wanted.repo, 80)
        raise InputError(f"model.model_id: {shown} is neither a folder nor a hub id (owner/name)") from None
    except (LocalEntryNotFoundError, OSError):
        return None
    return folder.name if _whole(folder, wanted) else None


def _whole(folder: Path, wanted: Wanted) -> bool:
    """Whether all that loading the model takes is in a snapshot."""
    names = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.exists() and not path.is_dir()]
    try:
        there = set(wanted_files(names, wanted))
    except InputError:
        return False
    inside, one = Path(wanted.subfolder), weights_name(wanted.variant)
    stem = one.removesuffix(".safetensors")
    indexes = (f"{stem.replace('model', 'model.safetensors.index', 1)}.json", "model.safetensors.index.json")
    index = next((found for name in indexes if isinstance(found := read_json(folder / inside / name), dict)), {})
    shards = () if str(inside / one) in there else index.get("weight_map", {}).values()
    listed = _listed(folder, wanted)
    needed = {str(inside / "config.json"), *(str(inside / str(shard)) for shard in shards), *listed}
    return needed <= there


def _listed(folder: Path, wanted: Wanted) -> list[str]:
    """What the hub's own list of the commit's files has of the model, where its library has kept that list."""
    listing = read_json(folder.parent.parent / "trees" / f"{folder.name}.json")
    names = listing.get("files", listing) if isinstance(listing, dict) else None
    if not isinstance(names, dict):
        return []
    with contextlib.suppress(InputError):
        return wanted_files([str(name) for name in names], wanted)
    return []


def _pin(job: Job) -> Path:
    return job.path / "model.json"


def _pinned(work: Work) -> str | None:
    """The commit that the job, or the training job that it is about, began with; None where nothing is known."""
    model = work.recipe.model
    jobs = [work.job, *([Job(Path(str(work.args["job"])))] if work.args.get("job") else [])]
    for job in jobs:
        found = read_json(_pin(job))
        if isinstance(found, dict) and (found.get("model_id"), found.get("revision")) == (
            model.model_id,
            model.revision,
        ):
            return str(found["commit"])
    return None


def _download(work: Work, wanted: Wanted) -> str:
    """Downloads the model, and gives its commit."""
    work.phase("loading", f"downloads {one_line(wanted.repo, 80)} from the hub")
    heard, tries, said = time.monotonic(), 0, ""
    while True:
        answer, moved = _try(work, wanted)
        if "commit" in answer:
            return str(answer["commit"])
        if moved:
            heard, tries = time.monotonic(), 0
        error = str(answer.get("error"))
        if not answer.get("again"):
            raise InputError(f"model.model_id: {error}")
        if time.monotonic() - heard > PATIENCE:
            raise JobError(f"the model could not be downloaded: {error}; resume goes on when the hub is there again")
        pause = PAUSES[min(tries, len(PAUSES) - 1)]
        tries += 1
        if error != said:
            said = error
            work.notice(f"{error}; it is tried again, for an hour", "hub")
        _wait(work, pause)


def _wait(work: Work, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        work.leave_if_stopped()
        time.sleep(min(_LOOK, seconds))


def _try(work: Work, wanted: Wanted) -> tuple[dict[str, Any], bool]:
    """What one process that fetches the model has to say in the end, and whether any byte came."""
    first = -1
    done = 0
    with _fetching(work, wanted) as (process, output):
        plan: dict[str, Any] = {}
        before = began = told = 0.0
        changed = time.monotonic()
        while process.poll() is None:
            work.leave_if_stopped()
            if not plan and (lines := _lines(output)) and "total" in lines[0]:
                plan = lines[0]
                began = _bytes(Path(plan["blobs"])) if first < 0 else began
                first = int(plan["cached"])
            if plan:
                done = min(first + max(_bytes(Path(plan["blobs"])) - int(began), 0), int(plan["total"]))
            now = time.monotonic()
            if done != before:
                before, changed = done, now
            if plan and now - told >= _TELL:
                told = now
                work.progress("download", done, int(plan["total"]), "bytes")
            if now - changed > SILENT:
                return {"error": f"nothing has come from the hub for {SILENT / 60:g} min", "again": True}, done > max(
                    first, 0
                )
            time.sleep(_LOOK)
        lines = _lines(output)
    answer = lines[-1] if lines else {}
    if "commit" in answer and plan:
        work.progress("download", int(plan["total"]), int(plan["total"]), "bytes")
    if "commit" not in answer and "error" not in answer:
        return {"error": f"the download ended with {process.returncode}; see worker.log", "again": True}, done > first
    return answer, done > max(first, 0)


@contextlib.contextmanager
def _fetching(work: Work, wanted: Wanted) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A process that fetches the model, and the file that it writes to; ended with the block."""
    output = work.job.path / ".download"
    command = [sys.executable, "-P", "-m", "ftworkbench.worker.fetch", json.dumps(asdict(wanted))]
    with output.open("wb") as file:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file)
    try:
        yield process, output
    finally:
        if process.poll() is None:
            process.terminate()  # it takes away what it has of a file
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(2.0)
            process.kill()
            process.wait()
        output.unlink(missing_ok=True)


def _lines(path: Path) -> list[dict[str, Any]]:
    found = []
    for line in path.read_bytes().splitlines():
        with contextlib.suppress(ValueError):
            found.append(json.loads(line))
    return [each for each in found if isinstance(each, dict)]


def _bytes(folder: Path) -> int:
    """The bytes of all files in a folder, those that are not whole yet included."""
    total = 0
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            with contextlib.suppress(OSError):
                total += entry.stat().st_size
    return total
