"""The help screen: what every key does, here, for what has the focus now, and everywhere."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from ftworkbench.tui.actions import Action, key_label
from ftworkbench.tui.holding import Held
from ftworkbench.tui.text import shown

_HEADINGS = {"list": "Move", "text": "Move", "app": "Everywhere"}
_WIDEST = 100


def help_text(title: str, held: Sequence[Held], width: int) -> Content:
    """What the help screen says in `width` cells: the screen's own actions by group, then what holds everywhere."""
    groups: dict[str, list[tuple[str, Action]]] = {}
    for one in held:
        if one.enabled:
            heading = _HEADINGS.get(one.action.scope, one.action.group)
            groups.setdefault(heading, []).append((_keys(one), one.action))
    shared = [name for name in ("Move", "Everywhere") if name in groups]
    keys_width = max((len(_keys(one)) for one in held), default=0)
    title_width = max((len(one.action.title) for one in held), default=0)
    lines: list[Content] = [Content.styled(title, "bold"), Content("")]
    for heading in [*(name for name in groups if name not in shared), *shared]:
        lines.append(Content.styled(heading, "bold $accent"))
        for keys, action in groups[heading]:
            lines += _entry(f"{keys:>{keys_width}}  ", f"{action.title:<{title_width}}  ", action.help, width)
        lines.append(Content(""))
    lines.append(shown("Every key can be changed in keymap.toml, in the settings folder:", "$text-muted"))
    for one in held[:1]:
        lines.append(shown(f'"{one.action.id}" = "{",".join(one.keys)}"', "$text-muted"))
    return Content("\n").join(lines)


def _keys(held: Held) -> str:
    return " ".join(key_label(key) for key in held.keys)


def _entry(keys: str, title: str, help_line: str, width: int) -> list[Content]:
    indent = len(keys) + len(title)
    first, *rest = textwrap.wrap(help_line, max(width - indent, 16)) or [""]
    lines = [Content.assemble((keys, "bold $primary"), title, (first, "$text-muted"))]
    return lines + [Content.styled(" " * indent + line, "$text-muted") for line in rest]


class HelpScreen(ModalScreen[None]):
    """Lists the actions; any of its own keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "dismiss_help", "close", id="help.close"),
        Binding("j,down", "scroll_text(1)", show=False),
        Binding("k,up", "scroll_text(-1)", show=False),
        Binding("ctrl+d,pagedown,space", "scroll_text(12)", show=False),
        Binding("ctrl+u,pageup", "scroll_text(-12)", show=False),
    ]

    def __init__(self, title: str, held: Sequence[Held]) -> None:
        super().__init__(classes="dialog")
        self._title, self._held = title, held

    def compose(self) -> ComposeResult:
        width = min(self.app.size.width, _WIDEST) - 6  # the box's border, padding and scroll bar
        with VerticalScroll(classes="box tall", can_focus=False) as box:
            box.border_title = Content("Help")
            box.border_subtitle = Content("j k scroll · q close")
            yield Static(help_text(self._title, self._held, width), markup=False)

    def action_dismiss_help(self) -> None:
        self.dismiss(None)

    def action_scroll_text(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)
