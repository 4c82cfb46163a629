"""The Recipe screen: what will be trained, as a form and as its file; whether it fits."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, Static

from ftworkbench.errors import InputError
from ftworkbench.printable import one_line
from ftworkbench.recipe.options import find_option
from ftworkbench.tui.actions import bindings
from ftworkbench.tui.recipe_draft import Draft
from ftworkbench.tui.screens import recipe_page
from ftworkbench.tui.screens.data_page import in_editor
from ftworkbench.tui.screens.screen import WorkbenchScreen
from ftworkbench.tui.text import entitle, shown, shown_line
from ftworkbench.tui.widgets.dialogs import Answer, Ask
from ftworkbench.tui.widgets.form import Form
from ftworkbench.tui.widgets.lines_view import LinesView
from ftworkbench.tui.widgets.query_line import QueryLine, last_word_lines

if TYPE_CHECKING:
    from ftworkbench.estimate.fit import Fit
    from ftworkbench.steps.recipe import Opened

# After a change, before the estimate is made again.
_ESTIMATE_SECONDS = 0.3


class RecipeScreen(WorkbenchScreen):
    """A form with help on one side; the file and the estimate on the other."""

    SCOPE = "recipe"
    TITLE = "Recipe"
    CSS_PATH = "../styles/recipe.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("recipe")]
    AUTO_FOCUS = "Form"

    def __init__(self) -> None:
        super().__init__()
        self.draft: Draft | None = None
        self._fit: Fit | None = None
        self._fit_error = ""
        self._timer: Timer | None = None
        self._everything = False
        self._needle = ""
        self._editing = ""

    @property
    def unsaved(self) -> str:
        draft = self.draft
        return f"{draft.path.name} has changes that are not saved." if draft is not None and draft.changed else ""

    def compose_content(self) -> ComposeResult:
        with Container(id="recipe"):
            with Vertical(id="left"):
                yield Form(id="form")
                yield LinesView(id="about")
            with Vertical(id="right"):
                yield LinesView(id="toml")
                yield LinesView(id="fit")
        yield Static(id="empty", markup=False)
        yield Static(id="problems", markup=False)
        yield QueryLine(self._complete)

    def on_mount(self) -> None:
        path = self.workbench.recipe_path
        if self.draft is None and path is not None:
            self._load(path)
        elif self.draft is None:
            self._say_empty()

    def _say_empty(self) -> None:
        self.add_class("-empty")
        names = [path.name for path in self.workbench.workspace.recipes()]
        lines = ["O opens one of them: " + ", ".join(names)] if names else [
            "ftworkbench init DIR --data FILE --model ID  makes a workspace with one;",
            "ftworkbench demo  opens one that is ready.",
        ]  # fmt: skip
        head = "Which recipe?" if names else "No recipe here yet."
        body = [Content.styled(head, "bold"), Content(""), *(shown(line, "$text-muted") for line in lines)]
        self.query_one("#empty", Static).update(Content("\n").join(body))

    def _load(self, path: Path) -> None:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            self.workbench.tell(f"{path.name}: {error}", "error")
            return
        self.draft = Draft(path, text)
        self.remove_class("-empty")
        self._show()

    def recipe_opened(self, opened: Opened) -> None:
        if self.draft is None or self.draft.path != opened.path or not self.draft.changed:
            self._load(opened.path)

    # What is seen

    @property
    def form(self) -> Form:
        return self.query_one(Form)

    def _show(self) -> None:
        """Shows the draft as it is now."""
        draft = self.draft
        if draft is None:
            return
        self.form.show(recipe_page.form_lines(draft, everything=self._everything, needle=self._needle))
        state = "not saved yet" if draft.changed else "saved"
        what = (
            f"options with {self._needle}" if self._needle else "all options" if self._everything else "common options"
        )
        entitle(self.form, shown_line(f"{draft.path.name} · {what} · {state}", 70))
        problems = draft.reading.problems
        box = self.query_one("#problems", Static)
        box.display = bool(problems)
        if problems:
            box.update(recipe_page.problems_text(problems))
        self._show_option()
        self._estimate_soon()

    def _show_option(self) -> None:
        draft, line = self.draft, self.form.line
        if draft is None:
            return
        key = line.key if line is not None else ""
        about, toml = self.query_one("#about", LinesView), self.query_one("#toml", LinesView)
        entitle(about, shown_line(key or "help", 50))
        if key:
            about.show(partial(recipe_page.help_lines, draft, key))
        entitle(toml, shown_line(draft.path.name, 40))
        toml.show(partial(recipe_page.toml_lines, draft, key), top=False)
        place, height = recipe_page.line_of(draft.text, key), toml.scrollable_content_region.height
        if place is not None and height > 0 and not toml.scroll_y <= place < toml.scroll_y + height:
            toml.scroll_to(y=max(place - height // 2, 0), animate=False)

    @on(Form.Moved)
    def _moved(self, _: Form.Moved) -> None:
        self._show_option()

    def on_theme_changed(self) -> None:
        self.form.refresh()

    def close_open(self) -> bool:
        line = self.query_one(QueryLine)
        if line.is_open:
            line.close()
        elif super().close_open():
            pass
        elif self._needle:
            self._needle = ""
            self._show()
        elif self.has_class("-file"):
            self.remove_class("-file")
            self.form.focus()
        else:
            return False
        return True

    # The estimate

    def _estimate_soon(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_ESTIMATE_SECONDS, self._estimate)
        self._show_fit()

    def _estimate(self) -> None:
        draft = self.draft
        opened = draft.opened() if draft is not None else None
        if draft is None or opened is None:
            self._fit, self._fit_error = None, "there is no estimate until the recipe is right"
            self._show_fit()
            return
        text = draft.text

        def arrived(fit: Fit) -> None:
            self._fit, self._fit_error = fit, ""
            self._show_fit()
            if draft.text != text:
                self._estimate_soon()

        def failed(error: BaseException) -> None:
            self._fit, self._fit_error = None, str(error)
            self._show_fit()

        if not self.workbench.is_busy("fit"):
            self.launch(partial(_fit, opened), arrived, doing="estimating", group="fit", failed=failed, quiet=True)

    def _show_fit(self) -> None:
        pane = self.query_one("#fit", LinesView)
        if self.draft is None:
            return
        words = recipe_page.verdict_words(self._fit)[0] if self._fit is not None else "fit"
        entitle(pane, shown_line("Will it fit, how long", 40) if self._fit is None else shown_line(words, 70))
        pane.show(partial(recipe_page.fit_lines, self._fit, self._fit_error, self.draft), top=False)

    # Editing

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
            self._write(line.key, "false" if line.value == "true" else "true")
            return
        if line.value != one_line(line.value):
            self.workbench.tell("this value cannot be written on one line: E edits the file in $EDITOR", "warning")
            return
        self._editing = line.key
        hint = " · ".join(part for part in (option.bounds, option.unit) if part) if option is not None else ""
        if option is not None and option.choices:
            hint = ", ".join(option.choices)
        self.query_one(QueryLine).ask(
            self._editing_label, "" if line.origin == "default" else line.value, hint or "enter keeps it"
        )

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        line = self.query_one(QueryLine)
        if not line.is_open or self.draft is None:
            return
        if line.kind == "find option":
            self._needle = event.value.strip().lower()
            self._show()
        elif wrong := self.draft.wrong_value(self._editing, event.value):
            line.say(wrong, wrong=True)
        else:
            line.say("enter keeps it" if event.value.strip() else "enter leaves it out")

    @on(QueryLine.Written)
    def _written(self, event: QueryLine.Written) -> None:
        if event.kind == self._editing_label and not self._write(self._editing, event.text):
            return
        self.query_one(QueryLine).close()

    @on(QueryLine.Closed)
    def _query_closed(self) -> None:
        self.form.focus()

    def _write(self, key: str, written: str) -> bool:
        if self.draft is None:
            return False
        try:
            self.draft.write(key, written)
        except InputError as error:
            self.query_one(QueryLine).say(str(error), wrong=True)
            return False
        self._show()
        return True

    def action_unset(self) -> None:
        line = self.form.line
        if self.draft is not None and line is not None:
            self.draft.leave_out(line.key)
            self._show()

    def action_undo(self) -> None:
        if self.draft is not None and not self.draft.undo():
            self.workbench.tell("nothing to undo")
        self._show()

    def action_redo(self) -> None:
        if self.draft is not None and not self.draft.redo():
            self.workbench.tell("nothing to redo")
        self._show()

    def action_search(self) -> None:
        self.query_one(QueryLine).ask("find option", self._needle, "by name or by what it does; q shows all again")

    def action_all_options(self) -> None:
        self._everything = not self._everything
        self._show()

    def action_toml(self) -> None:
        self.toggle_class("-file")
        (self.query_one("#toml") if self.has_class("-file") else self.form).focus()
        self.call_after_refresh(self._show_option)

    def action_edit_file(self) -> None:
        if self.draft is None:
            return
        after = in_editor(self.workbench, self.draft.text, ".toml")
        if after is not None:
            self.draft.replace(after)
            self._show()

    # Saving and running

    def action_save(self) -> None:
        self._save(lambda: None)

    def _save(self, then: object) -> None:
        draft = self.draft
        if draft is None:
            return
        on_disk = draft.on_disk()
        if on_disk is not None and on_disk != draft.saved:
            answers = [
                Answer("o", "write mine over it", "mine"),
                Answer("r", "read the file, losing my changes", "theirs"),
            ]
            text = f"{draft.path.name} was changed by another program since it was read here."
            self.app.push_screen(Ask("The file has changed", text, answers), lambda answer: self._settle(answer, then))
            return
        self._write_file(then)

    def _settle(self, answer: str | None, then: object) -> None:
        if answer == "mine":
            self._write_file(then)
        elif answer == "theirs" and self.draft is not None:
            self._load(self.draft.path)

    def _write_file(self, then: object) -> None:
        draft = self.draft
        assert draft is not None
        try:
            draft.save()
        except InputError as error:
            self.workbench.tell(str(error), "error")
            return
        self._show()
        if draft.reading.problems:
            self.workbench.tell(f"saved; {draft.path.name} cannot be run until its problems are mended", "warning")
        else:
            self.workbench.tell(f"{draft.path.name} saved")
            self.workbench.open_recipe(draft.path, then=then if callable(then) else None)

    def _when_saved(self, run: object) -> None:
        draft = self.draft
        if draft is None or not callable(run):
            self.workbench.tell("there is no recipe here yet", "warning")
        elif draft.reading.problems:
            self.workbench.tell("the recipe has problems: they stand below the form", "warning")
        elif draft.changed or self.workbench.opened is None:
            self._save(run)
        else:
            run()

    def action_run(self) -> None:
        self._when_saved(self.workbench.start_training)

    def action_baseline(self) -> None:
        self._when_saved(self.workbench.start_baseline)

    def action_fit(self) -> None:
        self._when_saved(self.workbench.start_fit)

    def action_open(self) -> None:
        paths = self.workbench.workspace.recipes()[:9]
        if not paths:
            self.workbench.tell("there is no recipe in this workspace yet")
            return
        answers = [Answer(str(number), path.name, str(path)) for number, path in enumerate(paths, 1)]

        def choose(answer: str | None) -> None:
            if answer is not None:
                self._load(Path(answer))
                self.workbench.open_recipe(Path(answer))

        self.app.push_screen(Ask("Open a recipe", "", answers), choose)


def _fit(opened: Opened) -> Fit:
    from ftworkbench.steps.fit import fit

    return fit(opened)
