"""The end of a file that grows: never more of it in memory than a screenful's worth of scrolling."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from textual.content import Content

from ftworkbench.tui.text import shown
from ftworkbench.tui.widgets.lines_view import LinesView, wrapped

MOST_BYTES = 128 * 1024
_LONGEST_LINE = 2000
SECONDS_BETWEEN = 0.5


def read_end(path: Path, most: int = MOST_BYTES) -> tuple[list[str], int]:
    """The last lines of the file, at most so many bytes of them, and the bytes before; none where it is not there.

    Of a line that a progress bar wrote again and again, only what it says last.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = file.seek(max(size - most, 0))
            text = file.read(most)
    except OSError:
        return [], 0
    lines = text.decode("utf-8", "replace").split("\n")
    if start:
        del lines[0]
    if lines and not lines[-1]:
        del lines[-1]
    return [line.rstrip("\r").rsplit("\r", 1)[-1][:_LONGEST_LINE] for line in lines], start


class LogView(LinesView):
    """Follows the end of a log, unless the user has scrolled away from it."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._path: Path | None = None
        self._stamp: tuple[int, int] | None = None

    def on_mount(self) -> None:
        self.set_interval(SECONDS_BETWEEN, self._look)

    async def follow(self, path: Path | None) -> None:
        """Shows the end of another file."""
        self._path, self._stamp = path, None
        await self._look(at_end=True)

    async def _look(self, *, at_end: bool = False) -> None:
        if self._path is None or (not at_end and not self.display):
            return
        path = self._path
        found = await asyncio.to_thread(_read_if_changed, path, self._stamp)
        if path != self._path or found is None:
            return
        self._stamp, lines, before = found
        stay = not at_end and round(self.scroll_y) < self.max_scroll_y
        self.show(lambda width: _log_lines(lines, before, width), top=False)
        if not stay:
            self.action_scroll_end()


def _read_if_changed(path: Path, stamp: tuple[int, int] | None) -> tuple[tuple[int, int], list[str], int] | None:
    try:
        stat = path.stat()
        now = (stat.st_size, stat.st_mtime_ns)
    except OSError:
        now = (0, 0)
    return None if now == stamp else (now, *read_end(path))


def _log_lines(lines: list[str], before: int, width: int) -> list[Content]:
    if not lines:
        return [Content.styled("The worker has written nothing to its log yet.", "$text-muted")]
    found = []
    if before:
        found.append(Content.styled(f"… {before:,} bytes before; all of it is in worker.log", "$text-muted"))
    for line in lines:
        found += wrapped(shown(line), width)
    return found
