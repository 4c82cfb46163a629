"""The keys that change a draft without anything being written: turned, left out, taken over, taken back, compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.containers import Container

from ftworkbench.errors import InputError
from ftworkbench.recipe.options import find_option
from ftworkbench.recipe.write import set_option
from ftworkbench.tui.recipe_base import comparables
from ftworkbench.tui.recipe_draft import Draft, read_value, written_value
from ftworkbench.tui.recipe_stepping import stepped
from ftworkbench.tui.widgets.dialogs import Answer, Ask
from ftworkbench.tui.widgets.fit_pane import FitPane
from ftworkbench.tui.widgets.form import Form
from ftworkbench.tui.widgets.query_line import QueryLine

if TYPE_CHECKING:
    from ftworkbench.tui.app import Workbench


_KEYS = "123456789abcdefgh"


class TurningDesk(Container):
    """Holds a draft and a form. Whoever extends it shows them."""

    def __init__(self) -> None:
        super().__init__()
        self.draft: Draft | None = None

    @property
    def form(self) -> Form:
        return self.query_one(Form)

    @property
    def line(self) -> QueryLine:
        return self.query_one(QueryLine)

    @property
    def workbench(self) -> Workbench:
        return cast("Workbench", self.app)

    @property
    def fit_pane(self) -> FitPane:
        return self.query_one(FitPane)

    def show(self) -> None:
        """Shows the draft as it is now."""
        raise NotImplementedError

    def write(self, key: str, written: str) -> bool:
        """Sets an option to what was written; False, with the reason in the line, where it cannot be."""
        if self.draft is None:
            return False
        try:
            self.draft.write(key, written)
        except InputError as error:
            self.line.say(str(error), wrong=True)
            return False
        self.show()
        return True

    # Turned, taken over, compared

    def action_less(self) -> None:
        self._step(up=False)

    def action_more(self) -> None:
        self._step(up=True)

    def _step(self, *, up: bool) -> None:
        line = self.form.line
        option = find_option(line.key) if line is not None else None
        if self.draft is None or line is None or option is None:
            return
        value = stepped(option, read_value(option, line.value) if line.value else option.default, up)
        if value is None:
            self.workbench.tell(f"{option.name} cannot be turned any further: enter writes a value")
        else:
            self.write(option.key, written_value(value))

    def action_apply(self) -> None:
        fitted = self.draft.fitted if self.draft is not None else None
        if self.draft is None or fitted is None or not fitted.fit.changes:
            self.workbench.tell("there is no change to advise")
            return
        text = self.draft.text
        for key, value in fitted.fit.changes:
            text = set_option(text, key, value)
        self.draft.replace(text)
        self.show()

    def action_compare(self) -> None:
        draft = self.draft
        if draft is None:
            return
        found = dict(zip(_KEYS, comparables(self.workbench.workspace, draft.path.stem), strict=False))

        def chosen(answer: str | None) -> None:
            if answer is not None and self.draft is not None:
                self.draft.base = found[answer].load()
                self.show()

        answers = [Answer(key, each.title, key) for key, each in found.items()]
        self.app.push_screen(Ask("Mark what differs from", "", answers), chosen)

    # Left out, taken back

    def action_unset(self) -> None:
        line = self.form.line
        if self.draft is not None and line is not None:
            self.draft.leave_out(line.key)
            self.show()

    def action_undo(self) -> None:
        if self.draft is not None and not self.draft.undo():
            self.workbench.tell("nothing to undo")
        self.show()

    def action_redo(self) -> None:
        if self.draft is not None and not self.draft.redo():
            self.workbench.tell("nothing to redo")
        self.show()
