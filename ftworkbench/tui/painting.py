"""When a screen is painted: at once, but all that one key changes in one picture.

Textual 8.2 paints on a grid of 60 beats a second. A change that comes after a rest is painted at once, before the
widgets beside it have said that they look different too; those wait for one or two beats, and more while a training
takes the cores.
"""

from __future__ import annotations

import asyncio
import time

from textual.timer import Timer

# A widget says that it changed by messages: its own, its parent's, the screen's.
_TURNS = 4
_SHORTEST = 1 / 60


class PaintTimer(Timer):
    """Ticks once each time that it is resumed: a few turns of the event loop later, and 60 times a second at most."""

    async def _run(self) -> None:
        last = 0.0
        while True:
            await self._active.wait()
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            if (left := last + _SHORTEST - time.monotonic()) > 0:
                await asyncio.sleep(left)
            if self._active.is_set():
                last = time.monotonic()
                await self._tick(next_timer=last, count=0)
