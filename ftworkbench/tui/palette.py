"""The palette: every action of the present screen, the screens and the themes, found by typing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from ftworkbench.tui.actions import key_label
from ftworkbench.tui.holding import Held, held_actions


class ActionProvider(Provider):
    """What can be done here and now, then the themes."""

    def _commands(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        for held in held_actions(self.screen):
            if held.action.palette and held.enabled:
                keys = " ".join(key_label(key) for key in held.keys)
                yield f"{held.action.title}  ({keys})", held.action.help, partial(self._run, held)
        for name in getattr(self.app, "theme_names", []):
            yield f"theme: {name}", "Change the colours; the choice is kept", partial(self._theme, name)

    async def _run(self, held: Held) -> None:
        await self.app.run_action(held.action.method, held.node)

    def _theme(self, name: str) -> None:
        self.app.call_later(self.app.run_action, f"choose_theme({name!r})")

    async def discover(self) -> Hits:
        for title, help_line, run in self._commands():
            yield DiscoveryHit(title, run, help=help_line)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for title, help_line, run in self._commands():
            score = matcher.match(title)
            if score > 0:
                yield Hit(score, matcher.highlight(title), run, help=help_line)
