"""Finding jobs by words, among entries as `ftworkbench jobs --json` has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftworkbench.jobs.names import short_name

STARRED = "star"  # in a search: only the jobs with a star
_SEARCHED = ("job", "kind", "phase", "recipe", "verdict", "changes", "note")


def matches(entry: Mapping[str, Any], text: str) -> bool:
    """Whether a job's entry holds every word of `text`, in its name, recipe, verdict, changes or note.

    The word `star` is for jobs that have one.
    """
    there = " ".join(str(entry.get(name) or "") for name in _SEARCHED).casefold()
    there = f"{there} {short_name(str(entry['job'])).casefold()}"
    words = text.casefold().split()
    return all(entry.get("star") if word == STARRED else word in there for word in words)
