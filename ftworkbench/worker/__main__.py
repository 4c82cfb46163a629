"""`python -m ftworkbench.worker JOBDIR`: does the job in that folder, and says there how it went."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType, ModuleType

from ftworkbench.errors import EXIT_BAD_INPUT, EXIT_GOOD, EXIT_NO, JobError, WorkbenchError
from ftworkbench.jobs.events import EventLog
from ftworkbench.jobs.folder import Job, read_manifest
from ftworkbench.jobs.foreign import wait_for_card
from ftworkbench.jobs.heartbeat import heartbeat
from ftworkbench.jobs.kernel import kernel_words
from ftworkbench.jobs.notify import notify
from ftworkbench.jobs.queue import LeftQueueError, length, take_device
from ftworkbench.jobs.state import own_state, read_state, write_state
from ftworkbench.jobs.submitted import recipe_of
from ftworkbench.machine import Card, this_machine
from ftworkbench.paths import model_folder
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker.download import is_offline, with_model
from ftworkbench.worker.quiet import quiet_libraries
from ftworkbench.worker.reasons import reason
from ftworkbench.worker.watchdog import WatchedLog, watched
from ftworkbench.worker.work import BeginAgainError, StoppedError, Work, tell_phase

EXIT_AGAIN = 75  # that of sysexits.h: it was for now only
_LOOK_FOR_ROOM = 2.0  # seconds between two tries to write to a full disk
# Where the work of each kind begins. A session takes the device itself, when it is first asked to answer.
_WORK = {
    "train": ("ftworkbench.worker.train", "train"),
    "evaluate": ("ftworkbench.worker.measure", "evaluate"),
    "merge": ("ftworkbench.worker.merge", "merge"),
    "session": ("ftworkbench.worker.session", "serve"),
    "fit": ("ftworkbench.worker.fit", "fit"),
}


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 where the job is done or has stopped as asked, 1 where it failed, 2 for no job at all.

    A job that begins again in a fresh process does so in the place of this one.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) != 1 or not (Path(arguments[0]) / "manifest.json").is_file():
        print("usage: python -m ftworkbench.worker JOBDIR", file=sys.stderr)
        return EXIT_BAD_INPUT
    job = Job(Path(arguments[0]).resolve())
    code = do_job(job, asked_to_stop())
    if code == EXIT_AGAIN:
        # The same process with nothing left in its memory, or on the card.
        os.execv(sys.executable, [sys.executable, "-P", "-m", "ftworkbench.worker", str(job.path)])
    return code


def asked_to_stop() -> Callable[[], bool]:
    """Whether SIGTERM (or Ctrl+C) came: like the stop file, it asks to finish the step, save and leave."""
    asked: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        asked.append(number)

    signal.signal(signal.SIGTERM, remember)
    signal.signal(signal.SIGINT, remember)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    return lambda: bool(asked)


def do_job(job: Job, signalled: Callable[[], bool] = lambda: False) -> int:
    """Does the job in this process, and writes its end whatever happens. Gives the exit code, or EXIT_AGAIN."""
    os.umask(0o077)
    state = read_state(job)

    def stopped() -> bool:
        return signalled() or job.stop_file.exists()

    def wait() -> None:
        if stopped():
            raise StoppedError("as it was asked to, while it waited for room on the disk")
        time.sleep(_LOOK_FOR_ROOM)

    log = WatchedLog(job.events, state.attempt if state else 1, wait)
    try:
        with heartbeat(job), watched(log):
            code = _attempt(job, log, stopped)
            if code != EXIT_AGAIN:
                _notify(job, log)
            return code
    finally:
        log.close()


def _attempt(job: Job, log: EventLog, stopped: Callable[[], bool]) -> int:
    began = time.time()
    try:
        _work(job, log, stopped)
    except (StoppedError, LeftQueueError) as error:
        tell_phase(job, log, "stopped", reason(error))
        return EXIT_GOOD
    except BeginAgainError as error:
        write_state(job, own_state("queued", log.attempt + 1, str(error)))
        return EXIT_AGAIN
    except WorkbenchError as error:
        print(error, file=sys.stderr)
        tell_phase(job, log, "failed", reason(error))
        return error.exit_code
    except BaseException as error:
        traceback.print_exc()
        tell_phase(job, log, "failed", with_kernel_words(reason(error, training=_trains(job)), began))
        return EXIT_NO
    tell_phase(job, log, "done")
    return EXIT_GOOD


def _trains(job: Job) -> bool:
    try:
        return job.kind in {"train", "fit"}
    except (WorkbenchError, OSError, KeyError):
        return True


def with_kernel_words(why: str, since: float) -> str:
    """Why it failed, and what the kernel says of it, where a card may be at fault."""
    if "cuda" not in why.lower() and "nccl" not in why.lower():
        return why
    said = kernel_words(os.getpid(), since)
    return f"{why}; {said}" if said else why


def _notify(job: Job, log: EventLog) -> None:
    """Runs the user's command, if there is one, now that the job has ended. Nothing that happens to it matters."""
    try:
        manifest, state = read_manifest(job), read_state(job)
        recipe = recipe_of(job)
        if not recipe.launch.notify or state is None or manifest["kind"] == "session":
            return
        words = {"job": job.name, "kind": str(manifest["kind"]), "phase": state.phase, "why": state.why}
        problem = notify(recipe.launch.notify, words, job.workspace.root)
        if problem:
            log.emit("notice", level="warning", text=problem, code="notify")
    except Exception as error:
        print(f"launch.notify: {error}", file=sys.stderr)


