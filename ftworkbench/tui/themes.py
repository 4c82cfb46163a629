"""Themes: TOML files, the packaged ones and the user's own, each a set of colours for the screens and the charts."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from ftworkbench import paths
from ftworkbench.errors import InputError

if TYPE_CHECKING:
    from textual.theme import Theme

DEFAULT_THEME = "ink"

_COLOURS = ("primary", "secondary", "accent", "success", "warning", "error", "foreground", "background", "surface",
            "panel", "boost")  # fmt: skip

# What a theme may leave out. The charts read `chart-…`; two curves that are drawn together differ in brightness too.
VARIABLES = {
    "chart-1": "#6cb6ff",
    "chart-2": "#f0a35e",
    "chart-3": "#7fc98f",
    "chart-4": "#c69af0",
    "chart-faint": "#4a5663",
    "chart-axis": "#8b98a5",
    "line": "#3a4450",
    "line-focus": "#6cb6ff",
    "row-cursor": "#24405c",
    "row-cursor-blurred": "#232b34",
    "row-range": "#3b3356",
    "token-special": "#c69af0",
}


def read_theme(path: Path) -> Theme:
    """The theme in the TOML file at `path`. Raises InputError, saying what is wrong in which file."""
    from textual.color import Color, ColorParseError
    from textual.theme import Theme

    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path}: {error}") from error
    colours, variables = entries.get("colors", {}), entries.get("variables", {})
    unknown = [*(key for key in colours if key not in _COLOURS)]
    if unknown:
        raise InputError(f"{path}: [colors] has no {unknown[0]}; it may have {', '.join(_COLOURS)}")
    if "primary" not in colours:
        raise InputError(f"{path}: [colors] needs at least primary")
    for key, value in {**colours, **variables}.items():
        try:
            Color.parse(value)
        except (ColorParseError, TypeError, AttributeError) as error:
            raise InputError(f"{path}: {key} = {value!r} is not a colour") from error
    dark = bool(entries.get("dark", True))
    ink = Color.parse(colours.get("foreground", "#e0e0e0" if dark else "#202020"))
    ground = Color.parse(colours.get("background", "#121212" if dark else "#f4f4f4"))
    faint = {"text-muted": ground.blend(ink, 0.65).hex, "text-disabled": ground.blend(ink, 0.4).hex}
    name = str(entries.get("name", path.stem))
    return Theme(name=name, dark=dark, variables={**VARIABLES, **faint, **variables}, **colours)


def read_themes() -> tuple[list[Theme], list[str]]:
    """Every theme that can be read, and one line for each that cannot. A user's theme replaces one of its name."""
    themes: dict[str, Theme] = {}
    problems = []
    for path in paths.themes():
        try:
            theme = read_theme(path)
        except InputError as error:
            problems.append(str(error))
        else:
            themes[theme.name] = theme
    return list(themes.values()), problems


def remembered_theme() -> str:
    """The theme that the user chose last, or the default."""
    try:
        return (paths.state_dir() / "theme").read_text(encoding="utf-8").strip() or DEFAULT_THEME
    except (OSError, UnicodeDecodeError):
        return DEFAULT_THEME


def remember_theme(name: str) -> None:
    """Keeps the choice for the next time. Raises OSError where it cannot be written."""
    folder = paths.state_dir()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "theme").write_text(f"{name}\n", encoding="utf-8")
