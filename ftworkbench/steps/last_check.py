"""What the last check of files found, kept for the next time that somebody looks at them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ftworkbench import __version__
from ftworkbench.data.checks.check import FileReport, Report
from ftworkbench.data.problems import Advice, Problem
from ftworkbench.files import read_json, replace_file
from ftworkbench.paths import cache_dir
from ftworkbench.recipe.tables import Recipe

_FEW = 200_000  # of more problems than these nobody reads the list, and the file would be large


@dataclass(frozen=True)
class Checked:
    """A report, and when its check began, in seconds since 1970."""

    report: Report
    began: float


def keep_check(checked: Checked, recipe: Recipe | None) -> None:
    """Keeps a check in the user's cache, in place of the one before of the same files; where it can.

    `recipe` is the one whose [data] and [check] it was made by.
    """
    reports = checked.report.files
    if sum(len(file.problems) for file in reports) > _FEW:
        return
    paths = [file.path for file in reports]
    files = [_as_json(file) for file in reports]
    place = _place(paths)
    try:
        stamps = [*_stamps(paths), _rules(recipe)]
        body = {"version": __version__, "began": checked.began, "stamps": stamps, "files": files}
        place.parent.mkdir(parents=True, exist_ok=True)
        replace_file(place, json.dumps(body).encode("ascii"))
    except OSError:
        return


def last_check(paths: Sequence[Path], recipe: Recipe | None) -> Checked | None:
    """The last check of these files together; None where there is none, or they or what it was made by are others."""
    paths = list(dict.fromkeys(paths))
    try:
        body = read_json(_place(paths))
        if (body["version"], body["stamps"]) != (__version__, [*_stamps(paths), _rules(recipe)]):
            return None
        files = tuple(_read(path, told) for path, told in zip(paths, body["files"], strict=True))
        return Checked(Report(files), float(body["began"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _place(paths: Sequence[Path]) -> Path:
    names = b"\0".join(os.fsencode(path.resolve()) for path in paths)
    return cache_dir() / "checks" / f"{hashlib.sha256(names).hexdigest()[:24]}.json"


def _rules(recipe: Recipe | None) -> str:
    """What a check goes by: how the rows are read, and the thresholds."""
    tables = None if recipe is None else (asdict(recipe.data), asdict(recipe.check))
    return hashlib.sha256(json.dumps(tables, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _stamps(paths: Sequence[Path]) -> list[list[int]]:
    """What shows that a file, or one in a folder of them, was written since."""
    files = [file for path in paths for file in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    return [[status.st_size, status.st_mtime_ns] for status in (file.stat() for file in files if file.is_file())]


def _as_json(file: FileReport) -> dict[str, Any]:
    """All of it but its path, which is known, and what was reviewed, which changes."""
    told = asdict(replace(file, coverage=None))
    return {name: value for name, value in told.items() if name not in ("path", "coverage")}


def _read(path: Path, told: dict[str, Any]) -> FileReport:
    problems = tuple(Problem(**problem) for problem in told["problems"])
    advice = tuple(Advice(**advice) for advice in told["advice"])
    return FileReport(path=path, **{**told, "problems": problems, "advice": advice})
