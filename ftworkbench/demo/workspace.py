"""The demo's workspace: the triage data, its recipe, its regression suite, and a ledger with its decisions."""

from __future__ import annotations

import json
import shutil
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
RECIPE = "triage.toml"
DATA_FILES = ("train.jsonl", "test.jsonl", "general.jsonl")


def make_demo(folder: Path) -> Workspace:
    """Lays the demo's workspace into `folder`, or gives the one that is there.

    Raises InputError where something else is there.
    """
    workspace = Workspace(folder)
    if (folder / RECIPE).is_file() and (folder / DATA_FILES[0]).is_file():
        return workspace
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: is there already and is no demo workspace; name another folder with --dir")
    folder.mkdir(parents=True, exist_ok=True)
    for name in DATA_FILES:
        shutil.copyfile(TRIAGE / name, folder / name)
    write_decisions(workspace)
    merge_ledgers_by_union(workspace)
    # Last, because a folder with its recipe is a whole demo.
    shutil.copyfile(TRIAGE / RECIPE, folder / RECIPE)
    return workspace


def read_decisions() -> list[dict[str, Any]]:
    """The demo's decisions: file, row (1-based), do, why, and for edits the new answer or prompt."""
    found: list[dict[str, Any]] = json.loads((TRIAGE / "decisions.json").read_text(encoding="utf-8"))
    return found


def write_decisions(workspace: Workspace) -> None:
    """Writes the demo's decisions into the workspace's ledger, keyed by the content of the rows."""
    ledger = Ledger.open(workspace.ledger)
    sources: dict[str, Source] = {}
    try:
        for decision in read_decisions():
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
