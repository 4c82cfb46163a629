"""The prompted contestants of a recipe, with their examples; which was measured best; one more in the recipe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ftworkbench.data.labels import find_labels
from ftworkbench.data.sources.files import write_whole
from ftworkbench.data.splits.split import Parts, load_parts, require_questions
from ftworkbench.errors import InputError
from ftworkbench.evaluate.contestants import ZERO_SHOT, Contestant, contestants
from ftworkbench.files import read_json
from ftworkbench.recipe.prompt_table import contestant_names
from ftworkbench.recipe.read import examine
from ftworkbench.recipe.write import append_option
from ftworkbench.steps.baseline import find_baseline
from ftworkbench.steps.recipe import Opened
from ftworkbench.steps.splits import require_split

if TYPE_CHECKING:
    from ftworkbench.recipe.tables import ContestantLine


def parts_to_ask(opened: Opened) -> Parts:
    """The frozen split of a recipe, frozen now where there is none. Raises InputError where its rows ask nothing."""
    require_questions(opened.workspace, opened.recipe.data)
    require_split(opened)
    return load_parts(opened.workspace, opened.recipe.name, opened.recipe.data)


def prompted(opened: Opened, parts: Parts) -> tuple[Contestant, ...]:
    """The prompted contestants, their examples drawn from the training rows as an evaluation draws them."""
    pool = parts.train
    found = find_labels([example.answer for example in pool], opened.recipe.data.label)
    labels = [found.of(example.answer) for example in pool] if found else None
    return contestants(opened.recipe.prompt, pool, labels, opened.workspace.root)


def best_prompted(opened: Opened, among: Sequence[Contestant]) -> Contestant:
    """The contestant that was measured best on the validation rows; else the zero-shot one, else the first."""
    everybody = {contestant.name: contestant for contestant in among}
    known = find_baseline(opened).job
    chosen = (read_json(known.verdict) or {}).get("chosen") if known else None
    return everybody.get(str(chosen)) or everybody.get(ZERO_SHOT) or among[0]


def keep_contestant(path: Path, line: ContestantLine) -> None:
    """Adds a line to `prompt.contestants` of the recipe at `path`, its comments kept.

    Raises InputError where its name is taken, or the recipe can't be read or written.
    """
    text = path.read_text(encoding="utf-8")
    recipe, problems = examine(text, path.stem, path.name)
    if recipe is None or problems:
        raise InputError(problems[0])
    if line.name in contestant_names(recipe.prompt):
        raise InputError(f"{path.name}: prompt.contestants has one that is called {line.name}; give another name")
    text = append_option(text, "prompt.contestants", line)
    _, problems = examine(text, path.stem, path.name)
    if problems:
        raise InputError(problems[0])
    write_whole(path, text.encode())
