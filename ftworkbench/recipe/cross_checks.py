"""What is wrong between options that are each right by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from ftworkbench.printable import one_line
from ftworkbench.recipe.adapter_checks import adapter_problems
from ftworkbench.recipe.library_checks import library_problems
from ftworkbench.recipe.prompt_table import contestant_names
from ftworkbench.recipe.suite_names import named_twice
from ftworkbench.recipe.tables import Recipe


def cross_problems(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """The key that a problem is shown at, and the problem in words that follow it."""
    yield from _precision(recipe)
    yield from adapter_problems(recipe)
    yield from _rhythm(recipe)
    yield from library_problems(recipe)
    yield from _rows(recipe)
    yield from _contestants(recipe)
    twice = named_twice(recipe.evaluate.regression)
    if twice is not None:
        yield "evaluate.regression", f"names {one_line(twice, 80)} twice"
    for name, wrong in (("judge", recipe.judge.problem()), ("ragas", recipe.ragas.problem())):
        if wrong is not None:
            yield f"{name}.{wrong[0]}", wrong[1]


def _precision(recipe: Recipe) -> Iterator[tuple[str, str]]:
    quantization, train = recipe.quantization, recipe.train
    if quantization.load_in_4bit and quantization.load_in_8bit:
        yield "quantization.load_in_8bit", "and load_in_4bit exclude each other; keep one"
    if train.bf16 and train.fp16:
        yield "train.fp16", "and bf16 exclude each other; keep bf16 on a card that has it (Ampere and later)"


def _rhythm(recipe: Recipe) -> Iterator[tuple[str, str]]:
    train = recipe.train
    if train.eval_strategy == "steps" and train.eval_steps is None:
        yield "train.eval_strategy", "is steps, so that eval_steps must say how many"
    if train.save_strategy == "steps" and train.save_steps is None:
        yield "train.save_strategy", "is steps, so that save_steps must say how many"
    for name, steps in (("eval_steps", train.eval_steps), ("save_steps", train.save_steps)):
        if steps is not None and steps > 1 and steps != int(steps):
            yield f"train.{name}", f"must be a whole number of steps, or a share below 1, not {steps:g}"
    if recipe.method.early_stopping_patience is not None and train.eval_strategy == "no":
        yield "method.early_stopping_patience", "watches the validation loss, but train.eval_strategy is no"
    if recipe.method.early_stopping_threshold and recipe.method.early_stopping_patience is None:
        yield "method.early_stopping_threshold", "belongs to early_stopping_patience, which is not said"
    if train.extra.get("load_best_model_at_end") is True and train.eval_strategy != train.save_strategy:
        yield "train.load_best_model_at_end", "needs eval_strategy and save_strategy to be the same"


def _rows(recipe: Recipe) -> Iterator[tuple[str, str]]:
    data = recipe.data
    kept_back = (0 if data.validation else data.validation_fraction) + (0 if data.test else data.test_fraction)
    if kept_back >= 1:
        yield (
            "data.test_fraction",
            "and validation_fraction leave no rows to train on; together they must be below 1",
        )
    if recipe.train.eval_strategy != "no" and data.validation is None and data.validation_fraction == 0:
        yield (
            "train.eval_strategy",
            f"is {recipe.train.eval_strategy}, but there are no validation rows: "
            "give data.validation or data.validation_fraction, or say no",
        )
    if (data.prompt_column is None) != (data.answer_column is None):
        given, other = ("prompt_column", "answer_column") if data.prompt_column else ("answer_column", "prompt_column")
        yield f"data.{given}", f"needs data.{other} beside it"
    if data.prompt_column is not None and data.prompt_column == data.answer_column:
        yield "data.answer_column", "is the same column as prompt_column"
    files = [name for name in (data.train, data.validation, data.test) if name is not None]
    if len(set(files)) < len(files):
        yield "data", "names one file twice; train, validation and test must be different rows"


def _contestants(recipe: Recipe) -> Iterator[tuple[str, str]]:
    shots, lines = recipe.prompt.few_shot, recipe.prompt.contestants
    if not shots and not lines:
        yield "prompt.few_shot", "is empty; [0] asks without examples, [0, 6] also with six"
    if len(set(shots)) < len(shots):
        yield "prompt.few_shot", "names a number twice"
    names = contestant_names(recipe.prompt)
    for number, name in enumerate(names[len(shots) :], len(shots)):
        if name.casefold() in (other.casefold() for other in names[:number]):
            yield (
                "prompt.contestants",
                f"{number - len(shots) + 1}: is called {name}, as another one is; give it a name of its own",
            )
