"""A chart that is read by a cursor."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message

from ftworkbench.tui.actions import bindings
from ftworkbench.tui.reading import Point, Reading, Span, next_spike
from ftworkbench.tui.widgets.lines_view import LinesView, wrapped
from ftworkbench.tui.widgets.plot import Curve, draw

_FAR = 0.1
# A chart of so many lines has those of its foot always: with the focus it stays as it is, and is not drawn anew.
_ROOMY = 14


@dataclass(frozen=True)
class Picture:
    """What a chart shows: its curves in a span, over the steps of `whole`; `points` are those that the cursor reads.

    `caption` and `foot`, which says what is at a place of the points, are lines of so many cells; `peaks` are the
    points among which spikes are looked for.
    """

    curves: Callable[[Span], Sequence[Curve]]
    points: Sequence[Point]
    whole: Span
    caption: Callable[[int], Sequence[Content]]
    foot: Callable[[int, int], Sequence[Content]]
    peaks: Callable[[], Sequence[Point]]


class Chart(LinesView, can_focus=True, inherit_bindings=False):
    """Shows a picture. With the focus it has a cursor, and says at its foot what stands there."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("chart")]

    class StepChosen(Message):
        """The rows of the steps after `after`, up to `step`, are wanted."""

        def __init__(self, after: int, step: int) -> None:
            super().__init__()
            self.after, self.step = after, step

    class Said(Message):
        """Something to say in passing."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, *, id: str | None = None, classes: str = "chart") -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._picture: Picture | None = None
        self._reading = Reading()
        self._empty = ""
        self._ready = False
        self._read_step: float | None = None

    async def on_mount(self) -> None:
        # A fifth of a second: too long for the event loop.
        await asyncio.to_thread(importlib.import_module, "plotext")
        self._ready = True
        self._draw_now()

    # What is shown

    @property
    def picture(self) -> Picture | None:
        return self._picture

    def begin(self) -> None:
        """Another curve is shown: all of it, the cursor at its end."""
        self._reading, self._read_step = Reading(), None

    def plot(self, picture: Picture | None, *, empty: str = "") -> None:
        """Shows this picture; `empty` is said for none."""
        self._picture, self._empty = picture, empty
        self._draw_now()

    def _draw_now(self) -> None:
        self.show(self._frame, top=False)

    def _frame(self, width: int) -> Sequence[Content]:
        picture, height = self._picture, self.scrollable_content_region.height
        if picture is None:
            return wrapped(Content.styled(self._empty, "$text-muted"), width)
        reading = self._reading
        place = reading.place(picture.points) if self.has_focus else -1
        self._read_step = picture.points[place][0] if place >= 0 else None
        foot = picture.foot(place, width) if place >= 0 else ()
        if not foot and height >= _ROOMY and picture.points:
            foot = [Content("")] * len(picture.foot(len(picture.points) - 1, width))
        cursor = picture.points[place] if place >= 0 else None
        span = reading.span or picture.whole
        caption = picture.caption(width)
        if not self._ready:
            return caption
        frame = draw(picture.curves(span), width, height - len(caption) - len(foot), span, cursor)
        return [*caption, *frame, *foot]

    def watch_has_focus(self, value: bool) -> None:
        super().watch_has_focus(value)
        self._draw_now()

    def on_click(self, event: events.Click) -> None:
        self.focus()

    # The cursor

    def _go(self, place: int) -> None:
        if self._picture is not None:
            self._read(self._reading.at(self._picture.points, place, self._picture.whole))

    def _read(self, reading: Reading) -> None:
        if reading != self._reading:
            self._reading = reading
            self._draw_now()

    def _here(self, picture: Picture) -> int:
        """The place that is read: the last one, where the curve has grown since it was drawn, is not seen yet."""
        reading = self._reading if self._read_step is None else Reading(cursor=self._read_step)
        return reading.place(picture.points)

    def _step(self, by: int) -> None:
        if self._picture is not None:
            self._go(self._here(self._picture) + by)

    def _far(self, direction: int) -> None:
        picture = self._picture
        if picture is None or not picture.points:
            return
        left, right = self._reading.span or picture.whole
        here = self._here(picture)
        wanted = picture.points[here][0] + direction * _FAR * (right - left)
        place = Reading(cursor=wanted).place(picture.points)
        self._go(place if place != here else here + direction)

    def _spike(self, *, forward: bool) -> None:
        picture = self._picture
        if picture is None or not picture.points:
            return
        here = picture.points[self._here(picture)][0]
        found = next_spike(picture.points, picture.peaks(), here, forward)
        if found is None:
            self.post_message(self.Said(f"no spike {'after' if forward else 'before'} step {here:,.0f}"))
        else:
            self._go(Reading(cursor=found).place(picture.points))

    def action_cursor_left(self) -> None:
        self._step(-1)

    def action_cursor_right(self) -> None:
        self._step(1)

    def action_cursor_far_left(self) -> None:
        self._far(-1)

    def action_cursor_far_right(self) -> None:
        self._far(1)

    def action_cursor_first(self) -> None:
        self._go(0)

    def action_cursor_last(self) -> None:
        if self._picture is not None:
            self._go(len(self._picture.points) - 1)
            self._read(replace(self._reading, cursor=None))

    def action_zoom_in(self) -> None:
        self._zoom(0.5)

    def action_zoom_out(self) -> None:
        self._zoom(2.0)

    def _zoom(self, factor: float) -> None:
        if self._picture is not None:
            self._read(self._reading.zoomed(factor, self._picture.points, self._picture.whole))

    def action_zoom_all(self) -> None:
        self._read(replace(self._reading, span=None))

    def action_next_spike(self) -> None:
        self._spike(forward=True)

    def action_previous_spike(self) -> None:
        self._spike(forward=False)

    def action_step_rows(self) -> None:
        if self._picture is not None and self._picture.points:
            place = self._here(self._picture)
            before = int(self._picture.points[place - 1][0]) if place else 0
            self.post_message(self.StepChosen(before, int(self._picture.points[place][0])))
