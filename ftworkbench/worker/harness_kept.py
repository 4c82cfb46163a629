"""What is kept of a suite's answers: `outputs/regression.NAME.WHEN.jsonl`, and beside them what they depend on."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ftworkbench.evaluate.outputs import Output, write_outputs
from ftworkbench.files import read_json, write_json

BEFORE, AFTER = "before", "after"


def answers_file(name: str, when: str) -> str:
    """The name of the file with a suite's answers."""
    return f"regression.{name}.{when}.jsonl"


def about_file(name: str) -> str:
    """The name of the file that says what a suite's answers depend on, its metric, and which rows hang together."""
    return f"regression.{name}.json"


@dataclass(frozen=True)
class Kept:
    """The answers of one suite in an evaluation's folder of outputs. `task` and `metric` are the library's names.

    `version` is the library's own.
    """

    folder: Path
    name: str
    task: str
    metric: str
    version: str

    def has(self, when: str, depends: str) -> bool:
        """Whether there are answers that depend on just this."""
        about = read_json(self.folder / about_file(self.name))
        same = isinstance(about, dict) and about.get("depends", {}).get(when) == depends
        return same and (self.folder / answers_file(self.name, when)).is_file()

    def keep(self, when: str, depends: str, outputs: Sequence[Output], groups: Sequence[int]) -> None:
        """Writes the answers, then what they depend on: what was cut short is asked again."""
        write_outputs(self.folder / answers_file(self.name, when), outputs)
        self._note(when, depends, groups)

    def take_over(self, other: Path, when: str, depends: str) -> None:
        """Copies the answers that another evaluation has."""
        self.folder.mkdir(exist_ok=True)
        shutil.copyfile(other / answers_file(self.name, when), self.folder / answers_file(self.name, when))
        self._note(when, depends, read_json(other / about_file(self.name))["groups"])

    def _note(self, when: str, depends: str, groups: Sequence[int]) -> None:
        path = self.folder / about_file(self.name)
        about = read_json(path)
        known = about["depends"] if isinstance(about, dict) else {}
        facts = {"task": self.task, "metric": self.metric, "version": self.version, "depends": {**known, when: depends}}
        write_json(path, {**facts, "groups": list(groups)})
