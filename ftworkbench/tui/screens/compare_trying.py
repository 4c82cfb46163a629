"""The part of the Compare screen that tries prompts: one is edited, answers beside the old one, and is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import BindingType
from textual.containers import Container

from ftworkbench.errors import InputError
from ftworkbench.printable import printable
from ftworkbench.tui.actions import bindings
from ftworkbench.tui.screens.compare_answers import MOST
from ftworkbench.tui.widgets.dialogs import AskLine
from ftworkbench.tui.widgets.edit_text import EditText

if TYPE_CHECKING:
    from pathlib import Path

    from ftworkbench.recipe.tables import ContestantLine
    from ftworkbench.steps.contenders import Contender, Contest
    from ftworkbench.tui.screens.compare import CompareScreen

_HINT = "ctrl+s asks with it, beside the old one; the question, and examples where there are any, come behind it."


class PromptDesk(Container):
    """Holds prompt and answers, and the keys that edit what a contestant is told."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("compare", "Try")]
    DEFAULT_CSS = "PromptDesk { height: 1fr; }"

    @property
    def _compare(self) -> CompareScreen:
        return cast("CompareScreen", self.screen)

    def _prompted(self, contest: Contest) -> Contender | None:
        """Whose prompt is meant: one that is being tried, else the first prompted contestant that answers."""
        answering = [contest.named(name) for name in self._compare.names if name in contest.baselines]
        return next((each for each in answering if each.tried), answering[0] if answering else None)

    def action_edit_prompt(self) -> None:
        """Edits the system prompt of a contestant; the edited one answers beside it."""
        compare, contest = self._compare, self._compare.contest
        if compare.part == "test":
            compare.workbench.tell("prompts are edited against validation rows: v goes back to them", "warning")
            return
        old = self._prompted(contest) if contest is not None and not compare.blind else None
        if contest is None or old is None:
            compare.workbench.tell("no prompted contestant answers here: w chooses one")
            return
        system = old.contestant.system or ""
        if printable(system) != system:
            compare.workbench.tell("this prompt holds what a terminal cannot show; edit it in the recipe's file")
            return

        def edited(text: str | None) -> None:
            if text is None or compare.contest is not contest or text.strip() == system.strip():
                return
            changed, new = contest.with_prompt(old.name, text.strip())
            names = list(compare.names)
            if new not in names:
                names.insert(names.index(old.name) + 1, new)
            compare.change_contest(changed, tuple(names[:MOST]))
            compare.workbench.tell(f"{new} is not in the recipe yet: K keeps it there, e edits it further")
            compare.action_ask()

        self.app.push_screen(EditText(f"System prompt of {old.name}", system, hint=_HINT, at=len(system)), edited)

    def action_keep_prompt(self) -> None:
        """Writes the prompt that is tried into the recipe, as one more contestant."""
        compare, contest = self._compare, self._compare.contest
        tried = self._prompted(contest) if contest is not None else None
        if contest is None or tried is None or tried.tried is None:
            compare.workbench.tell("e edits a prompt first; then this key keeps it in the recipe")
            return
        path, line = contest.opened.workspace.root / f"{contest.opened.recipe.name}.toml", tried.tried

        def named(name: str | None) -> None:
            if name is not None:
                compare.workbench.launch(
                    lambda: _keep(path, line, name.strip()),
                    lambda file: self._kept(path, tried.name, name.strip(), file),
                    doing="keeping the prompt",
                    group="recipe",
                )

        self.app.push_screen(
            AskLine("What is it called in the recipe?", tried.name, hint=f"a contestant of {path.name}", check=_name),
            named,
        )

    def _kept(self, path: Path, tried: str, name: str, file: Path | None) -> None:
        compare = self._compare
        where = f" ({file.parent.name}/{file.name})" if file is not None else ""
        compare.workbench.tell(
            f"{name} is a contestant of {path.name} now{where}; b in Evaluate (5) measures all on the validation rows"
        )
        contest = compare.contest
        if contest is not None and tried in contest.baselines and name not in contest.baselines:
            names = tuple(name if each == tried else each for each in compare.names)
            compare.change_contest(contest.with_kept(tried, name), names)
        if compare.workbench.recipe_path == path:
            compare.workbench.open_recipe(path)


def _name(written: str) -> None:
    from ftworkbench.recipe.tables import ContestantLine

    if wrong := ContestantLine(name=written.strip()).problem():
        raise InputError(wrong)


def _keep(path: Path, line: ContestantLine, name: str) -> Path | None:
    from dataclasses import replace

    from ftworkbench.steps.contestants import keep_contestant

    return keep_contestant(path, replace(line, name=name))
