"""The part of the Recipe screen that edits: the form, help for the option in hand, the file, the line for values."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.widgets import Input, Static

from ftworkbench.printable import one_line
from ftworkbench.recipe.options import find_option
from ftworkbench.tui.actions import bindings
from ftworkbench.tui.recipe_draft import Draft
from ftworkbench.tui.screens import recipe_fit, recipe_page, recipe_toml
from ftworkbench.tui.screens.data_page import in_editor
from ftworkbench.tui.screens.recipe_turning import TurningDesk
from ftworkbench.tui.text import entitle, shown_line
from ftworkbench.tui.widgets.fit_pane import FitPane
from ftworkbench.tui.widgets.form import Form
from ftworkbench.tui.widgets.lines_view import LinesView
from ftworkbench.tui.widgets.query_line import QueryLine, last_word_lines


class EditingDesk(TurningDesk):
    """Holds a draft, what is seen of it, and the keys that change it. The estimate stands beside the file."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("recipe", "Edit", "Find")]
    DEFAULT_CSS = "EditingDesk { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self._everything = False
        self._needle = ""
        self._editing = ""

    def compose(self) -> ComposeResult:
        with Container(id="recipe"):
            with Vertical(id="left"):
                yield Form(id="form")
                yield LinesView(id="about")
            with Vertical(id="right"):
                yield LinesView(id="toml")
                yield FitPane()
        yield Static(id="problems", markup=False)
        yield QueryLine(self._complete)

    # What is seen

    def open(self, draft: Draft) -> None:
        """Another draft is edited from now on."""
        self.draft = draft
        self.show()

    def show(self) -> None:
        """Shows the draft as it is now."""
        if self.draft is not None:
            self.fit_pane.follow(self.draft)
            self._show()

    def look_again(self) -> None:
        """The files that the draft names may be others by now."""
        if self.draft is not None:
            self.fit_pane.follow(self.draft, anew=True)

    @on(FitPane.Estimated)
    def _show(self) -> None:
        draft = self.draft
        if draft is None:
            return
        self.form.show(recipe_page.form_lines(draft, everything=self._everything, needle=self._needle))
        self._say_title(draft)
        problems = draft.problems
        box = self.query_one("#problems", Static)
        box.display = bool(problems)
        if problems:
            box.update(recipe_page.problems_text(problems))
        self.show_option()

    def _say_title(self, draft: Draft) -> None:
        state = "not saved yet" if draft.changed else "saved"
        found = f"options with {self._needle}" if self._needle else ""
        what = found or ("all options" if self._everything else "common options")
        # Where there is no room for the estimate's own pane, it is said in short.
        narrow = self.screen.has_class("-narrow") and draft.fitted is not None
        short = recipe_fit.fit_in_short(draft.fitted.fit) if narrow and draft.fitted is not None else ""
        against = f"against {draft.base.name}" if draft.base is not None else ""
        parts = [draft.path.name, "" if against and short else what, against, state, short]
        entitle(self.form, shown_line(" · ".join(part for part in parts if part), max(self.form.size.width - 2, 20)))

    def on_resize(self) -> None:
        if self.draft is not None:
            self._say_title(self.draft)

    def show_option(self) -> None:
        """Shows the help for the option under the cursor, and its line in the file."""
        draft, line = self.draft, self.form.line
        if draft is None:
            return
        key = line.key if line is not None else ""
        about, toml = self.query_one("#about", LinesView), self.query_one("#toml", LinesView)
        entitle(about, shown_line(key or "help", 50))
        if key:
            about.show(partial(recipe_page.help_lines, draft, key))
        entitle(toml, shown_line(draft.path.name, 40))
        toml.show(partial(recipe_toml.toml_lines, draft, key), top=False)
        place, height = recipe_toml.line_of(draft.text, key), toml.scrollable_content_region.height
        if place is not None and height > 0 and not toml.scroll_y <= place < toml.scroll_y + height:
            toml.scroll_to(y=max(place - height // 2, 0), animate=False)

    @on(Form.Moved)
    def _moved(self) -> None:
        self.show_option()

    def close_open(self) -> bool:
        """Closes the line, then shows all options again; False where neither was open."""
        if self.line.is_open:
            self.line.close()
            self.fit_pane.preview(None, "")
        elif self._needle:
            self._needle = ""
            self.show()
        else:
            return False
        return True

    # A value

    def _complete(self, kind: str, line: str) -> list[str]:
        option = find_option(self._editing) if kind == self._editing_label else None
        return last_word_lines(line, option.choices) if option is not None else []

    @property
    def _editing_label(self) -> str:
        return f"{self._editing} ="

    def action_edit(self) -> None:
        line = self.form.line
        if self.draft is None or line is None:
            return
        option = find_option(line.key)
        if option is not None and option.type == "bool":
            self.write(line.key, "false" if line.value == "true" else "true")
            return
        if line.value != one_line(line.value):
            self.workbench.tell("this value cannot be written on one line: E edits the file in $EDITOR", "warning")
            return
        self._editing = line.key
        value = "" if line.origin == "default" else line.value
        self.line.ask(self._editing_label, value, recipe_page.hint_for(option) or "enter keeps it")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        if not self.line.is_open or self.draft is None:
            return
        if self.line.kind == "find option":
            self._needle = event.value.strip().lower()
            self.show()
        elif wrong := self.draft.wrong_value(self._editing, event.value):
            self.line.say(wrong, wrong=True)
            self.fit_pane.preview(None, "")
        else:
            self._preview(event.value)

    def _preview(self, written: str) -> None:
        """Says what the value that is being written would come to."""
        assert self.draft is not None
        found = self.draft.preview(self._editing, written)
        if found.wrong:
            self.line.say(found.wrong, wrong=True)
        else:
            self.line.say("enter keeps it" if written.strip() else "enter leaves it out")
        name = self._editing.partition(".")[2]
        self.fit_pane.preview(found.opened, f"{name} = {written}" if written.strip() else f"{name} left out")

    @on(QueryLine.Written)
    def _written(self, event: QueryLine.Written) -> None:
        if event.kind == self._editing_label and not self.write(self._editing, event.text):
            return
        self.line.close()

    # The text, and which options are seen

    def action_search(self) -> None:
        self.line.ask("find option", self._needle, "by name or by what it does; q shows all again")

    def action_all_options(self) -> None:
        self._everything = not self._everything
        self.show()

    def action_edit_file(self) -> None:
        if self.draft is None:
            return
        after = in_editor(self.workbench, self.draft.text, ".toml")
        if after is not None:
            self.draft.replace(after)
            self.show()
