"""Figures as a person reads them: durations, shares, sizes, intervals. Plain text, made here, safe to show."""

from __future__ import annotations

import math
from collections.abc import Sequence

UNKNOWN = "–"


def duration(seconds: float | None) -> str:
    """`48s`, `3m 05s`, `2h 10m`."""
    if seconds is None:
        return UNKNOWN
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02d}m"


def percent(share: float | None) -> str:
    """A share from 0 to 1 as `91.1%`."""
    return UNKNOWN if share is None else f"{100 * share:.1f}%"


def points(share: float | None) -> str:
    """A difference of shares as `+38.3`, in points."""
    return UNKNOWN if share is None else f"{100 * share:+.1f}"


def interval(pair: Sequence[float] | None, *, signed: bool = False) -> str:
    """Two shares as `[30.1, 46.0]`; nothing where there is none."""
    if not pair:
        return ""
    low, high = (points(each) if signed else f"{100 * each:.1f}" for each in pair)
    return f"[{low}, {high}]"


def p_value(value: float | None) -> str:
    """`p = 0.012`, `p = 3e-16`."""
    if value is None:
        return ""
    return f"p = {value:.2g}" if value >= 1e-300 else "p < 1e-300"


def measure(value: float | None) -> str:
    """A number in at most eight characters, three digits that count: `0.812`, `2,104`, `1.3e-05`."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    size = abs(value)
    if size == 0:
        return "0"
    if size < 0.001 or size >= 1e7:
        return f"{value:.2g}"
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(size)))}f}"


def size(count: float | None) -> str:
    """Bytes as `14.7 MB`."""
    if count is None:
        return UNKNOWN
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def count(number: int, one: str, many: str = "") -> str:
    """`1 row`, `1,204 rows`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
