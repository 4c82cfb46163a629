"""The line at the bottom: the keys that matter most for what has the focus."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, TextArea

from ftworkbench.tui.actions import key_label
from ftworkbench.tui.holding import held_actions

_GAP = "  "


class KeyBar(Widget):
    """Shows as many of the footer's actions as fit, the most important first; `? help` always."""

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, _: Screen[object]) -> None:
        self.refresh()

    def render(self) -> Content:
        return fit_keys(footer_keys(self.screen), self.size.width)


def footer_keys(screen: Screen[object]) -> list[tuple[str, str, bool]]:
    """Key, title and whether it can be used now, of each footer action that holds for the focus."""
    if isinstance(screen.focused, Input):
        return [("enter", "keep", True), ("→", "complete", True), ("esc", "close", True), ("f1", "help", True)]
    writes = isinstance(screen.focused, TextArea)
    keys = []
    for held in held_actions(screen):
        own = [key for key in held.keys if not (writes and key == "enter")]  # there enter begins a line
        if held.action.footer and own:
            keys.append((key_label(own[0]), held.action.title, held.enabled))
    if writes and not any(title == "close" for _, title, _ in keys):
        keys.append(("esc", "close", True))
    return keys


def fit_keys(keys: Sequence[tuple[str, str, bool]], width: int) -> Content:
    """The keys on one line of `width` cells. Help comes last, and is the one that is never left out."""
    last = [key for key in keys if key[1] == "help"]
    first = [key for key in keys if key[1] != "help"]
    room = width - 1 + len(_GAP) - sum(_length(key) for key in last)
    kept = []
    for key in first:
        room -= _length(key)
        if room < 0:
            break
        kept.append(key)
    parts: list[Content | str] = [" "]
    for label, title, enabled in kept + last:
        parts.append(Content.styled(label, "bold $primary" if enabled else "$text-disabled"))
        parts.append(Content.styled(f" {title}{_GAP}", "$text-muted" if enabled else "$text-disabled"))
    return Content("").join(parts)


def _length(key: tuple[str, str, bool]) -> int:
    return len(key[0]) + 1 + len(key[1]) + len(_GAP)
