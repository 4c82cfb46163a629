"""Keys that come faster than they are answered: each has its turn when the one before is done."""

from __future__ import annotations

import time
from collections import deque

from textual import events
from textual.app import App
from textual.message_pump import MessagePump
from textual.screen import Screen

# A key whose answer never comes, as what had the focus is gone, must not hold up the others for good.
_PATIENCE_SECONDS = 0.5


class KeysInTurn:
    """Holds keys back until what the key before did is done, and the line or dialog that it opened has the focus.

    Without it the keys of one packet all go to what had the focus when they came: `/a` would search for nothing, and
    accept a row.
    """

    def __init__(self, app: App[None]) -> None:
        self._app = app
        self._waiting: deque[events.Key] = deque()
        self._at_work: events.Key | None = None
        self._since = 0.0
        self._screen: Screen[object] | None = None

    def begin(self, event: events.Key) -> bool:
        """Whether it is this key's turn; else it is kept, and comes to the app again when it is."""
        if self._at_work not in (None, event) and time.monotonic() - self._since < _PATIENCE_SECONDS:
            self._waiting.append(event)
            return False
        self._at_work, self._since, self._screen = event, time.monotonic(), self._app.screen
        return True

    def follow(self, event: events.Key, target: MessagePump) -> None:
        """Waits until `target`, and all that it hands the key on to, are done with it."""
        if event.is_forwarded:
            self._watch(event, target)
        else:
            self._done(event)

    def _watch(self, event: events.Key, node: MessagePump) -> None:
        # Behind the key in the queue of the node: called when the key was handled there, and handed on.
        if not node.call_later(self._handled, event, node):
            self._done(event)

    def _handled(self, event: events.Key, node: MessagePump) -> None:
        above = node._parent
        if event._stop_propagation or above is None:
            self._done(event)
        else:
            self._watch(event, above)

    def _done(self, event: events.Key) -> None:
        if event is not self._at_work:
            return
        screen = self._app.screen
        if screen is self._screen:
            self._next(event)
        else:
            screen.call_after_refresh(self._next, event)
            self._app.set_timer(_PATIENCE_SECONDS, lambda: self._next(event))

    def _next(self, event: events.Key) -> None:
        if event is not self._at_work:
            return
        self._at_work = self._waiting.popleft() if self._waiting else None
        if self._at_work is not None:
            self._app.call_later(self._app.on_event, self._at_work)
