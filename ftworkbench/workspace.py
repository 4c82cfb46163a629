"""The folder that a user works in: what is where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ftworkbench.errors import InputError


@dataclass(frozen=True)
class Workspace:
    """A folder with recipes in it, and the places in it that the workbench writes to."""

    root: Path

    @property
    def name(self) -> str:
        return self.root.resolve().name

    @property
    def ledger(self) -> Path:
        return self.root / "ledger.jsonl"

    @property
    def votes(self) -> Path:
        """What was preferred in blind comparisons."""
        return self.root / "votes.jsonl"

    @property
    def preferences(self) -> Path:
        """Those votes as rows of a preference dataset."""
        return self.root / "preferences.jsonl"

    @property
    def judgements(self) -> Path:
        """What judges have answered, so that none is asked the same again."""
        return self.root / "judgements.jsonl"

    @property
    def attributes(self) -> Path:
        """What git is told of the files here."""
        return self.root / ".gitattributes"

    @property
    def splits(self) -> Path:
        return self.root / "splits"

    @property
    def jobs(self) -> Path:
        return self.root / "jobs"

    def recipes(self) -> list[Path]:
        """The recipes of the workspace, by name."""
        return sorted(path for path in self.root.glob("*.toml") if path.is_file() and not path.name.startswith("."))

    def recipe(self) -> Path:
        """The only recipe of the workspace. Raises InputError where there is none, or more than one."""
        found = self.recipes()
        if not found:
            raise InputError(f"{self.root}: no recipe (*.toml) here; `ftworkbench init` makes one")
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise InputError(f"{self.root}: more than one recipe ({names}); name the one you mean")
        return found[0]


def workspace_of(recipe: Path) -> Workspace:
    """The workspace of a recipe is its folder."""
    return Workspace(recipe.parent)


def workspace_at(path: Path) -> Workspace:
    """The workspace that `path` names: a folder, or a recipe in it. Raises InputError where there is none."""
    if path.is_dir():
        return Workspace(path)
    if not path.exists():
        raise InputError(f"{path}: no such workspace")
    if path.suffix != ".toml":
        raise InputError(f"{path}: neither a workspace nor a recipe")
    return workspace_of(path)


def names_recipe(path: Path) -> bool:
    """Whether the path is a recipe, or a folder of recipes rather than of rows."""
    return path.suffix == ".toml" or (path.is_dir() and bool(Workspace(path).recipes()))


def find_recipe(path: Path) -> Path:
    """The recipe that `path` names: itself, or the only one in it. Raises InputError where there is none."""
    if path.is_dir():
        return Workspace(path).recipe()
    if not path.exists():
        raise InputError(f"{path}: no such recipe or workspace")
    return path
