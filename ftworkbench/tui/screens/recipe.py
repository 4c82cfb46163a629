"""The Recipe screen: what will be trained, as a form and as its file; whether it fits."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from ftworkbench.errors import InputError
from ftworkbench.tui import starting
from ftworkbench.tui.actions import bindings
from ftworkbench.tui.recipe_draft import Draft
from ftworkbench.tui.screens.recipe_editing import EditingDesk
from ftworkbench.tui.screens.screen import WorkbenchScreen
from ftworkbench.tui.widgets.dialogs import Answer, Ask
from ftworkbench.tui.widgets.empty import Empty
from ftworkbench.tui.widgets.form import Form

if TYPE_CHECKING:
    from ftworkbench.steps.recipe import Opened


class RecipeScreen(WorkbenchScreen):
    """A form with help on one side; the file and the estimate on the other."""

    SCOPE = "recipe"
    TITLE = "Recipe"
    CSS_PATH = "../styles/recipe.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("recipe", "Run", "File", "View")]
    AUTO_FOCUS = "Form"

    @property
    def desk(self) -> EditingDesk:
        return self.query_one(EditingDesk)

    @property
    def draft(self) -> Draft | None:
        return self.desk.draft

    @property
    def form(self) -> Form:
        return self.query_one(Form)

    @property
    def unsaved(self) -> str:
        draft = self.draft
        return f"{draft.path.name} has changes that are not saved." if draft is not None and draft.changed else ""

    def compose_content(self) -> ComposeResult:
        yield EditingDesk()
        yield Empty()

    def on_mount(self) -> None:
        path = self.workbench.recipe_path
        if self.draft is None and path is not None:
            self._load(path)
        elif self.draft is None:
            self._say_empty()

    def _say_empty(self) -> None:
        names = [path.name for path in self.workbench.workspace.recipes()]
        lines = ["O opens one of them: " + ", ".join(names)] if names else [
            "ftworkbench init DIR --data FILE --model ID  makes a workspace with one;",
            "ftworkbench demo  opens one that is ready.",
        ]  # fmt: skip
        self.query_one(Empty).say("Which recipe?" if names else "No recipe here yet.", lines)

    def _load(self, path: Path) -> None:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            self.workbench.tell(f"{path.name}: {error}", "error")
            return
        self.remove_class("-empty")
        self.desk.open(Draft(path, text))

    def recipe_opened(self, opened: Opened) -> None:
        if self.draft is None or self.draft.path != opened.path or not self.draft.changed:
            self._load(opened.path)

    def on_screen_resume(self) -> None:
        self.desk.look_again()

    def on_theme_changed(self) -> None:
        self.form.refresh()

    def close_open(self) -> bool:
        if self.desk.close_open() or super().close_open():
            return True
        if self.has_class("-file"):
            self.remove_class("-file")
            self.form.focus()
            return True
        return False

    def action_toml(self) -> None:
        self.toggle_class("-file")
        (self.query_one("#toml") if self.has_class("-file") else self.form).focus()
        self.call_after_refresh(self.desk.show_option)

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
        self.desk.show()
        if draft.problems:
            self.workbench.tell(f"saved; {draft.path.name} cannot be run until its problems are mended", "warning")
        else:
            self.workbench.tell(f"{draft.path.name} saved")
            self.workbench.open_recipe(draft.path, then=then if callable(then) else None)

    def _when_saved(self, run: object) -> None:
        draft = self.draft
        if draft is None or not callable(run):
            self.workbench.tell("there is no recipe here yet", "warning")
        elif draft.problems:
            self.workbench.tell("the recipe has problems: they stand below the form", "warning")
        elif draft.changed or self.workbench.opened is None:
            self._save(run)
        else:
            run()

    def action_run(self) -> None:
        self._when_saved(partial(starting.start_training, self.workbench))

    def action_baseline(self) -> None:
        self._when_saved(partial(starting.start_baseline, self.workbench))

    def action_fit(self) -> None:
        self._when_saved(partial(starting.start_fit, self.workbench))

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
