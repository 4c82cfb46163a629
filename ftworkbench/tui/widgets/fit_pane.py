"""Will it fit, how long will it take: an estimate that follows the recipe while it is changed."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.message import Message

from ftworkbench.errors import WorkbenchError
from ftworkbench.tui.recipe_draft import Draft
from ftworkbench.tui.screens import recipe_fit
from ftworkbench.tui.text import entitle, shown_line
from ftworkbench.tui.widgets.lines_view import LinesView

if TYPE_CHECKING:
    from ftworkbench.steps.basis import Basis
    from ftworkbench.steps.fit import Fitted
    from ftworkbench.steps.recipe import Opened
    from ftworkbench.tui.screens.screen import WorkbenchScreen

_TITLE = "Will it fit, how long"


class FitPane(LinesView):
    """Estimates a draft at once where model and rows are those of before; else once they were looked at, in a thread.

    Hands what it found to the draft, and says `Estimated` where that was not at once.
    """

    class Estimated(Message):
        """The draft has an estimate now."""

    def __init__(self) -> None:
        super().__init__(id="fit")
        self._draft: Draft | None = None
        self._basis: Basis | None = None
        self._key: Hashable = None
        self._error = ""

    @property
    def _screen(self) -> WorkbenchScreen:
        return cast("WorkbenchScreen", self.screen)

    def follow(self, draft: Draft, *, anew: bool = False) -> None:
        """Estimates this draft as it is now. `anew`: its files may be others than before."""
        self._draft = draft
        opened = draft.opened()
        if opened is None:
            self._error = "there is no estimate until each option is right"
        elif anew or not self._estimate(opened):
            self._look_at(opened)
        self._show()

    def preview(self, opened: Opened | None, words: str) -> None:
        """Shows what would be, if the option that is being written were so; nothing is kept. None is what is."""
        fitted = None if opened is None else self._fitted(opened)[0]
        entitle(self, _TITLE if fitted is None else shown_line(f"{_TITLE}, with {words}", 60))
        if self._draft is not None and fitted is not None:
            self.show(partial(recipe_fit.fit_lines, fitted, "", self._draft), top=False)
        else:
            self._show()

    # The basis is looked at in a thread, the rest is arithmetic

    def _look_at(self, opened: Opened) -> None:
        from ftworkbench.steps.basis import basis_key

        key = basis_key(opened.recipe)
        if self._screen.workbench.is_busy("fit"):
            return  # what arrives sees that it is another recipe by now, and looks again

        def arrived(basis: Basis) -> None:
            self._basis, self._key = basis, key
            now = None if self._draft is None else self._draft.opened()
            if now is None:
                return
            if basis_key(now.recipe) == key:
                self._estimate(now)
                self._show()
                self.post_message(self.Estimated())
            else:
                self._look_at(now)

        def failed(error: BaseException) -> None:
            self._basis, self._key = None, None
            now = None if self._draft is None else self._draft.opened()
            if now is not None and basis_key(now.recipe) != key:
                self._look_at(now)
            else:
                self._error = str(error)
                self._show()

        self._screen.launch(
            partial(_basis, opened), arrived, doing="estimating", group="fit", failed=failed, quiet=True
        )

    def _fitted(self, opened: Opened) -> tuple[Fitted | None, str]:
        """The estimate by the basis that is here; None where it is another's, or, for a reason, there can be none."""
        from ftworkbench.steps.basis import basis_key
        from ftworkbench.steps.fit import fit

        if self._basis is None or basis_key(opened.recipe) != self._key:
            return None, ""
        try:
            return fit(opened, basis=self._basis), ""
        except WorkbenchError as error:
            return None, str(error)

    def _estimate(self, opened: Opened) -> bool:
        """Estimates and hands over what came of it; False where model or rows have to be looked at first."""
        from ftworkbench.steps.basis import basis_key
        from ftworkbench.steps.model_checks import model_notes, model_problems

        draft, basis = self._draft, self._basis
        if draft is None or basis is None or basis_key(opened.recipe) != self._key:
            return False
        fitted, self._error = self._fitted(opened)
        resolved = opened.resolved if fitted is None else fitted.opened.resolved
        draft.take_estimate(fitted, list(model_problems(resolved, basis)), dict(model_notes(resolved, basis)))
        return True

    def _show(self) -> None:
        entitle(self, _TITLE)
        if self._draft is not None:
            self.show(partial(recipe_fit.fit_lines, self._draft.fitted, self._error, self._draft), top=False)


def _basis(opened: Opened) -> Basis:
    from ftworkbench.steps.basis import basis_of
    from ftworkbench.steps.fit import keep_measures

    basis = basis_of(opened)
    keep_measures(opened, basis)
    return basis
