"""Jobs that have ended since they were last heard of: what the user is called back for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ftworkbench.jobs.names import short_name
from ftworkbench.tui.watch import LIVE_PHASES


class Endings:
    """Remembers which jobs were alive; `of` gives those that are not any more."""

    def __init__(self) -> None:
        self._alive: set[str] = set()

    def of(self, jobs: Sequence[Mapping[str, Any]]) -> list[str]:
        """Each job that has ended since the last call as `triage-3f2a done`; never a session."""
        ended = [
            f"{short_name(entry['job'])} {entry['phase']}"
            for entry in jobs
            if entry["job"] in self._alive and entry["phase"] not in LIVE_PHASES
        ]
        self._alive = {entry["job"] for entry in jobs if entry["phase"] in LIVE_PHASES and entry["kind"] != "session"}
        return ended
