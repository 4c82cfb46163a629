"""Train, validation and test: drawn once, frozen in a file, and held to afterwards."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from ftworkbench.data.example import Example, dump_json, sha256_of_json
from ftworkbench.data.formats.format import RAW_TEXT
from ftworkbench.data.review.curate import Kept
from ftworkbench.data.review.ledger import Ledger, RowState
from ftworkbench.data.sources.files import sha256_of, write_whole
from ftworkbench.data.sources.source import open_source
from ftworkbench.data.splits.parts import PARTS, Drawn, Pools, draw, read_pools
from ftworkbench.errors import InputError
from ftworkbench.workspace import Workspace

if TYPE_CHECKING:
    from ftworkbench.recipe.tables import Data

_SETTINGS = (
    "train",
    "validation",
    "test",
    "validation_fraction",
    "test_fraction",
    "label",
    "seed",
    "limit",
)


@dataclass(frozen=True)
class Split:
    """A frozen split. `members` are the key of each row and of what it said, for each part."""

    path: Path
    sha256: str
    test_sha256: str
    counts: dict[str, int]
    members: dict[str, tuple[tuple[str, str], ...]] = field(repr=False)
    settings: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Parts:
    """The examples of each part, as curated now, in the order that was frozen.

    `row_keys` are the keys of the rows that the training examples come from, by the example's.
    """

    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    test: tuple[Example, ...]
    split: Split
    row_keys: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def known_answers(self) -> list[str]:
        """The answers that may be looked at before anything is measured: those of train, then of validation."""
        return [each.answer for each in (*self.train, *self.validation)]


def split_path(workspace: Workspace, name: str) -> Path:
    return workspace.splits / f"{name}.json"


def freeze(
    workspace: Workspace, name: str, data: Data, *, again: bool = False, guard: Callable[[str], None] | None = None
) -> Split:
    """Draws the split of a recipe and freezes it; one that is frozen stays, unless `again`.

    `guard` gets the hash of what is about to be frozen, and raises where that must not be.
    Stratified by label, rows that are nearly the same on one side, drawn by data.seed: the same rows,
    decisions and settings give the same split. Raises InputError where leaks between the files are undecided,
    or nothing is left to train on.
    """
    frozen = None if again else find_split(workspace, name, data)
    if frozen:
        require_same_settings(frozen, data)
        return frozen
    ledger = Ledger.open(workspace.ledger)
    pools = read_pools(workspace, data, ledger)
    drawn = draw(pools, data, ledger)
    if not drawn["train"]:
        raise InputError(f"{data.train}: no rows are left to train on; look at `ftworkbench check`")
    if guard:
        guard(_sha256(drawn))
    path = split_path(workspace, name)
    write_whole(path, _written(name, data, workspace, ledger, drawn))
    return _read(path)


def find_split(workspace: Workspace, name: str, data: Data) -> Split | None:
    """The frozen split of a recipe, or None. Raises InputError where it cannot be read."""
    path = split_path(workspace, name)
    return _read(path) if path.exists() else None


def frozen_sha256(workspace: Workspace, name: str) -> str | None:
    """The hash that a recipe's frozen split says of itself, at the cost of its first line; None where there is none."""
    path = split_path(workspace, name)
    try:
        return _said_sha256(path, path.stat().st_mtime_ns)
    except OSError:
        return None


@lru_cache(maxsize=64)
def _said_sha256(path: Path, changed: int) -> str | None:
    with path.open("rb") as file:
        said = _said(file.readline().rstrip(b",\n") + b"}")
    return said or _said(path.read_bytes())  # written by this program, or by another one


