"""In which way answers came, so that times are compared only where they can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ftworkbench.evaluate.contestants import Contestant
from ftworkbench.evaluate.time_and_cost import Way
from ftworkbench.machine import host
from ftworkbench.worker.measuring import Measuring
from ftworkbench.worker.serving import device_words


def way_here(measuring: Measuring, name: str, rows: int) -> Way:
    """The way that the model of this job answered so many rows; `name` is that of their file."""
    size = measuring.at_once.get(name, measuring.work.recipe.evaluate.batch_size)
    return Way(min(size, rows), device_words(measuring.work.device), host())


def way_of_baseline(
    measuring: Measuring, name: str, found: Sequence[Contestant], rows: int, earlier: Mapping[str, Any] | None
) -> Way | None:
    """The way of the contestant that is called `name`; None where an `earlier` report has its answers and no way."""
    if earlier is not None:
        return Way.from_json((earlier.get("ways") or {}).get("baseline"))
    endpoint = next((each.endpoint for each in found if each.name == name), None)
    if endpoint is not None:
        return Way(min(endpoint.concurrency, rows), endpoint=True)
    return way_here(measuring, f"test.{name}", rows)
