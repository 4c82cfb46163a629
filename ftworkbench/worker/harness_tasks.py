"""A task of lm-evaluation-harness, or a group of them, opened as a suite: its rows, and the metric of its rows."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftworkbench.errors import InputError
from ftworkbench.figures import count
from ftworkbench.printable import one_line
from ftworkbench.recipe.harness_tasks import library_folder, task_file
from ftworkbench.recipe.suite_names import HARNESS, SuiteName
from ftworkbench.recipe.tables import Recipe

_SEED = 1234
_ROW_BY_ROW = ("mean", "nanmean")
_NOWHERE = "is no metric of the library, and would be code of the hub: harness.run_code = true lets that be asked"

Chat = Callable[..., str]


@dataclass(frozen=True)
class TaskSuite:
    """`tasks` are the library's own, by their names; `samples` the rows of each that are asked, None for all.

    `metric` and `filter` are as the library calls them.
    """

    shown: str
    tasks: Mapping[str, Any]
    samples: Mapping[str, list[int]] | None
    metric: str
    filter: str

    @property
    def metric_name(self) -> str:
        """As the library writes it, but without a filter that does nothing."""
        return self.metric if self.filter == "none" else f"{self.metric},{self.filter}"

    @property
    def requests(self) -> int:
        """How many questions the model is asked, once they are built."""
        return sum(each.repeats or 1 for task in self.tasks.values() for each in task.instances)

    @property
    def words(self) -> str:
        """What is asked, in words."""
        rows = sum(len({each.doc_id for each in task.instances}) for task in self.tasks.values())
        of = f" of {sum(len(task.eval_docs) for task in self.tasks.values()):,}" if self.samples else ""
        shots = sorted({int(task.get_config("num_fewshot") or 0) for task in self.tasks.values()})
        tasks = f"{count(len(self.tasks), 'task')}, " if len(self.tasks) > 1 else ""
        examples = count(shots[0], "example") if len(shots) == 1 else f"{shots[0]} to {shots[-1]} examples"
        return f"{tasks}{rows:,}{of} rows, {examples}, by {self.metric_name}"


def open_suite(named: SuiteName, recipe: Recipe, workspace: Path) -> TaskSuite:
    """The tasks that a suite names, with their data. Raises InputError where they cannot be asked as a suite.

    What else the library or its datasets raise is theirs; the data of a task may come from the hub.
    """
    shown = f"{HARNESS}:{one_line(named.task, 60)}"
    manager = _manager(named.task, recipe, workspace)
    entry = manager.task_index.get(named.task)
    if entry is None:
        raise InputError(f"{shown}: lm-evaluation-harness has no such task")
    code = recipe.harness.run_code
    if (entry.cfg or {}).get("unsafe_code") and not code:
        raise InputError(_unsafe(shown))
    _set_seeds()
    tasks = manager.load([named.task])["tasks"]
    if not tasks:
        raise InputError(f"{shown}: is a group without a task")
    for task in tasks.values():
        if getattr(task, "UNSAFE_CODE", False) and not code:
            raise InputError(_unsafe(shown))
        if getattr(task, "MULTIMODAL", False):
            raise InputError(f"{shown}: asks about images or sounds, which a model of texts cannot answer")
        _require_whole(shown, task)
        _set_examples(task, recipe.harness.few_shot)
    metric, chosen = _metric(shown, named.metric, list(tasks.values()))
    for task in tasks.values():
        _leave_out_totals(task)
    limit = recipe.harness.limit
    samples = None if limit is None else {name: _drawn(task, limit, recipe.data.seed) for name, task in tasks.items()}
    return TaskSuite(shown, tasks, samples, metric, chosen)


def _unsafe(shown: str) -> str:
    return (
        f"{shown}: runs code that the model writes, which can do anything on this machine; harness.run_code = true "
        "allows it"
    )


def _manager(name: str, recipe: Recipe, workspace: Path) -> Any:
    """The library's index of tasks, no larger than it has to be: reading all of its own takes ten seconds."""
    from lm_eval.tasks import TaskManager

    own = str(workspace / recipe.harness.tasks) if recipe.harness.tasks else None
    if own:
        manager = TaskManager(include_path=own, include_defaults=False)
        entry = manager.task_index.get(name)
        if entry is not None and entry.kind.name in ("TASK", "PY_TASK"):
            return manager
        if entry is not None:
            return TaskManager(include_path=own)
        _require_readable(Path(own), name)
    library = library_folder()
    file = task_file(library, name) if library else None
    if file is not None:
        return TaskManager(include_path=str(file.parent), include_defaults=False)
    return TaskManager(include_path=own)


def _require_readable(folder: Path, name: str) -> None:
    """Raises InputError where the file of a task cannot be read: the library passes over it without a word."""
    from lm_eval.tasks._yaml_loader import load_yaml

    file = task_file(folder, name)
    try:
        if file is not None:
            load_yaml(file, resolve_func=False)
    except Exception as error:
        shown = one_line(f"{HARNESS}:{name}: {file.name if file else ''}", 120)
        raise InputError(f"{shown} cannot be read: {one_line(str(error), 160)}") from error


