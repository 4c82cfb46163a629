"""A chart that is drawn at most twice a second, and only where it changed."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Sequence

from textual.color import Color
from textual.content import Content
from textual.timer import Timer

from ftworkbench.tui.widgets.lines_view import LinesView, wrapped
from ftworkbench.tui.widgets.plot import Curve, draw

SECONDS_BETWEEN = 0.5


class Chart(LinesView, can_focus=False):
    """Shows curves over steps. `empty` is said while there are none."""

    def __init__(self, *, empty: str = "", id: str | None = None, classes: str = "chart") -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._curves: Sequence[Curve] = ()
        self._last_x = 0.0
        self._caption = Content("")
        self._empty = empty
        self._drawn_at = 0.0
        self._ready = False
        self._waiting: Timer | None = None
        self._made: tuple[object, list[Content]] = (None, [])

    async def on_mount(self) -> None:
        # a fifth of a second: too long for the event loop
        await asyncio.to_thread(importlib.import_module, "plotext")
        self._ready = True
        self._draw_now()

    def plot(self, curves: Sequence[Curve], last_x: float, caption: Content | None = None, *, empty: str = "") -> None:
        """Shows these curves under a caption, as soon as half a second has passed since the last frame."""
        self._curves, self._last_x, self._empty = curves, last_x, empty
        self._caption = caption or Content("")
        if self._waiting is None:
            due = self._drawn_at + SECONDS_BETWEEN - time.monotonic()
            if due <= 0:
                self._draw_now()
            else:
                self._waiting = self.set_timer(due, self._draw_now)

    def _draw_now(self) -> None:
        if self._waiting is not None:
            self._waiting.stop()
            self._waiting = None
        if self._ready:
            self._drawn_at = time.monotonic()
            self.show(self._frame, top=False)

    def _frame(self, width: int) -> Sequence[Content]:
        height = self.scrollable_content_region.height
        variables = self.app.theme_variables
        names = {"chart-axis", *(curve.colour for curve in self._curves)}
        colours = {name: Color.parse(variables[name]) for name in names}
        key = (self._curves, self._last_x, width, height, tuple(colours.items()))
        if self._made[0] != key:
            self._made = (key, draw(self._curves, width, height - 1, self._last_x, colours))
        if not self._made[1]:
            return wrapped(Content.styled(self._empty, "$text-muted"), width)
        return [self._caption.truncate(width), *self._made[1]]
