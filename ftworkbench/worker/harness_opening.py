"""Opening the tasks of lm-evaluation-harness that a recipe names, and saying in one line why one cannot be."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

from ftworkbench.errors import InputError
from ftworkbench.printable import one_line
from ftworkbench.recipe.suite_names import split_suite
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker.harness_tasks import TaskSuite, open_suite
from ftworkbench.worker.reasons import chain, reason

_NO_ANSWER = frozenset({"ConnectionError", "LocalEntryNotFoundError", "ConnectTimeout"})


def open_or_say_why(text: str, recipe: Recipe, root: Path) -> TaskSuite:
    """The suite that the recipe names so. Raises InputError, also for what goes wrong with its data."""
    try:
        return open_suite(split_suite(text), recipe, root)
    except Exception as error:
        if any(isinstance(each, InputError) for each in chain(error)):
            raise
        traceback.print_exc()
        raise InputError(f"evaluate.regression: {one_line(text, 80)}: {_data_words(error)}") from error


def _data_words(error: BaseException) -> str:
    names = {kind.__name__ for each in chain(error) for kind in type(each).__mro__}
    text = " ".join(str(each) for each in chain(error))
    if "Dataset scripts are no longer supported" in text:
        return "its data comes as a program, which is not run any more; there may be a newer task of it"
    offline = "OfflineModeIsEnabled" in names or "OfflineModeIsEnabled" in text
    if offline or "Couldn't find cache" in text or names & _NO_ANSWER:
        why = "the hub may not be asked (launch.offline, HF_HUB_OFFLINE)" if offline else "the hub does not answer"
        return f"its data is not on this machine, and {why}"
    return reason(error)


def refuse_code_of_the_hub() -> None:
    """Has `evaluate` load no metric: each is a program that comes from the hub."""
    import evaluate

    def load(path: str, *_: Any, **__: Any) -> Any:
        raise InputError(
            f"the metric {path} is a program that comes from the hub; harness.run_code = true allows it to be run"
        )

    evaluate.load = load
