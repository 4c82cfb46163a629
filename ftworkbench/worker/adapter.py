"""Adapters on a base model: one of a training job, or several to be asked beside each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ftworkbench.errors import InputError, JobError
from ftworkbench.files import read_json
from ftworkbench.jobs.adapters import WEIGHTS, NamedAdapter
from ftworkbench.jobs.folder import Job
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker.checkpoints import sha256_of

_NAME_LENGTH = 16


@dataclass(frozen=True)
class Adapter:
    """An adapter's files. `sha256` is that of its weights, `kind` PEFT's name of the method, as "LORA"."""

    folder: Path
    sha256: str
    kind: str

    @property
    def name(self) -> str:
        """What PEFT calls it: equal weights have equal names."""
        return self.sha256[:_NAME_LENGTH]


def attach(base: Any, job: Job) -> Any:
    """The base model with the job's adapter on it, switched on. The base's own weights stay as they are."""
    from peft import PeftModel

    model = PeftModel.from_pretrained(base, str(job.adapter), is_trainable=False)
    return model.eval()


class Adapters:
    """The adapters on one base model in memory: each is put on it when it is first asked for."""

    def __init__(self, base: Any) -> None:
        self.model = base
        self._kind: str | None = None

    def put(self, adapters: Iterable[Adapter]) -> None:
        """Has these adapters, all of one kind, on the model; those of another kind are taken off it.

        PEFT wraps a base model in one kind of layers only.
        """
        from peft import PeftModel

        for adapter in adapters:
            if self._kind not in {None, adapter.kind}:
                self.model, self._kind = self.model.unload(), None
            if self._kind is None:
                # PEFT leaves its configuration on the base that it is taken off, and would warn of it.
                self.model.__dict__.pop("peft_config", None)
                self.model = PeftModel.from_pretrained(
                    self.model, str(adapter.folder), adapter_name=adapter.name, is_trainable=False
                )
            elif adapter.name not in self.model.peft_config:
                try:
                    self.model.load_adapter(str(adapter.folder), adapter.name, is_trainable=False)
                except BaseException:  # PEFT knows its name by then, and would answer by it without its weights
                    with suppress(Exception):
                        self.model.delete_adapter(adapter.name)
                    raise
            self._kind = adapter.kind
            self.model.eval()


def of_one_kind(adapters: Sequence[Adapter]) -> list[list[Adapter]]:
    """The adapters by kind, in the order in which the kinds come first."""
    kinds: dict[str, list[Adapter]] = {}
    for adapter in adapters:
        kinds.setdefault(adapter.kind, []).append(adapter)
    return list(kinds.values())


def read_adapter(folder: Path) -> Adapter:
    """The adapter in a folder. Raises JobError where its files are not whole."""
    config = read_json(folder / "adapter_config.json")
    kind = config.get("peft_type") if isinstance(config, dict) else None
    if not kind or not (folder / WEIGHTS).is_file():
        raise JobError(f"{folder}: holds no adapter that can be read")
    weights = (folder / WEIGHTS).stat()
    return Adapter(folder, _weights_sha256(folder / WEIGHTS, weights.st_mtime_ns, weights.st_size), str(kind))


@lru_cache(maxsize=64)
def _weights_sha256(path: Path, changed: int, size: int) -> str:
    """The hash of weights that are as they were: a session names them at every answer, and they are large."""
    return sha256_of(path)


def adapter_sha256(job: Job) -> str:
    """What proves who answers: the SHA-256 of the adapter's weights."""
    return sha256_of(job.adapter / WEIGHTS)


def require_same_base(recipe: Recipe, trained: Recipe, job: Job) -> None:
    """Raises JobError where the adapter was trained on another base model than the recipe's."""
    for name in ("model_id", "revision"):
        ours, theirs = getattr(recipe.model, name), getattr(trained.model, name)
        if ours != theirs:
            raise JobError(
                f"{job.short}: was trained on {theirs} (model.{name}), and the recipe now says {ours}: "
                "an adapter fits its own base only"
            )


def require_own_base(trained: Recipe, adapter: NamedAdapter) -> None:
    """Raises InputError for a checkpoint of a training that changed its base, which is undone at its end only."""
    if adapter.step is not None and trained.out_of_base:
        raise InputError(
            f"{adapter.name}: lora.init_lora_weights = {trained.lora.init_lora_weights!r} changes the base model while "
            "it trains, so that its checkpoints fit no other; the adapter of its end does"
        )
