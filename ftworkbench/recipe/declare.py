"""How a table declares an option: a dataclass field that carries its help, unit and bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field
from typing import Any, TypeAlias

Value: TypeAlias = Any
"""What TOML can hold: str, int, float, bool, a list or a table of those. None, in a field, means left out."""


@dataclass(frozen=True)
class Facts:
    """What an option says about itself, besides its name, type and default."""

    help: str
    why: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    open_ends: str = ""
    choices: tuple[str, ...] = ()
    common: bool = False
    check: Callable[[str], str | None] | None = None
    of: type | None = None


def option(
    default: Any = MISSING,
    *,
    help: str,  # noqa: A002
    why: str = "",
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    open_ends: str = "",
    choices: tuple[str, ...] = (),
    common: bool = False,
    check: Callable[[str], str | None] | None = None,
    of: type | None = None,
) -> Any:
    """A field of a table. `open_ends` is "low", "high" or "both": which bounds are not allowed themselves.

    `check` says what is wrong with a text; with it there may be more than the choices. `of` is the dataclass of the
    inline tables that an option lists; its problem() says what is wrong within one.
    """
    facts = Facts(help, why, unit, low, high, open_ends, choices, common, check, of)
    return field(default=default, metadata={"facts": facts})


Extra: TypeAlias = Mapping[str, Value]
"""Those of a library's own options that a table does not type, as they were given."""
