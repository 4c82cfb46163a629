"""A dialog with the queues of this machine's devices: who has one, who waits for it, and keys to change the order."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from ftworkbench.figures import UNKNOWN, duration
from ftworkbench.tui.actions import bindings
from ftworkbench.tui.text import shown
from ftworkbench.tui.widgets.item_list import ItemList
from ftworkbench.tui.widgets.job_words import fit, phase_mark
from ftworkbench.tui.widgets.keybar import KeyBar

if TYPE_CHECKING:
    from ftworkbench.steps.queue import Place
    from ftworkbench.tui.app import Workbench

_EMPTY = "No job has a device, and none waits for one."
_HINT = "The next turn is the first that waits. What is dropped stops before it has begun, and can be resumed."
_AGAIN = 1.0  # seconds between two looks: others change the queue too


class QueueScreen(ModalScreen[None]):
    """Shows the queues as they are, whoever changes them."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("queue")]
    CSS_PATH = "../styles/history.tcss"

    def __init__(self, chosen: str | None) -> None:
        super().__init__(classes="dialog")
        self._wanted = chosen

    @property
    def workbench(self) -> Workbench:
        return cast("Workbench", self.app)

    def compose(self) -> ComposeResult:
        with Vertical(classes="box wide") as box:
            box.border_title = Content("Queue")
            yield ItemList(self._line, _key, empty="", classes="inner")
            yield Static(shown(_HINT), classes="hint", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        self._look()
        self.set_interval(_AGAIN, self._look)

    @property
    def _list(self) -> ItemList[Place]:
        return self.query_one(ItemList)

    def _line(self, place: Place, width: int) -> Content:
        here = self.workbench.workspace.root.resolve()
        elsewhere = place.job is not None and place.job.workspace.root.resolve() != here
        where = f"in {place.job.workspace.root}" if elsewhere and place.job is not None else ""
        if not place.waits and place.why:
            where = place.why
        return place_line(place, where, width)

    # What there is

    def _look(self) -> None:
        from ftworkbench.steps.queue import places

        if not self.workbench.is_busy("queue"):
            self.workbench.launch(places, self._show, doing="looking at the queue", group="queue")

    def _show(self, found: Sequence[Place]) -> None:
        if not self.is_attached:
            return
        self._stand_beside(found)
        self._list.show(found, empty=_EMPTY)
        if self._wanted is not None:
            wanted, self._wanted = self._wanted, None
            mine = next((each for each in found if each.job is not None and each.job.name == wanted), None)
            if mine is not None:
                self._list.go_to(_key(mine))

    def _stand_beside(self, found: Sequence[Place]) -> None:
        """Where the job under the cursor is gone, the cursor goes to the one that was below it, or above."""
        there, before, at = {_key(each) for each in found}, self._list.items, self._list.cursor
        near = [*before[at:], *reversed(before[:at])]
        nearest = next((_key(each) for each in near if _key(each) in there), None)
        if nearest is not None:
            self._list.go_to(nearest)

    # What is done with a waiting job

    def action_earlier(self) -> None:
        self._act("up")

    def action_later(self) -> None:
        self._act("down")

    def action_first(self) -> None:
        self._act("first")

    def action_drop(self) -> None:
        self._act("drop")

    def action_close(self) -> None:
        self.dismiss(None)

    def _act(self, name: str) -> None:
        place = self._list.item
        if place is None:
            return
        if not place.waits:
            self.workbench.tell(f"{place.job.short if place.job else 'it'} has the device; only what waits has a place")
            return

        def work() -> list[Place]:
            from ftworkbench.steps.queue import ACTS, places

            ACTS[name](place)
            return places()

        self.workbench.launch(work, self._show, doing="changing the queue", group="queue change")


def _key(place: Place) -> object:
    return place.device, place.job.path if place.job else place.place


def place_line(place: Place, where: str, width: int) -> Content:
    """A job at a device on one line: its place, name, kind, how long, and whose it is where that is another's."""
    seconds = None if place.since is None else max(time.time() - place.since, 0.0)
    name = place.job.short if place.job else UNKNOWN
    words = f"{'waits' if place.waits else place.phase or 'has it'} {'' if seconds is None else duration(seconds)}"
    name_room = min(22, max(width - 38, 8))
    return Content.assemble(
        (fit(place.device, 8), "$text-muted"),
        (fit(str(place.place), 3, right=True) if place.waits else "  ", "bold"),
        "" if place.waits else phase_mark(place.phase or "running"),
        " ",
        (fit(name, name_room), "" if place.waits else "bold"),
        (fit(place.kind, 10), "$text-muted"),
        (fit(words, 16), "$text-muted"),
        (fit(where, max(width - 38 - name_room, 0)), "$text-muted"),
    )