def _work(job: Job, log: EventLog, stopped: Callable[[], bool]) -> None:
    manifest = read_manifest(job)
    kind = str(manifest["kind"])
    if kind not in _WORK:
        raise JobError(f"{job.short}: {kind!r} is no kind of work that this version knows")
    recipe = recipe_of(job)
    device = _device(recipe)
    card = least_busy(this_machine().cards) if device == "cuda" else None
    queue = card.device if card else device
    offline = recipe.launch.offline or is_offline()
    work = Work(job, recipe, dict(manifest.get("args") or {}), log, device, queue, stopped, offline)
    prepare_environment(work, card)
    quiet_libraries()
    work = with_model(work, fetch=kind != "session")
    with contextlib.ExitStack() as held:
        if recipe.launch.queue and kind != "session":
            work.phase("queued")
            held.enter_context(take_device(queue, job, work.wait, stopped))
            if card is not None:
                wait_for_card(card, job, manifest.get("peak_gib"), work.wait, stopped)
        work.phase("loading")
        work.leave_if_stopped()
        module, function = _WORK[kind]
        getattr(_imported(module), function)(work)


def _imported(module: str) -> ModuleType:
    """The module with all libraries that it needs; what they make while they are imported stays for good.

    Looking through it for garbage, again and again, would take a sixth of the time, and then some of every collection.
    """
    gc.disable()
    try:
        return importlib.import_module(module)
    finally:
        gc.freeze()
        gc.enable()


def _device(recipe: Recipe) -> str:
    if recipe.launch.device == "auto":
        return "cuda" if this_machine().cards else "cpu"
    return recipe.launch.device


def least_busy(cards: Sequence[Card]) -> Card | None:
    """The card that the fewest jobs have or wait for, the first of several; None where there is none.

    Only cards like the first: the recipe was resolved for that one.
    """
    alike = [card for card in cards if card.name == cards[0].name]
    return min(alike, key=lambda card: length(card.device), default=None)


def prepare_environment(work: Work, card: Card | None) -> None:
    """Sets what the libraries read from the environment when they are imported. Of all cards only `card` is seen.

    Trainer takes more than one visible card for a launch over several, and refuses it without a launcher.
    """
    fixed = {
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_UPDATE_DOWNLOAD_COUNTS": "0",  # which datasets would tell a server, of local files too
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
        "WANDB_SILENT": "true",
    }
    os.environ.update(fixed)
    if card is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = card.visible
    if work.device == "cpu":
        threads = work.recipe.launch.threads or this_machine().cores
        os.environ["OMP_NUM_THREADS"] = str(threads)
        # Threads that spin while they wait take the cores from whatever else runs here: with others at work
        # that made training and answering three to five times slower than waiting asleep.
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    if work.recipe.launch.offline or model_folder(work.recipe.model.model_id, work.workspace.root) is not None:
        os.environ["HF_HUB_OFFLINE"] = "1"  # all is here already: nothing may wait for a network


if __name__ == "__main__":
    sys.exit(main())
