"""How the Data screen's file is read, and reading it otherwise: what the recipe says then, or only this screen."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ftworkbench.tui.widgets.dialogs import Answer, Ask

if TYPE_CHECKING:
    from ftworkbench.data.sources.choices import Choice
    from ftworkbench.tui.review import Review
    from ftworkbench.tui.screens.data import DataScreen

_KEYS = "123456789abcdefghijklm"


class FileFormat:
    """Offers the ways in which the file could be read, and has it read in the one that was chosen."""

    def __init__(self, data: DataScreen) -> None:
        self._data = data

    def ask(self) -> None:
        data, review = self._data, self._data.review
        if review is not None:
            work, then = partial(_choices, review), partial(self._offer, review)
            data.launch(work, then, doing="looking how it can be read", group="format")

    def _offer(self, review: Review, choices: list[Choice]) -> None:
        answers = [
            Answer(key, f"{choice}{'  (as it is read now)' if choice.recognised else ''}", key)
            for key, choice in zip(_KEYS, choices, strict=False)
        ]
        told = "" if self._data.workbench.opened is None else "The recipe will say so in [data]."
        chosen = dict(zip(_KEYS, choices, strict=False))
        self._data.app.push_screen(
            Ask(f"Read {review.name} as", told, answers),
            lambda key: None if key is None else self._choose(chosen[key]),
        )

    def _choose(self, choice: Choice) -> None:
        data, opened = self._data, self._data.workbench.opened
        if choice.recognised:
            return
        if opened is None:
            data.read_as(choice.options)
        elif any(screen.unsaved for screen in data.workbench.opened_screens()):
            data.workbench.tell(
                "the recipe has changes that are not saved: save them first (2, then ctrl+s)", "warning"
            )
        else:
            from ftworkbench.steps.recipe import write_options

            options = {f"data.{name}": value for name, value in choice.options.items()}
            work = partial(write_options, opened.path, options)
            then = partial(data.workbench.open_recipe, opened.path)
            data.launch(work, lambda _: then(), doing="writing the recipe", group="format")


def _choices(review: Review) -> list[Choice]:
    from ftworkbench.data.sources.choices import format_choices

    return format_choices(review.source)
