"""Rows of the recipe's other files, for what a row has to do with one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ftworkbench.data.sources.source import Row, Source, open_source
from ftworkbench.errors import WorkbenchError

if TYPE_CHECKING:
    from ftworkbench.recipe.tables import Data

_SLICE = 0.1

Launch = Callable[[Callable[[], object], Callable[[object], object]], object]
"""Runs the first in a thread, then the second, with what it gave, on the event loop."""


class OtherFiles:
    """Opens a file when a row of it is first asked for, and reads as far as is needed, in a thread."""

    def __init__(self, paths: Sequence[Path], data: Data | None, launch: Launch, there: Callable[[], object]) -> None:
        """`there` is called when a row is known that was asked for in vain."""
        self._paths = {path.name: path for path in paths}
        self._data, self._launch, self._there = data, launch, there
        self._sources: dict[str, Source | None] = {}

    def row(self, name: str, number: int) -> Row | None:
        """The row of that number in the file of that name; None while it is not read yet, or where there is none."""
        if name not in self._paths:
            return None
        source = self._sources.get(name)
        if name not in self._sources or (source and not source.complete and source.index_of(number) is None):
            self._launch(partial(self._read, name, number), lambda _: self._there())
            return None
        index = source.index_of(number) if source is not None else None
        return source.row(index) if source is not None and index is not None else None

    def _read(self, name: str, number: int) -> None:
        source = self._sources.get(name)
        try:
            source = source or open_source(self._paths[name], self._data)
            while source.index_of(number) is None and not source.index_some(_SLICE):
                pass
        except WorkbenchError:
            source = None  # the check that named it could read it: what is wrong now is said when it is opened
        self._sources[name] = source
