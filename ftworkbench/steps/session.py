"""A session: the job that answers prompts and shows tokens, shared by whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from typing import Any

from ftworkbench.data.example import Example
from ftworkbench.data.review.curate import effective
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.rules import Refused
from ftworkbench.data.sources.source import open_source
from ftworkbench.errors import InputError, JobError, WorkbenchError
from ftworkbench.evaluate.contestants import Contestant
from ftworkbench.jobs.folder import Job, list_jobs, read_manifest
from ftworkbench.jobs.launch import submit
from ftworkbench.jobs.session import answers, ask
from ftworkbench.jobs.state import ALIVE, phase
from ftworkbench.jobs.submitted import recipe_of
from ftworkbench.recipe.tables import Recipe
from ftworkbench.steps.recipe import Opened, require_model
from ftworkbench.workspace import Workspace

_PATIENCE = 300.0  # seconds without a word from a session that only has to start its tokenizer


def open_session(opened: Opened, train_job: Job | None) -> Job:
    """The running session for this recipe and training job, or a new one. Gives its folder at once."""
    return running_session(opened, train_job) or start_session(opened, train_job)


def running_session(opened: Opened, train_job: Job | None) -> Job | None:
    """The session for this recipe and training job that runs already, whoever started it."""
    wanted = _answering(opened.resolved)
    for job in reversed(list_jobs(opened.workspace)):
        if not _is_of(job, train_job) or job.stop_file.exists():
            continue
        try:
            found = _answering(recipe_of(job))
        except WorkbenchError:
            continue  # of a version that this one does not understand
        if found == wanted:
            return job
    return None


def close_sessions(workspace: Workspace, train_job: Job | None) -> int:
    """Ends the sessions of a training job, or those of none, and gives how many there were."""
    return sum(close_session(job) for job in list_jobs(workspace) if _is_of(job, train_job))


def _is_of(job: Job, train_job: Job | None) -> bool:
    """Whether it is a session for this training job, and runs."""
    adapter = str(train_job.path) if train_job else None
    return job.kind == "session" and read_manifest(job)["args"].get("job") == adapter and phase(job) in ALIVE


def _answering(recipe: Recipe) -> Recipe:
    """The recipe without what a session is told anew at each request: who the contestants are."""
    return replace(recipe, prompt=replace(recipe.prompt, few_shot=(), contestants=()))


def start_session(opened: Opened, train_job: Job | None) -> Job:
    """Starts a session for this recipe and training job. Gives its folder at once."""
    require_model(opened)
    adapter = str(train_job.path) if train_job else None
    return submit(opened.workspace, "session", opened.resolved, {"job": adapter}, hashes={}, choices=opened.choices)


@contextmanager
def passing_session(opened: Opened, train_job: Job | None) -> Iterator[Job]:
    """The running session for this recipe and training job, or a new one, which ends with the block."""
    running = running_session(opened, train_job)
    session = running or start_session(opened, train_job)
    try:
        yield session
    finally:
        if running is None:
            with suppress(JobError):  # it has ended by itself
                close_session(session)


def close_session(job: Job) -> bool:
    """Lets a session end once it has answered what it was asked before; False where it has ended already."""
    if phase(job) not in ALIVE:
        return False
    ask(job, "close")
    return True


def as_system(contestant: Contestant, *, adapter: bool | str = False) -> dict[str, Any]:
    """A contestant as a session's `generate` request names it; with `adapter` the tuned weights answer.

    True stands for those of the session's training job, a name for those that jobs.adapters finds by it.
    """
    shots = [[list(messages), answer] for messages, answer in contestant.shots]
    own: dict[str, Any] = {"nearest": contestant.nearest} if contestant.nearest else {}
    own |= {"retrieval": asdict(contestant.retrieval)} if contestant.retrieval else {}
    own |= {"endpoint": asdict(contestant.endpoint)} if contestant.endpoint else {}
    return {"name": contestant.name, "system": contestant.system, "shots": shots, "adapter": adapter, **own}


def example_of_row(opened: Opened, number: int) -> Example:
    """The row of the training file with that number, with its edits. Raises InputError where there is none."""
    path = opened.workspace.root / opened.recipe.data.train
    ledger = Ledger.open(opened.workspace.ledger) if opened.workspace.ledger.exists() else None
    with open_source(path, opened.recipe.data) as source:
        while (index := source.index_of(number)) is None and not source.complete:
            source.index_some(1.0)
        if index is None:
            raise InputError(f"{path}: has {source.known} rows, and none in line {number}")
        row = source.row(index)
    try:
        return effective(row, ledger.state(row.key)) if ledger else effective(row)
    except Refused as refused:
        raise InputError(f"{path}: row {number}: {refused.reason}") from None


def tokens_of(opened: Opened, number: int, example: Example) -> dict[str, Any]:
    """Exactly what is trained of an example, row `number`: {"row", "tokens": [{id, text, state, special}], ...}.

    Raises InputError where the model's template refuses it.
    """
    with passing_session(opened, None) as session:
        request = ask(session, "tokens", messages=list(example.messages), tools=list(example.tools))
        for event in answers(session, request, timeout=_PATIENCE):
            if event.fields.get("error"):
                raise InputError(f"{opened.recipe.data.train}: row {number}: {event.fields['error']}")
            if event.fields.get("done"):
                return {"row": number, "tokens": event.fields["pieces"], "stop_trained": bool(event.fields.get("stop"))}
    raise JobError(f"{session.short}: gave no answer; see {session.log}")
