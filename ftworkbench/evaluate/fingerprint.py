"""What a baseline's answers depend on, as one hash: the same hash, the same baseline."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ftworkbench.errors import InputError
from ftworkbench.evaluate.documents import documents_sha256
from ftworkbench.recipe.tables import Prompt, Recipe

# Of the evaluation these change what is answered, or which contestant is chosen; the rest only the report.
_EVALUATE = ("metric", "max_new_tokens", "limit")
_WEIGHTS = frozenset({".safetensors", ".bin", ".pt", ".pth", ".gguf"})


# How an endpoint is asked, and what that costs, says nothing of what it answers.
_WAYS = (
    "api_key_env",
    "timeout",
    "concurrency",
    "retries",
    "allow_failed",
    "price_per_million_input",
    "price_per_million_output",
    "budget",
)


def template_stamp(recipe: Recipe, root: Path) -> str:
    """What shows that a recipe has another chat template, or end of a turn, than its model; "" where it has not."""
    path, end = (recipe.train.extra.get(name) for name in ("chat_template_path", "eos_token"))
    if path is None and end is None:
        return ""
    file = root / str(path)
    body = file.read_bytes() if path is not None and file.is_file() else str(path).encode()
    return hashlib.sha256(b"%s\0%s" % (body, str(end).encode())).hexdigest()[:16]


def baseline_fingerprint(
    recipe: Recipe,
    test_sha256: str,
    *,
    split_sha256: str = "",
    model_sha256: str = "",
    contents: Mapping[str, str] | None = None,
    metric_sha256: str | None = None,
    template_sha256: str = "",
) -> str:
    """The hash of all that the prompted contestants' answers depend on: 16 hex digits.

    `recipe` is resolved. `split_sha256` covers the rows that examples are drawn from and contestants chosen
    on; `model_sha256` (see model_stamp) a model in a folder, whose name alone does not say what is in it; `contents`
    (see prompt_contents) the files and folders that contestants are asked with; `metric_sha256` the file of the metric
    that they are chosen by; `template_sha256` (see template_stamp) a chat template that is not the model's own.
    What only training, the tuned model or the report depend on is left out, so that a baseline is measured
    once.
    """
    prompt = asdict(recipe.prompt)
    for name in ("tuned_system", "enough"):
        prompt.pop(name)
    lines = prompt.pop("contestants")
    if lines:
        prompt["contestants"] = [{name: line[name] for name in line if name not in _WAYS} for line in lines]
        prompt["contents"] = dict(contents or {})
    depends: dict[str, Any] = {
        "model": asdict(recipe.model),
        "quantization": asdict(recipe.quantization),
        "prompt": prompt,
        "label": recipe.data.label,
        "evaluate": {name: getattr(recipe.evaluate, name) for name in _EVALUATE},
        "test": test_sha256,
        "split": split_sha256,
        "model_sha256": model_sha256,
    }
    if template_sha256:
        depends["template_sha256"] = template_sha256
    if metric_sha256:
        depends["metric_sha256"] = metric_sha256
    if recipe.evaluate.limit is not None:
        depends["drawn"] = recipe.data.seed  # which rows those are
    text = json.dumps(depends, sort_keys=True, default=_as_json)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def prompt_contents(prompt: Prompt, root: Path) -> dict[str, str]:
    """The hashes of what the contestants' lines name, by its name: folders of documents, files with a system prompt.

    Raises InputError where one cannot be read.
    """
    found: dict[str, str] = {}
    for line in prompt.contestants:
        try:
            if line.retrieve:
                found[line.retrieve] = documents_sha256(root / line.retrieve)
            if line.system_file:
                found[line.system_file] = hashlib.sha256((root / line.system_file).read_bytes()).hexdigest()[:16]
        except OSError as error:
            raise InputError(f"prompt.contestants: {error.filename}: {error.strerror}") from None
    return found


def _as_json(value: Any) -> Any:
    return dict(value) if hasattr(value, "keys") else str(value)


def model_stamp(folder: Path) -> str:
    """A hash of a model's folder: its small files by content, its weights by name, size and time."""
    stamp = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.name.startswith("."):
            continue
        stamp.update(f"{path.name}\0".encode())
        if path.suffix in _WEIGHTS:
            found = path.stat()
            stamp.update(f"{found.st_size}\0{found.st_mtime_ns}\0".encode())
        else:
            stamp.update(hashlib.sha256(path.read_bytes()).digest())
    return stamp.hexdigest()[:16]
