"""Who can be asked: the prompted contestants of a recipe, with their examples, and the tuned model."""

from __future__ import annotations

from ftworkbench.data.labels import find_labels
from ftworkbench.data.splits.split import load_parts, require_questions
from ftworkbench.evaluate.contestants import ZERO_SHOT, Contestant, contestants
from ftworkbench.files import read_json
from ftworkbench.steps.baseline import find_baseline
from ftworkbench.steps.recipe import Opened
from ftworkbench.steps.splits import require_split


def prompted(opened: Opened) -> tuple[Contestant, ...]:
    """The prompted contestants, their examples drawn from the training rows as an evaluation draws them."""
    require_questions(opened.workspace, opened.recipe.data)
    require_split(opened)
    data = opened.recipe.data
    pool = load_parts(opened.workspace, opened.recipe.name, data).train
    found = find_labels([example.answer for example in pool], data.label)
    labels = [found.of(example.answer) for example in pool] if found else None
    return contestants(opened.recipe.prompt, pool, labels, opened.workspace.root)


def best_prompted(opened: Opened) -> Contestant:
    """The contestant that was measured best on the validation rows; else the zero-shot one, else the first."""
    everybody = {contestant.name: contestant for contestant in prompted(opened)}
    known = find_baseline(opened).job
    chosen = (read_json(known.verdict) or {}).get("chosen") if known else None
    return everybody.get(str(chosen)) or everybody.get(ZERO_SHOT) or next(iter(everybody.values()))
