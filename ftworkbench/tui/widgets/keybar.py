"""The lines at the bottom: the keys that matter most for what has the focus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, TextArea

from ftworkbench.tui.actions import key_label
from ftworkbench.tui.holding import held_actions

_GAP = "  "
_MOST_LINES = 2
Key = tuple[str, str, bool]
"""A key, what it does, and whether it can be used now."""


@runtime_checkable
class KnowsItsKeys(Protocol):
    """A screen that says which of its actions would now do nothing."""

    def is_idle(self, action: str) -> bool: ...


def _never(_: str) -> bool:
    return False


class KeyBar(Widget):
    """Shows as many of the footer's actions as fit, the most important first; `? help` always.

    One line, or two where one is too short for them; it does not shrink again, so that panes stay where they are when
    the focus goes from one to another.
    """

    def __init__(self) -> None:
        super().__init__()
        self._keys: Sequence[Key] = ()

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def on_resize(self) -> None:
        self._keys = footer_keys(self.screen)
        self._stand(len(split_keys(self._keys, self.size.width)))

    def _bindings_changed(self, _: Screen[object]) -> None:
        keys = footer_keys(self.screen)
        if keys == self._keys:
            return
        self._keys = keys
        lines = len(split_keys(keys, self.size.width)) if self.size.width else 1
        self._stand(max(lines, self.size.height))
        self.refresh()

    def _stand(self, lines: int) -> None:
        if self.styles.height is None or self.styles.height.value != lines:
            self.styles.height = lines
            self.screen.set_class(lines > 1, "-keys-2")

    def render(self) -> Content:
        return fit_keys(self._keys, self.size.width, self.size.height)


def footer_keys(screen: Screen[object]) -> list[tuple[str, str, bool]]:
    """Key, title and whether it can be used now, of each footer action that holds for the focus."""
    if isinstance(screen.focused, Input):
        return [("enter", "keep", True), ("→", "complete", True), ("esc", "close", True), ("f1", "help", True)]
    writes = isinstance(screen.focused, TextArea)
    is_idle = screen.is_idle if isinstance(screen, KnowsItsKeys) else _never
    keys = []
    for held in held_actions(screen):
        own = [key for key in held.keys if not (writes and key == "enter")]  # there enter begins a line
        if held.action.footer and own:
            keys.append((key_label(own[0]), held.action.title, held.enabled and not is_idle(held.action.id)))
    if writes and not any(title == "close" for _, title, _ in keys):
        keys.append(("esc", "close", True))
    return keys


def split_keys(keys: Sequence[Key], width: int, lines: int = _MOST_LINES) -> list[list[Key]]:
    """The keys by line, as many lines of `width` cells as are needed, or as there are.

    Help comes last, and is the one that is never left out.
    """
    last = [key for key in keys if key[1] == "help"]
    found: list[list[Key]] = [[]]
    for key in (key for key in keys if key[1] != "help"):
        beside = last if len(found) == lines else []
        if _fit([*found[-1], key, *beside], width):
            found[-1].append(key)
        elif len(found) < lines:
            found.append([key])
        else:
            break
    if not _fit([*found[-1], *last], width):
        found.append([])
    found[-1] += last
    return found


def _fit(keys: Sequence[Key], width: int) -> bool:
    return 1 + sum(map(_length, keys)) - len(_GAP) <= width


def fit_keys(keys: Sequence[Key], width: int, lines: int = 1) -> Content:
    """The keys on so many lines of `width` cells."""
    return Content("\n").join(_line(each) for each in split_keys(keys, width, lines))


def _line(keys: Sequence[Key]) -> Content:
    parts: list[Content | str] = [" "]
    for label, title, enabled in keys:
        parts.append(Content.styled(label, "bold $primary" if enabled else "$text-disabled"))
        parts.append(Content.styled(f" {title}{_GAP}", "$text-muted" if enabled else "$text-disabled"))
    return Content("").join(parts)


def _length(key: tuple[str, str, bool]) -> int:
    return len(key[0]) + 1 + len(key[1]) + len(_GAP)
