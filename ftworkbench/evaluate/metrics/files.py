"""The files that a recipe's metrics need: their hashes, and whether the metrics can be had."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ftworkbench.errors import InputError
from ftworkbench.evaluate.metrics.named import named_metric
from ftworkbench.recipe.metric_names import split_metric
from ftworkbench.recipe.tables import Evaluate


def metric_sha256(name: str | None, workspace: Path) -> str | None:
    """The SHA-256 of the file that a metric needs, in hex; None where it needs none. Raises InputError."""
    file = split_metric(name).file if name else None
    if file is None:
        return None
    try:
        return hashlib.sha256((workspace / file).read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from None


def require_metrics(table: Evaluate, workspace: Path) -> None:
    """Raises InputError where a metric of the recipe cannot be had; what is code of the user's own is not run."""
    for name in (*([table.metric] if table.metric else []), *table.metrics):
        named_metric(name, workspace)
