"""One registry of actions: it feeds the bindings, the footer, the help screen, the palette and the user's keymap."""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from textual.binding import Binding
from textual.keys import format_key

from ftworkbench.paths import config_dir

SCREENS = ("data", "recipe", "runs", "compare", "evaluate", "ship")
_LABELS = {"space": "space", "enter": "enter", "escape": "esc", "tab": "tab"}
SHARED_SCOPES = ("app", "list", "text", "chart", "dialog", "choice", "several", "history", "queue", "label")


@dataclass(frozen=True)
class Action:
    """Something that a key does. `id` is its name in a keymap; the method is `action_` and the part after the dot,
    or what `call` says, like `show('data')`.

    `keys` are Textual's names, separated by commas. With `footer` it may stand in the footer: the earlier in its
    table, the longer it stays there when there is little room.
    """

    id: str
    keys: str
    title: str
    help: str
    scope: str
    footer: bool = False
    group: str = ""
    palette: bool = True
    call: str = ""

    @property
    def method(self) -> str:
        return self.call or self.id.split(".", 1)[1].replace("-", "_")


@cache
def actions(scope: str) -> tuple[Action, ...]:
    """The actions of a scope (a screen, or what screens share), the most important first."""
    table = importlib.import_module(f"ftworkbench.tui.keys.{scope}")
    return tuple(table.ACTIONS)


def find_action(action_id: str | None) -> Action | None:
    """The action of that id; None for what is not ours."""
    scope = (action_id or "").partition(".")[0]
    if scope not in SCREENS + SHARED_SCOPES:
        return None
    return next((action for action in actions(scope) if action.id == action_id), None)


def bindings(scope: str, *groups: str) -> list[Binding]:
    """The bindings of a scope, or of some groups of it, for a BINDINGS.

    Each has its action's id, so that a keymap can change it.
    """
    return [
        Binding(action.keys, action.method, action.title, show=action.footer, id=action.id, tooltip=action.help)
        for action in actions(scope)
        if not groups or action.group in groups
    ]


def key_label(key: str) -> str:
    """A key as it is written on the screen: `ctrl+d`, `/`, `space`, `esc`."""
    *modifiers, name = key.split("+")
    return "+".join([*modifiers, _LABELS.get(name) or format_key(name)])


def read_keymap(path: Path | None = None) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """The user's keymap (action id = keys) and one line for each entry that cannot be used."""
    path = path or config_dir() / "keymap.toml"
    if not path.exists():
        return {}, ()
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return {}, (f"{path.name}: {error}; the keymap is not used",)
    return _flat_keymap(entries, path)


def _flat_keymap(entries: Mapping[str, object], path: Path) -> tuple[Mapping[str, str], tuple[str, ...]]:
    keymap: dict[str, str] = {}
    problems: list[str] = []
    for name, value in entries.items():
        # `data.accept = "y"` unquoted is a table in TOML; both ways of writing mean the same here
        pairs = {f"{name}.{key}": keys for key, keys in value.items()} if isinstance(value, dict) else {name: value}
        for action_id, keys in pairs.items():
            if find_action(action_id) is None:
                problems.append(f"{path.name}: no action is called {action_id}; `?` in the workbench shows them")
            elif not isinstance(keys, str) or not keys.strip():
                problems.append(f'{path.name}: {action_id} wants its keys as text, like "ctrl+y" or "y,enter"')
            else:
                keymap[action_id] = keys
    return keymap, tuple(problems)
