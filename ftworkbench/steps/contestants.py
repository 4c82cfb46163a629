"""The prompted contestants of a recipe, with their examples; which was measured best; one more in the recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ftworkbench.data.labels import find_labels
from ftworkbench.data.sources.files import write_whole
from ftworkbench.data.splits.split import Parts, load_parts, require_questions
from ftworkbench.errors import InputError
from ftworkbench.evaluate.contestants import Contestant, contestants
from ftworkbench.files import read_json
from ftworkbench.jobs.folder import Job, list_jobs
from ftworkbench.recipe.prompt_table import ZERO_SHOT, contestant_names
from ftworkbench.recipe.read import examine
from ftworkbench.recipe.write import append_option
from ftworkbench.steps.baseline import find_baseline
from ftworkbench.steps.recipe import Opened
from ftworkbench.steps.splits import require_split
from ftworkbench.steps.verdicts import deciding_job

if TYPE_CHECKING:
    from ftworkbench.recipe.tables import ContestantLine

PROMPTS = "prompts"
"""The folder of a workspace for prompts that are kept in files of their own."""
_LONGEST = 100


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


def best_prompted(opened: Opened, among: Sequence[Contestant], train_job: Job | None = None) -> Contestant:
    """The contestant that was measured best on the validation rows; else the zero-shot one, else the first.

    That is the one that the newest verdict on `train_job` is against, where there is such.
    """
    everybody = {contestant.name: contestant for contestant in among}
    jobs = list_jobs(opened.workspace) if train_job is not None else []
    known = (deciding_job(train_job, jobs) if train_job is not None else None) or find_baseline(opened).job
    chosen = (read_json(known.verdict) or {}).get("chosen") if known else None
    return everybody.get(str(chosen)) or everybody.get(ZERO_SHOT) or among[0]


def keep_contestant(path: Path, line: ContestantLine) -> Path | None:
    """Adds a line with a name to `prompt.contestants` of the recipe at `path`, its comments kept.

    A system prompt of several lines, or a long one, goes into a file of its own, which is given. Raises InputError
    where the name is taken, or the recipe can't be read.
    """
    text = path.read_text(encoding="utf-8-sig")
    recipe, problems = examine(text, path.stem, path.name)
    if recipe is None or problems:
        raise InputError(problems[0])
    if line.name in contestant_names(recipe.prompt):
        raise InputError(f"{path.name}: prompt.contestants has one that is called {line.name}; give another name")
    beside = path.parent / PROMPTS / f"{line.name}.txt"
    system = line.system or ""
    own_file = "\n" in system or len(system) > _LONGEST
    if own_file:
        if beside.exists():
            raise InputError(f"{PROMPTS}/{beside.name}: is there already; give another name")
        line = replace(line, system=None, system_file=f"{PROMPTS}/{beside.name}")
    changed = append_option(text, "prompt.contestants", line)
    _, problems = examine(changed, path.stem, path.name)
    if problems:
        raise InputError(problems[0])
    if own_file:
        beside.parent.mkdir(exist_ok=True)
        write_whole(beside, f"{system}\n".encode())
    write_whole(path, changed.encode())
    return beside if own_file else None