def _said(text: bytes) -> str | None:
    try:
        return str(orjson.loads(text)["sha256"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None


def load_parts(workspace: Workspace, name: str, data: Data) -> Parts:
    """The examples of the frozen split, curated as the ledger stands now.

    A row of train that was rejected since, or is gone, drops out; an edited one says what it says now.
    Validation and test must be as they were frozen. Raises InputError where they are not, where the recipe
    asks for another split than the frozen one, or where none is frozen.
    """
    split = find_split(workspace, name, data)
    if split is None:
        raise InputError(f"{name}: no split is frozen yet; `ftworkbench split` does it")
    require_same_settings(split, data)
    ledger = Ledger.open(workspace.ledger)
    pools = read_pools(workspace, data, ledger, copies=True)
    now = pools.by_key()
    validation = _as_frozen(split, "validation", now, pools, ledger)
    test = _as_frozen(split, "test", now, pools, ledger)
    held = {example.key for example in (*validation, *test)}
    found = {now[key].example.key: now[key].example for key, _ in split.members["train"] if key in now}
    train = tuple(example for content, example in found.items() if content not in held)
    row_keys = {now[key].example.key: key for key, _ in split.members["train"] if key in now}
    return Parts(train, validation, test, split, row_keys)


def require_questions(workspace: Workspace, data: Data) -> None:
    """Raises InputError where the rows that would be asked are raw text: there is no question in it, and no answer."""
    key = "test" if data.test else "train"
    with open_source(workspace.root / (data.test or data.train), data) as source:
        if source.format.name == RAW_TEXT:
            raise InputError(
                f"data.{key}: raw text has no question to ask; it can be trained, but not compared by answers yet: "
                "name rows with questions and answers as data.test"
            )


def _settings(data: Data) -> dict[str, Any]:
    return {name: getattr(data, name) for name in _SETTINGS}


def require_same_settings(split: Split, data: Data) -> None:
    """Raises InputError where a recipe's data options are not those that the split was frozen with."""
    for name, value in _settings(data).items():
        was, key = split.settings.get(name), f"data.{name}"
        if was != value:
            raise InputError(
                f"{key} is {_shown(value)}, but was {_shown(was)} when {split.path.name} was frozen; "
                f"put it back{f' ({key} = {_shown(was)})' if was is not None else ''}, or {_again(split.path)}"
            )


def _again(path: Path) -> str:
    """The command that freezes the split in this file anew."""
    return f"`{shlex.join(['ftworkbench', 'split', str(path.parent.parent / f'{path.stem}.toml'), '--again'])}`"


def _shown(value: Any) -> str:
    return "not set" if value is None else str(value)


def _as_frozen(split: Split, part: str, now: Mapping[str, Kept], pools: Pools, ledger: Ledger) -> tuple[Example, ...]:
    found = []
    for key, content in split.members[part]:
        kept = now.get(key)
        if kept is None or kept.example.key != content:
            place, state = pools.place(key), ledger.state(key)
            changed = _what_changed(part, key, place, state)
            raise InputError(f"{split.path.name}: {changed}, or {_again(split.path)}")
        found.append(kept.example)
    return tuple(found)


def _what_changed(part: str, key: str, place: str | None, state: RowState) -> str:
    if place is None:
        return f"a {part} row (key {key}) is no longer in the data; put it back"
    what = "rejected" if state.status == "rejected" else "edited"
    return f"{place}, a {part} row, was {what} since the split was frozen; undo that"


def _contents(drawn: Drawn) -> dict[str, list[str]]:
    return {part: [kept.example.key for kept in drawn[part]] for part in PARTS}


def _sha256(drawn: Drawn) -> str:
    return sha256_of_json(_contents(drawn))


def _written(name: str, data: Data, workspace: Workspace, ledger: Ledger, drawn: Drawn) -> bytes:
    members = {part: [{"key": k.row.key, "content": k.example.key} for k in drawn[part]] for part in PARTS}
    files = dict.fromkeys(file for file in (data.train, data.validation, data.test) if file)
    head = {
        "v": 1,
        "name": name,
        "frozen": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "settings": _settings(data),
        "sources": {file: sha256_of(workspace.root / file) for file in files},
        "ledger": ledger.sha256(),
        "counts": {part: len(drawn[part]) for part in PARTS},
        "test_sha256": sha256_of_json(_contents(drawn)["test"]),
        "sha256": _sha256(drawn),
    }
    # One row a line, so that a diff shows which rows moved.
    parts = [
        b"%s:[\n%s\n]" % (dump_json(part), b",\n".join(dump_json(member) for member in members[part])) for part in PARTS
    ]
    return dump_json(head)[:-1] + b",\n" + b",\n".join(parts) + b"}\n"


def _read(path: Path) -> Split:
    try:
        value = orjson.loads(path.read_bytes())
        members = {part: tuple((one["key"], one["content"]) for one in value[part]) for part in PARTS}
        sealed = sha256_of_json({part: [content for _, content in members[part]] for part in PARTS})
        counts = {part: len(members[part]) for part in PARTS}
        split = Split(path, value["sha256"], value["test_sha256"], counts, members, value["settings"])
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise InputError(f"{path}: not a frozen split; {_again(path)} makes it anew") from None
    if sealed != split.sha256:
        raise InputError(f"{path}: was changed by hand; put it back, or {_again(path)}")
    return split
