"""A launch that failed because nobody has confirmed the model's code yet: its files are shown, and it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ftworkbench.recipe.remote_code import UnconfirmedCodeError
    from ftworkbench.steps.recipe import Opened
    from ftworkbench.tui.app import Workbench

_SHOWN = 12


def launch_failed(app: Workbench, again: Callable[[], object], doing: str) -> Callable[[BaseException], None]:
    """What to do with the error of a launch: about code it is asked for, and then `again` is called."""

    def failed(error: BaseException) -> None:
        from ftworkbench.errors import WorkbenchError
        from ftworkbench.recipe.remote_code import UnconfirmedCodeError

        if isinstance(error, UnconfirmedCodeError) and app.opened is not None:
            _ask(app, app.opened, error, again)
        elif isinstance(error, WorkbenchError):
            app.tell_error(doing, error)

    return failed


def _ask(app: Workbench, opened: Opened, error: UnconfirmedCodeError, again: Callable[[], object]) -> None:
    from ftworkbench.tui.widgets.dialogs import Answer, Ask

    code = error.code
    more = len(code.files) - _SHOWN
    changed = error.confirmed is not None
    begins = (
        "The model's code is another one than was confirmed."
        if changed
        else "The model brings code of its own, which can do anything on this machine."
    )
    lines = [
        begins,
        "",
        *code.lines[:_SHOWN],
        *([f"and {more} more"] if more > 0 else []),
        "",
        f"Read it in {code.folder}",
    ]
    title = "Confirm the changed code?" if changed else "Trust the model's code?"
    answers = [Answer("y", "I have read it: run it, and refuse any other", "trust")]
    trusted = partial(_trust, app, opened, code.sha256, again)
    app.push_screen(Ask(title, "\n".join(lines), answers), lambda answer: trusted() if answer else None)


def _trust(app: Workbench, opened: Opened, sha256: str, again: Callable[[], object]) -> None:
    """Writes the hash that was shown into the recipe, and goes on: what was not shown would not match it."""

    def write() -> None:
        from ftworkbench.steps.recipe import write_options

        write_options(opened.path, {"model.code_sha256": sha256})

    app.launch(write, lambda _: app.open_recipe(opened.path, again), doing="writing the recipe")
