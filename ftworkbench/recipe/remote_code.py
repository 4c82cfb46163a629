"""The Python code that comes with a model: shown before it is run for the first time, and pinned by its hash."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftworkbench.errors import InputError
from ftworkbench.figures import count, size
from ftworkbench.paths import model_folder
from ftworkbench.printable import one_line
from ftworkbench.recipe.tables import Model

SHOWN = 8  # digits of a hash that are enough to name it
_CONFIGS = ("config.json", "tokenizer_config.json", "processor_config.json", "generation_config.json")
_SECONDS = 20.0


@dataclass(frozen=True)
class CodeFile:
    """A file of code: its name in the model's folder, where it lies, its bytes and their hash."""

    name: str
    path: Path
    bytes: int
    sha256: str


@dataclass(frozen=True)
class ModelCode:
    """All the code of a model. `sha256` changes when any of its files does."""

    model_id: str
    files: tuple[CodeFile, ...]

    @property
    def sha256(self) -> str:
        lines = "".join(f"{file.sha256}  {file.name}\n" for file in self.files)
        return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()

    @property
    def lines(self) -> list[str]:
        """A line a file: name, size, the beginning of its hash."""
        width = max((len(one_line(file.name, 60)) for file in self.files), default=0)
        return [
            f"{one_line(file.name, 60):<{width}}  {size(file.bytes):>9}  sha256 {file.sha256[:16]}"
            for file in self.files
        ]

    @property
    def folder(self) -> Path:
        """Where it can be read."""
        return self.files[0].path.parents[self.files[0].name.count("/")]


class UnconfirmedCodeError(InputError):
    """Code that nobody has confirmed yet, or that is another one than was confirmed."""

    def __init__(self, code: ModelCode, confirmed: str | None) -> None:
        self.code = code
        self.confirmed = confirmed
        shown = one_line(code.model_id, 80)
        what = f"{shown} brings {count(len(code.files), 'file')} of code, which can do anything on this machine"
        if confirmed is not None:
            what = f"the code of {shown} is another one than was confirmed ({confirmed[:SHOWN]}…)"
        listed = "; ".join(" ".join(line.split()) for line in code.lines)
        super().__init__(
            f"model.trust_remote_code: {what}: {listed}. Read it in {code.folder}, then confirm it with "
            f"--trust-code {code.sha256[:SHOWN]}, or as model.code_sha256 in the recipe"
        )


def require_confirmed(model: Model, workspace: Path) -> None:
    """Raises UnconfirmedCodeError where the model's code would be run, and is not what the recipe confirms.

    Raises InputError where its code cannot be looked at.
    """
    if not model.trust_remote_code:
        return
    if "code_revision" in model.extra:
        raise InputError(
            "model.code_revision: the code is that of model.revision, which is pinned with it: leave it out"
        )
    code = code_of(model, workspace)
    if code.files and code.sha256 != model.code_sha256:
        raise UnconfirmedCodeError(code, model.code_sha256)


def code_of(model: Model, workspace: Path) -> ModelCode:
    """The code that comes with the model, fetched from the hub where it is not here. Raises InputError."""
    folder = model_folder(model.model_id, workspace) or _fetched(model, workspace)
    return code_in(folder, model.model_id)


def code_in(folder: Path, model_id: str) -> ModelCode:
    """The code in a model's folder. Raises InputError where it takes code from elsewhere, which no hash would pin."""
    for name in _CONFIGS:
        for reference in _references(folder / name):
            if "--" in reference:
                other = one_line(reference.partition("--")[0], 80)
                raise InputError(
                    f"model.trust_remote_code: {one_line(model_id, 80)} takes its code from another repository, "
                    f"{other}, where it may change at any time: download both, and put the code into the model's folder"
                )
    return ModelCode(model_id, tuple(sorted(_files(folder), key=lambda file: file.name)))


def _files(folder: Path) -> Iterator[CodeFile]:
    for where, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if not each.startswith(".") and each != "__pycache__"]
        for name in names:
            path = Path(where) / name
            if path.suffix in (".py", ".so", ".pyc") and path.is_file():
                body = path.read_bytes()
                yield CodeFile(str(path.relative_to(folder)), path, len(body), hashlib.sha256(body).hexdigest())


def _references(path: Path) -> list[str]:
    """The classes that a configuration names as its own: `module.Class`, or `owner/repo--module.Class`."""
    try:
        found: Any = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return []
    named = found.get("auto_map") if isinstance(found, dict) else None
    values = named.values() if isinstance(named, Mapping) else []
    parts = [part for value in values for part in (value if isinstance(value, list) else [value])]
    return [part for part in parts if isinstance(part, str)]


def _fetched(model: Model, workspace: Path) -> Path:
    """A snapshot with the model's code and configurations: from the cache where it is whole there, else the hub."""
    from huggingface_hub import snapshot_download

    cache = model.extra.get("cache_dir")
    try:
        return Path(
            snapshot_download(
                model.model_id,
                revision=model.revision,
                cache_dir=str(workspace / Path(str(cache)).expanduser()) if cache else None,
                allow_patterns=["*.py", *_CONFIGS],
                etag_timeout=_SECONDS,
            )
        )
    except Exception as error:
        raise InputError(
            f"model.trust_remote_code: the code of {one_line(model.model_id, 80)} cannot be looked at: "
            f"{one_line(str(error), 160)}"
        ) from error
