"""The demo's workspaces: a task's data, its recipe, a regression suite, and a ledger with its decisions."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftworkbench.data.example import Example, Message
from ftworkbench.data.review.git import merge_ledgers_by_union
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.sources.source import Source, open_source
from ftworkbench.errors import InputError
from ftworkbench.paths import DEMO
from ftworkbench.workspace import Workspace

TRIAGE = DEMO / "triage"
SUITE = TRIAGE / "general.jsonl"


@dataclass(frozen=True)
class DemoTask:
    """Something to tune for, in a workspace of its own. `recipe` and `data` are files of the package."""

    name: str
    title: str
    recipe: Path
    data: tuple[Path, ...]
    decisions: Path | None = None


_TICKETS = (TRIAGE / "train.jsonl", TRIAGE / "test.jsonl", SUITE)
_DECISIONS = TRIAGE / "decisions.json"
TASKS = {
    task.name: task
    for task in (
        DemoTask(
            "triage",
            "support tickets, which tuning routes better than any prompt",
            TRIAGE / "triage.toml",
            _TICKETS,
            _DECISIONS,
        ),
        DemoTask(
            "orders",
            "order numbers, which a good prompt finds",
            DEMO / "orders" / "orders.toml",
            (DEMO / "orders" / "train.jsonl", DEMO / "orders" / "test.jsonl", SUITE),
        ),
        DemoTask(
            "forgetting",
            "the tickets again, at a rate at which the model forgets what else it could",
            DEMO / "forgetting" / "forgetting.toml",
            _TICKETS,
            _DECISIONS,
        ),
    )
}


def make_demo(folder: Path, task: str = "triage") -> Workspace:
    """Lays a task's workspace into `folder`, or gives the one that is there.

    Raises InputError where something else is there.
    """
    workspace, wanted = Workspace(folder), TASKS[task]
    recipe = folder / wanted.recipe.name
    if recipe.is_file() and (folder / wanted.data[0].name).is_file():
        return workspace
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: is there already and is no demo of {task}; name another folder with --dir")
    folder.mkdir(parents=True, exist_ok=True)
    for path in wanted.data:
        shutil.copyfile(path, folder / path.name)
    write_decisions(workspace, wanted)
    merge_ledgers_by_union(workspace)
    # Last, because a folder with its recipe is a whole demo.
    shutil.copyfile(wanted.recipe, recipe)
    return workspace


def read_decisions(task: DemoTask) -> list[dict[str, Any]]:
    """The task's decisions: file, row (1-based), do, why, and for edits the new answer or prompt."""
    if task.decisions is None:
        return []
    found: list[dict[str, Any]] = json.loads(task.decisions.read_text(encoding="utf-8"))
    return found


def write_decisions(workspace: Workspace, task: DemoTask) -> None:
    """Writes the task's decisions into the workspace's ledger, keyed by the content of the rows."""
    ledger = Ledger.open(workspace.ledger)
    sources: dict[str, Source] = {}
    try:
        for decision in read_decisions(task):
            name = decision["file"]
            if name not in sources:
                sources[name] = open_source(workspace.root / name)
                while not sources[name].index_some(1.0):
                    pass
            row = sources[name].row(decision["row"] - 1)
            messages = _edited(row.example, decision) if decision["do"] == "edit" and row.example else None
            ledger.decide(row.key, decision["do"], messages=messages, why=decision["why"])
    finally:
        for source in sources.values():
            source.close()


def _edited(example: Example, decision: dict[str, Any]) -> tuple[Message, ...]:
    messages = [dict(message) for message in example.messages]
    if "prompt" in decision:
        messages[0]["content"] = decision["prompt"]
    if "answer" in decision:
        messages[-1]["content"] = decision["answer"]
    return tuple(messages)