def _set_examples(task: Any, few_shot: int | None) -> None:
    """Sets the number of examples as the library's own command does: what a task says is 0 stays 0."""
    own = task.get_config("num_fewshot")
    if own is None or (own != 0 and few_shot is not None):
        task.set_config(key="num_fewshot", value=few_shot or 0)


def _drawn(task: Any, limit: int, seed: int) -> list[int]:
    """The places of the rows that are asked, in their order: files are often sorted."""
    size = len(task.eval_docs)
    return sorted(random.Random(seed).sample(range(size), min(limit, size)))


# -------------------------------------------------------------------------------------------------
# The metric: one that each row has by itself, or there would be nothing to pair


def _metric(shown: str, named: str | None, tasks: Sequence[Any]) -> tuple[str, str]:
    """The metric and the filter. Raises InputError where no metric, or not the one that is named, is of rows."""
    if named is None:
        for metric in tasks[0].aggregation():
            if all(_why_not(task, metric) is None for task in tasks):
                return metric, _filter(shown, tasks, None)
        raise InputError(f"{shown}: no metric of it is a score of each row; it has {_metrics(tasks)}")
    metric, _, chosen = named.partition(",")
    for task in tasks:
        why = _why_not(task, metric)
        if why is not None:
            raise InputError(f"{shown}: {one_line(metric, 40)} {why}; it has {_metrics(tasks)}")
    return metric, _filter(shown, tasks, chosen or None)


def _require_whole(shown: str, task: Any) -> None:
    """Raises InputError for what the library would fail on once all was asked."""
    for metric in task.aggregation():
        if task.OUTPUT_TYPE == "generate_until" and _is_nowhere(task, metric):
            raise InputError(f"{shown}: {one_line(str(metric), 40)} {_NOWHERE}")


def _leave_out_totals(task: Any) -> None:
    """Has the library work out no figures over all rows: they are not used, and what fails in one fails in all."""
    if hasattr(task, "_aggregation_list"):
        task._aggregation_list = dict.fromkeys(task._aggregation_list, len)


def _is_nowhere(task: Any, metric: str) -> bool:
    """Whether the library has no function for a metric that it works out itself."""
    functions = getattr(task, "_metric_fn_list", {})
    return functions.get(metric, metric) is None and not callable(task.get_config("process_results"))


def _metrics(tasks: Sequence[Any]) -> str:
    return one_line(", ".join(dict.fromkeys(str(name) for task in tasks for name in task.aggregation())), 120)


def _why_not(task: Any, metric: str) -> str | None:
    """Why a metric of a task cannot be that of a suite, in words that follow it; None where it can."""
    aggregation = task.aggregation()
    if metric not in aggregation:
        return "is no metric of it"
    if _is_nowhere(task, metric):
        return _NOWHERE
    if getattr(aggregation[metric], "__name__", "") not in _ROW_BY_ROW:
        return "is worked out over all rows together"
    if not task.higher_is_better().get(metric):
        return "is lower where it is better"
    return None


def _filter(shown: str, tasks: Sequence[Any], named: str | None) -> str:
    known = [[str(each.name) for each in getattr(task, "_filters", ())] or ["none"] for task in tasks]
    chosen = named or known[0][0]
    if not all(chosen in names for names in known):
        there = ", ".join(dict.fromkeys(name for names in known for name in names))
        raise InputError(f"{shown}: has no filter {one_line(chosen, 40)}; it has {one_line(there, 120)}")
    return chosen


# -------------------------------------------------------------------------------------------------
# What the model is asked


def draw_anew(suite: TaskSuite) -> None:
    """Has examples, and answers that are drawn, be drawn from the beginning, by the seeds of the library's command."""
    _set_seeds()
    for task in suite.tasks.values():
        task.set_fewshot_seed(seed=_SEED)


def _set_seeds() -> None:
    """Sets the seeds by which a task may shuffle its rows and choices, or a model draw."""
    import numpy as np
    import torch

    random.seed(0)
    np.random.seed(_SEED)
    torch.manual_seed(_SEED)


def build(suite: TaskSuite, chat: Chat | None) -> None:
    """Writes out what the model will be asked."""
    draw_anew(suite)
    for name, task in suite.tasks.items():
        task.build_all_requests(
            samples=suite.samples[name] if suite.samples else None,
            apply_chat_template=chat is not None,
            fewshot_as_multiturn=True,
            chat_template=chat,
        )


def depends_on(suite: TaskSuite, version: str, end: str | None) -> str:
    """A hash of all that the answers and their scores depend on besides the model: 16 hex digits.

    `version` is the library's; `end` the token at which the model stops.
    """
    digest = hashlib.sha256(json.dumps([version, end, suite.metric_name]).encode())
    for part in _parts(suite):
        digest.update(json.dumps(part, sort_keys=True, default=str).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]


def _parts(suite: TaskSuite) -> Iterator[Any]:
    for name, task in suite.tasks.items():
        config = {**task.dump_config()}
        config["metadata"] = {**(config.get("metadata") or {}), "config_source": None}  # where it is installed
        yield name, config
        for each in task.instances:
            yield each.doc_id, each.request_type, each.args, each.doc
