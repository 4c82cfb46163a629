"""The names of jobs. A folder is YYYY-MM-DD-RECIPE[-KIND]-XXXX; people are shown RECIPE-XXXX.

XXXX is given once in a workspace, so that the short name names one job.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Set

_MAX_NAME = 60
_NAME = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2}-)?(?P<recipe>.+?)(?P<kind>-(?:evaluate|merge|session|fit))?-(?P<end>[0-9a-f]+)"
)


def short_name(name: str) -> str:
    """A job's name as people are shown it, without date and kind: `triage-3f2a`."""
    match = _NAME.fullmatch(name)
    return f"{match['recipe']}-{match['end']}" if match else name


def dateless_name(name: str) -> str:
    """A job's name without its date: `triage-evaluate-3f2a`."""
    match = _NAME.fullmatch(name)
    return name.removeprefix(match["date"] or "") if match else name


def new_name(kind: str, recipe: str, now: float, taken: Set[str]) -> str:
    """A folder's name for a new job; `now` is in seconds since the epoch, `taken` the names that there are."""
    date = time.strftime("%Y-%m-%d", time.localtime(now))
    what = _plain(recipe) if kind == "train" else f"{_plain(recipe)}-{_plain(kind)}"
    ends = {name.rpartition("-")[2] for name in taken}
    drawn = (os.urandom(2 if attempt < 100 else 4).hex() for attempt in range(1000))
    return f"{date}-{what}-{next(end for end in drawn if end not in ends)}"


def _plain(text: str) -> str:
    """`text` as a part of a file name: letters, digits, dots and dashes, nothing that leaves a folder."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip(".-_")[:_MAX_NAME] or "job"
