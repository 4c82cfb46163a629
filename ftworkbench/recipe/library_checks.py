"""What is wrong with options of [train] and [quantization] that pass through: what the libraries refuse, late.

Each would be found out once the model is loaded: by TRL 1.16, transformers 5.23 or bitsandbytes 0.50.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from importlib.util import find_spec

from ftworkbench.printable import one_line
from ftworkbench.recipe.libraries import library_values
from ftworkbench.recipe.reporters import reporter_problems
from ftworkbench.recipe.tables import Recipe

_ARGUMENTS = ("transformers", "training_args.py", "OptimizerNames")
# The packages that optimizers need besides the libraries that are here anyway, by the beginning of their name.
_OPTIMIZER_PACKAGES = {
    "galore": "galore_torch",
    "apollo": "apollo_torch",
    "lomo": "lomo_optim",
    "adalomo": "lomo_optim",
    "grokadamw": "grokadamw",
    "schedule_free": "schedulefree",
    "stable_adamw": "optimi",
    "adamw_torch_4bit": "torchao",
    "adamw_torch_8bit": "torchao",
    "adamw_anyprecision": "torchdistx",
}
_PACKING = ("bfd", "bfd_split", "wrapped")
_LOSSES = ("nll", "dft")


def library_problems(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """The key that a problem is shown at, and the problem in words that follow it."""
    yield from _optimizer(recipe.train.optim)
    yield from _packing(recipe)
    yield from _steps(recipe)
    extra = recipe.train.extra
    if not isinstance(extra.get("report_to", []), str | list):
        yield "train.report_to", "must be text, or a list of texts"
    if extra.get("loss_type", "nll") not in _LOSSES:
        yield "train.loss_type", f"must be one of {', '.join(_LOSSES)}"
    if extra.get("dataloader_prefetch_factor") is not None and not extra.get("dataloader_num_workers"):
        yield "train.dataloader_prefetch_factor", "needs dataloader_num_workers of 1 or more"
    threshold = recipe.quantization.extra.get("llm_int8_threshold")
    if isinstance(threshold, int) and not isinstance(threshold, bool):
        yield "quantization.llm_int8_threshold", f"must be written with a point, {threshold}.0"


def _optimizer(name: str | None) -> Iterator[tuple[str, str]]:
    if name is None:
        return
    known = library_values(*_ARGUMENTS)
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}?" if near else "adamw_torch, adamw_torch_fused and paged_adamw_8bit are"
        yield "train.optim", f"{one_line(name, 40)} is no optimizer of transformers; {hint}"


def package_problems(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """What wants a package that is not installed here: a recipe can be read without it, but not run."""
    name = recipe.train.optim or ""
    start = max((each for each in _OPTIMIZER_PACKAGES if name.startswith(each)), key=len, default="")
    package = _OPTIMIZER_PACKAGES.get(start, "")
    if package and find_spec(package) is None:
        yield "train.optim", f"{name} needs the package {package}, which is not here; pip install it, or take another"
    reported = recipe.train.extra.get("report_to")
    for problem in reporter_problems(reported) if isinstance(reported, str | list) else ():
        yield "train.report_to", problem


def _packing(recipe: Recipe) -> Iterator[tuple[str, str]]:
    train = recipe.train
    strategy = train.extra.get("packing_strategy")
    if strategy is not None and strategy not in _PACKING:
        yield "train.packing_strategy", f"must be one of {', '.join(_PACKING)}, not {one_line(str(strategy), 40)}"
    if train.extra.get("padding_free") and not train.packing:
        yield "train.padding_free", "needs train.packing = true: alone it would leave max_length unheeded"


def _steps(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """As TrainingArguments has it: the best checkpoint must be one that was evaluated."""
    train = recipe.train
    if train.extra.get("load_best_model_at_end") is not True or train.eval_strategy != "steps":
        return
    evaluated, saved = train.eval_steps, train.save_steps
    if evaluated is None or saved is None or train.save_strategy != "steps":
        return
    if (evaluated < 1) != (saved < 1):
        yield "train.save_steps", "must be a share as eval_steps is, or steps as those are, for load_best_model_at_end"
    elif round(saved * 1_000_000) % max(round(evaluated * 1_000_000), 1):
        yield "train.save_steps", f"must be a multiple of eval_steps ({evaluated:g}) for load_best_model_at_end"
