"""Where things are that belong to no workspace: the user's own folders and what the package carries."""

from __future__ import annotations

import os
from pathlib import Path

_ASSETS = Path(__file__).parent / "_assets"
DEMO = Path(__file__).parent / "demo"
POCKET_ID = "pocket"
POCKET = DEMO / "pocket"


def _xdg(variable: str, fallback: str) -> Path:
    value = os.environ.get(variable, "")
    base = Path(value) if os.path.isabs(value) else Path.home() / fallback
    return base / "ftworkbench"


def config_dir() -> Path:
    """The user's settings, keymap and themes."""
    return _xdg("XDG_CONFIG_HOME", ".config")


def state_dir() -> Path:
    """What has to outlive a session but not a machine: the queue of each device, measures of cards."""
    return _xdg("XDG_STATE_HOME", ".local/state")


def cache_dir() -> Path:
    """What can be had again: rows of datasets of the hub."""
    return _xdg("XDG_CACHE_HOME", ".cache")


def themes() -> list[Path]:
    """The packaged themes, then the user's own, each a TOML file."""
    return sorted((_ASSETS / "themes").glob("*.toml")) + sorted((config_dir() / "themes").glob("*.toml"))


def sample_configs() -> list[Path]:
    """The sample recipes that come with the package."""
    return sorted((_ASSETS / "sample_configs").glob("*.toml"))


def model_folder(model_id: str, workspace: Path) -> Path | None:
    """The folder that a recipe's model id names: the embedded model, or a folder; None for a hub id."""
    if model_id == POCKET_ID:
        return POCKET
    for folder in (Path(os.path.expanduser(model_id)), workspace / model_id):
        try:
            if folder.is_dir():
                return folder.resolve()
        except (OSError, ValueError):
            continue  # the name of no file at all: too long, or with a NUL in it
    return None
