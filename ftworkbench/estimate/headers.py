"""How many parameters a model's weights hold, from the headers of its safetensors files: no weights are read.

Of a hub model the files' first kilobytes are asked for once, and what they say is kept on disk.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from ftworkbench.estimate.shape import Shape
from ftworkbench.files import read_json, write_json
from ftworkbench.paths import cache_dir, model_folder
from ftworkbench.workspace import Workspace

_INDEX = "model.safetensors.index.json"
_SINGLE = "model.safetensors"
_SECONDS = 5.0
_HEADER_BYTES = 100_000_000  # the format's own limit
_WHOLE = frozenset({"F64", "F32", "F16", "BF16"})


def weights_of(model_id: str, workspace: Workspace, revision: str | None = None) -> dict[str, int] | None:
    """Parameters by number format, as `{"BF16": 8030261248}`; None where no headers can be had."""
    folder = model_folder(model_id, workspace.root)
    return _in_folder(folder) if folder is not None else _of_hub(model_id, revision)


def with_weights(shape: Shape, counted: dict[str, int] | None) -> Shape:
    """The shape with as many parameters as its weights really have; what the configuration does not tell of is whole.

    Weights that are quantized already, or hold a tied head twice, say nothing of that.
    """
    if not counted or not counted.keys() <= _WHOLE:
        return shape
    more = sum(counted.values()) - shape.parameters
    if shape.tied and more == shape.vocabulary * shape.hidden:
        return shape
    return replace(shape, small=shape.small + more)


def _in_folder(folder: Path) -> dict[str, int] | None:
    index = read_json(folder / _INDEX)
    if isinstance(index, dict) and isinstance(index.get("weight_map"), dict):
        files = [folder / str(name) for name in sorted(set(index["weight_map"].values()))]
    else:
        files = sorted(folder.glob("*.safetensors"))
    stamps = []
    for file in files:
        try:
            found = file.stat()
        except OSError:
            return None
        stamps.append((file, found.st_size, found.st_mtime_ns))
    return dict(_counted(tuple(stamps))) if stamps and _counted(tuple(stamps)) else None


@lru_cache(maxsize=16)
def _counted(files: tuple[tuple[Path, int, int], ...]) -> Counter[str]:
    found: Counter[str] = Counter()
    for file, _, _ in files:
        header = _header(file)
        if header is None:
            return Counter()
        found += _count(header.values())
    return found


def _header(file: Path) -> dict[str, Any] | None:
    try:
        with file.open("rb") as opened:
            size = struct.unpack("<Q", opened.read(8))[0]
            header = json.loads(opened.read(size)) if size <= _HEADER_BYTES else None
    except (OSError, ValueError, struct.error):
        return None
    if not isinstance(header, dict):
        return None
    header.pop("__metadata__", None)
    return header


def _count(tensors: Iterable[Any]) -> Counter[str]:
    found: Counter[str] = Counter()
    for each in tensors:
        if isinstance(each, dict) and isinstance(each.get("shape"), list):
            found[str(each.get("dtype"))] += math.prod(each["shape"])
    return found


@lru_cache(maxsize=16)
def _of_hub(model_id: str, revision: str | None) -> dict[str, int] | None:
    """From the local cache where the weights are there, else what was kept, else from the hub, once."""
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(model_id, "config.json", revision=revision)
    if isinstance(config, str) and (found := _in_folder(Path(config).parent)):
        return found
    name = hashlib.sha256(f"{model_id}@{revision or 'main'}".encode()).hexdigest()[:24]
    kept = cache_dir() / "weights" / f"{name}.json"
    told = read_json(kept)
    if isinstance(told, dict) and isinstance(told.get("parameters"), dict):
        return {str(kind): int(count) for kind, count in told["parameters"].items()}
    asked = _ask_hub(model_id, revision)
    if asked is not None:
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            write_json(kept, {"model_id": model_id, "revision": revision, "parameters": asked})
        except OSError:
            pass  # it is asked for again
    return asked


def _ask_hub(model_id: str, revision: str | None) -> dict[str, int] | None:
    from huggingface_hub import parse_safetensors_file_metadata
    from huggingface_hub.errors import (  # type: ignore[attr-defined]
        EntryNotFoundError,
        HfHubHTTPError,
        HTTPError,
        SafetensorsParsingError,
    )

    found: Counter[str] = Counter()
    try:
        for name in _files_at_hub(model_id, revision):
            header = parse_safetensors_file_metadata(model_id, name, revision=revision, timeout=_SECONDS)
            found += Counter(header.parameter_count)
    except (HfHubHTTPError, HTTPError, SafetensorsParsingError, EntryNotFoundError, OSError, ValueError):
        return None
    return {str(kind): int(count) for kind, count in found.items()} or None


def _files_at_hub(model_id: str, revision: str | None) -> list[str]:
    """The names of the weights' files. Asks for the index once first, with a limit: a download tries for long."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub.errors import EntryNotFoundError

    try:
        get_hf_file_metadata(hf_hub_url(model_id, _INDEX, revision=revision), timeout=_SECONDS)
    except EntryNotFoundError:
        return [_SINGLE]
    index = json.loads(Path(hf_hub_download(model_id, _INDEX, revision=revision)).read_bytes())
    return sorted(set(index["weight_map"].values()))
