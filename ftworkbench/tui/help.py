"""The help screen: what every key does, here, for what has the focus now, and everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from ftworkbench.tui.actions import Action, find_action, key_label
from ftworkbench.tui.text import shown

_WIDE = 24


def held_actions(screen: Screen[object]) -> dict[Action, str]:
    """The actions that hold for the focus of `screen`, each with its keys as they are now (a keymap counts)."""
    keys: dict[Action, list[str]] = {}
    for key, active in screen.active_bindings.items():
        action = find_action(active.binding.id)
        if action is not None and active.enabled:
            keys.setdefault(action, []).append(key_label(key))
    return {action: " ".join(labels) for action, labels in keys.items()}


def help_text(title: str, held: Mapping[Action, str]) -> Content:
    """What the help screen says: the screen's own actions by group, then moving, then what holds everywhere."""
    groups: dict[str, list[tuple[str, Action]]] = {}
    for action, keys in held.items():
        shared = action.scope in ("list", "text", "app")
        heading = {"list": "Move", "text": "Move", "app": "Everywhere"}[action.scope] if shared else action.group
        groups.setdefault(heading, []).append((keys, action))
    own = [name for name in groups if name not in ("Move", "Everywhere")]
    lines: list[Content] = [Content.styled(title, "bold"), Content("")]
    for heading in [*own, *(name for name in ("Move", "Everywhere") if name in groups)]:
        lines.append(Content.styled(heading, "bold $accent"))
        for keys, action in groups[heading]:
            lines.append(
                Content.assemble(
                    (f"{keys:>12}  ", "bold $primary"), (f"{action.title:<{_WIDE}}", "$foreground"),
                    (action.help, "$text-muted"),
                )
            )
        lines.append(Content(""))
    lines.append(shown("Keys can be changed in keymap.toml in the settings folder:", "$text-muted"))
    example = next(iter(held), None)
    if example is not None:
        lines.append(shown(f'"{example.id}" = "{held[example].split()[0]}"', "$text-muted"))
    return Content("\n").join(lines)


class HelpScreen(ModalScreen[None]):
    """Lists the actions; any of its own keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "dismiss_help", "close", id="help.close"),
        Binding("j,down", "scroll_text(1)", show=False),
        Binding("k,up", "scroll_text(-1)", show=False),
        Binding("ctrl+d,pagedown,space", "scroll_text(12)", show=False),
        Binding("ctrl+u,pageup", "scroll_text(-12)", show=False),
    ]

    def __init__(self, title: str, held: Mapping[Action, str]) -> None:
        super().__init__(classes="dialog")
        self._text = help_text(title, held)

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box tall", can_focus=False) as box:
            box.border_title = Content("Help")
            box.border_subtitle = Content("j k scroll · q close")
            yield Static(self._text, markup=False)

    def action_dismiss_help(self) -> None:
        self.dismiss(None)

    def action_scroll_text(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)
