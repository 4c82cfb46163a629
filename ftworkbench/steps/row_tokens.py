"""Rows by the model's own tokenizer, and what they lost: known from jobs that ran, or asked of a session."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ftworkbench import __version__
from ftworkbench.aside import Progress
from ftworkbench.data.review.curate import curate
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.sources.source import Row, open_source
from ftworkbench.errors import InputError, JobError
from ftworkbench.evaluate.contestants import tuned
from ftworkbench.evaluate.fingerprint import model_stamp, template_stamp
from ftworkbench.files import read_json
from ftworkbench.jobs.events import Event
from ftworkbench.jobs.folder import Job, list_jobs, read_manifest
from ftworkbench.jobs.rows import ROWS, ROWS_OF, read_rows
from ftworkbench.jobs.session import answers, ask
from ftworkbench.jobs.state import phase
from ftworkbench.paths import model_folder
from ftworkbench.steps.recipe import Opened
from ftworkbench.steps.session import passing_session

_PATIENCE = 300.0  # seconds without a word from a session that only has to start its tokenizer
_TRAIN = ("max_length", "packing", "assistant_only_loss")
_TRAIN_EXTRA = ("packing_strategy",)


@dataclass(frozen=True, slots=True)
class RowToken:
    """A row in tokens: all of it, those that are learned, those past train.max_length.

    `stop`: the end of its last answer is learned. `problem` is a kind of data.problems, or empty.
    """

    tokens: int
    trained: int
    cut: int
    stop: bool
    problem: str = ""
    reason: str = ""


@dataclass(frozen=True)
class RowTokens:
    """The rows of the training file by the row's key, and the session that encoded them."""

    of: dict[str, RowToken]
    max_length: int | None
    job: Job

    def figures(self, keys: Iterable[str] | None = None) -> dict[str, Any]:
        """Totals over these rows, or all: what `check --tokens --json` prints. Rows that are refused don't count."""
        found = [self.of[key] for key in (self.of if keys is None else keys) if key in self.of]
        lengths = sorted(each.tokens for each in found if each.tokens)
        return {
            "rows": len(lengths),
            "total": sum(lengths),
            "trained": sum(each.trained for each in found),
            "median": _quantile(lengths, 50),
            "p95": _quantile(lengths, 95),
            "longest": lengths[-1] if lengths else 0,
            "max_length": self.max_length,
        }


def _quantile(lengths: list[int], percent: int) -> int:
    """The nearest-rank percentile of sorted lengths; 0 of none."""
    return lengths[max(-(-len(lengths) * percent // 100) - 1, 0)] if lengths else 0


def tokens_of_rows(opened: Opened, progress: Progress | None = None) -> RowTokens:
    """Every row of the training file as it is trained, by the running session or a new one; waits for it.

    What was found before is given at once where it covers every row. Raises InputError where the model or the file
    cannot be read, JobError where the session ends before it has answered.
    """
    known = known_tokens(opened)
    if known is not None and {row.key for row in used_rows(opened, copies=True)} <= known.of.keys():
        return known
    settings = token_settings(opened)

    def heard(events: list[Event]) -> None:
        told = [event.fields for event in events if event.kind == "progress" and event.fields.get("what") == "tokens"]
        if told and progress is not None:
            progress("tokens", int(told[-1]["done"]), int(told[-1]["total"]))

    with passing_session(opened, None) as session:
        request = ask(session, "rows", file=opened.recipe.data.train, settings=settings)
        for event in answers(session, request, timeout=_PATIENCE, heard=heard):
            if event.fields.get("error"):
                raise InputError(f"{opened.path.name}: {event.fields['error']}")
            if event.fields.get("done"):
                return _read(opened, session)
    raise JobError(f"{session.short}: gave no answer; see {session.log}")


def known_tokens(opened: Opened) -> RowTokens | None:
    """What the newest session found out about the rows under these very settings; None where none has.

    Starts nothing. Rows that were edited otherwise since are not in it.
    """
    wanted = token_settings(opened)
    for job in reversed(list_jobs(opened.workspace)):
        if job.kind != "session":
            continue
        found = read_json(job.outputs / ROWS_OF)
        told = isinstance(found, dict) and (found.get("settings"), found.get("file"))
        if told == (wanted, opened.recipe.data.train):
            return _read(opened, job)
    return None


def _read(opened: Opened, job: Job) -> RowTokens:
    ledger = Ledger.open(opened.workspace.ledger) if opened.workspace.ledger.exists() else None
    found = {}
    for line in read_rows(job.outputs / ROWS):
        key = line["key"]
        if line.get("edit", "") != (ledger.state(key).edit_key if ledger else ""):
            continue
        tokens, trained, cut = (line.get(name) for name in ("tokens", "trained", "cut"))
        if isinstance(tokens, int) and isinstance(trained, int) and isinstance(cut, int):
            problem, reason = str(line.get("problem", "")), str(line.get("reason", ""))
            found[key] = RowToken(tokens, trained, cut, bool(line.get("stop")), problem, reason)
    return RowTokens(found, opened.recipe.train.max_length, job)


def used_rows(opened: Opened, *, copies: bool = False) -> list[Row]:
    """The rows of the training file that are used, as decided; with `copies`, each that says the same."""
    ledger = Ledger.open(opened.workspace.ledger) if opened.workspace.ledger.exists() else None
    with open_source(opened.workspace.root / opened.recipe.data.train, opened.recipe.data) as source:
        return [kept.row for kept in curate(source.rows(), ledger, copies=copies).kept]


def token_settings(opened: Opened) -> str:
    """The hash of all that the tokens of a row depend on but the row: model, template, system prompt, lengths."""
    recipe = opened.resolved
    folder = model_folder(recipe.model.model_id, opened.workspace.root)
    depends: dict[str, Any] = {
        "model": asdict(recipe.model),
        "model_sha256": model_stamp(folder) if folder else "",
        "template": template_stamp(recipe, opened.workspace.root),
        "train": {name: getattr(recipe.train, name) for name in _TRAIN},
        "extra": {name: str(recipe.train.extra.get(name)) for name in _TRAIN_EXTRA},
        "system": tuned(recipe.prompt).system,
        "versions": [__version__, *map(_version, ("transformers", "tokenizers", "trl"))],
    }
    text = json.dumps(depends, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def known_losses(opened: Opened) -> dict[str, tuple[float, float]] | None:
    """The loss of each training row before and after, by its key, from the newest done training of this recipe.

    None where none has measured them. Rows that the split held out are not in it.
    """
    for job in reversed(list_jobs(opened.workspace)):
        path: Path = job.outputs / ROWS
        ours = job.kind == "train" and read_manifest(job).get("recipe") == opened.recipe.name
        if ours and path.is_file() and phase(job) == "done":
            return dict(_losses(path))
    return None


def _losses(path: Path) -> Iterator[tuple[str, tuple[float, float]]]:
    for line in read_rows(path):
        before, after = line.get("loss_before"), line.get("loss_after")
        if isinstance(before, float) and isinstance(after, float):  # a loss that is no number is written as null
            yield line["key"], (before, after)
