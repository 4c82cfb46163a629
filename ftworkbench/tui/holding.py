"""Which actions hold now: for what has the focus, for its screen, and everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from textual.dom import DOMNode
from textual.screen import Screen

from ftworkbench.tui.actions import Action, actions, find_action


@dataclass(frozen=True)
class Held:
    """An action with the keys it has now (a keymap counts), the node that does it, and whether it can be done."""

    action: Action
    keys: tuple[str, ...]
    node: DOMNode
    enabled: bool


def held_actions(screen: Screen[Any]) -> list[Held]:
    """The actions that hold on `screen`: those of the focus first, each scope in the order of its table."""
    found: dict[str, Held] = {}
    scopes: list[str] = []
    for key, active in screen.active_bindings.items():
        action = find_action(active.binding.id)
        if action is None:
            continue
        if action.scope not in scopes:
            scopes.append(action.scope)
        before = found[action.id].keys if action.id in found else ()
        found[action.id] = Held(action, (*before, key), active.node, active.enabled)
    return sorted(
        found.values(),
        key=lambda held: (scopes.index(held.action.scope), actions(held.action.scope).index(held.action)),
    )
