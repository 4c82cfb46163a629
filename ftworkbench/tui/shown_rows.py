"""From anywhere to rows of a file, on the Data screen, and no others."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ftworkbench.tui.app import Workbench


def open_rows(workbench: Workbench, path: Path, keys: Collection[str], words: str) -> None:
    """Shows the rows of `path` with these keys, called `words`."""

    async def show() -> None:
        from ftworkbench.tui.screens.data import DataScreen

        await workbench.switch_mode("data")
        if isinstance(workbench.screen, DataScreen):
            workbench.screen.finding.show_rows(path, keys, words)

    workbench.run_worker(show(), group="shown rows", exclusive=True)
